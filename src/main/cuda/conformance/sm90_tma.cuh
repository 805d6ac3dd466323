// TMA: boxes of tensors, and runs of bytes.
#pragma once

#include "../ptx/bulk_copy.cuh"
#include "../ptx/cluster.cuh"
#include "../ptx/mbarrier.cuh"
#include "../ptx/tma.cuh"
#include "primitive.cuh"

namespace ottava {

// Calls body with the coordinates of a box, as many as the tensor has dimensions.
template <class Body>
__device__ __forceinline__ void with_coordinates(int dimensions, const uint32_t* coordinates, Body body) {
    const int* c = reinterpret_cast<const int*>(coordinates);
    if (dimensions == 1) return body(c[0]);
    if (dimensions == 2) return body(c[0], c[1]);
    if (dimensions == 3) return body(c[0], c[1], c[2]);
    if (dimensions == 4) return body(c[0], c[1], c[2], c[3]);
    body(c[0], c[1], c[2], c[3], c[4]);
}

// A kernel with a tensor map, which the launch encodes. parameters: boxes; bytes of a box; where the tensor begins, in bytes, in `in`, or,
// of a store, in `out`; its dimensions. in: the coordinates of each box, padded with zeros to a multiple of 64 words; then what each says.
struct TensorPrimitive : Primitive {
    static constexpr int architecture = 90;
    static constexpr int shared_bytes = 32768;

    ptx::TensorMap map;
};

// in: the tensor. out: each box as it lies in shared memory.
struct sm90_tma_load : TensorPrimitive {
    static constexpr bool stores = false;

    __device__ __forceinline__ void operator()() const {
        OTTAVA_DYNAMIC_SHARED(bytes);
        OTTAVA_SHARED(uint64_t, full, 1);
        int words = parameters[1] / 4, dimensions = parameters[3], lane = static_cast<int>(threadIdx.x);
        if (lane == 0) {
            ptx::tma_prefetch_map(&map);
            ptx::mbarrier_init(full, 1);
        }
        ptx::fence_mbarrier_init();
        __syncthreads();
        for (int box = 0; box < parameters[0]; box++) {
            if (lane == 0) {
                ptx::mbarrier_arrive_expect(full, parameters[1]);
                with_coordinates(dimensions, in + dimensions * box, [&](auto... c) {
                    ptx::tma_prefetch(&map, c...);
                    ptx::tma_load(bytes, &map, full, c...);
                });
            }
            ptx::mbarrier_wait(full, box % 2);
            for (int i = lane; i < words; i += threads) out[words * box + i] = reinterpret_cast<const uint32_t*>(bytes)[i];
            __syncthreads();
        }
    }
};

// in: each box as it lies in shared memory. out: the tensor. If it ADDS, each box is added once more after it has been written.
template <bool ADDS>
struct sm90_tma_box_store : TensorPrimitive {
    static constexpr bool stores = true;

    __device__ __forceinline__ void operator()() const {
        OTTAVA_DYNAMIC_SHARED(bytes);
        int words = parameters[1] / 4, dimensions = parameters[3], lane = static_cast<int>(threadIdx.x);
        const uint32_t* boxes = in + (parameters[0] * dimensions + 63) / 64 * 64;
        for (int box = 0; box < parameters[0]; box++) {
            for (int i = lane; i < words; i += threads) reinterpret_cast<uint32_t*>(bytes)[i] = boxes[words * box + i];
            ptx::fence_proxy_async();
            __syncthreads();
            if (lane == 0) {
                with_coordinates(dimensions, in + dimensions * box, [&](auto... c) {
                    ptx::tma_store(&map, bytes, c...);
                    if constexpr (ADDS) {
                        ptx::bulk_commit();
                        ptx::bulk_wait<0>();
                        ptx::tma_reduce_add(&map, bytes, c...);
                    }
                });
                ptx::bulk_commit();
                ptx::bulk_wait_read<0>();
            }
            __syncthreads();
        }
        if (lane == 0) ptx::bulk_wait<0>();
    }
};

// Two blocks: each loads a box for both, and then one for itself alone; 2 dimensions, 4 boxes. in: the tensor. out: three boxes of the
// first block, three of the second.
struct sm90_tma_multicast : TensorPrimitive {
    static constexpr bool stores = false;
    static constexpr int cluster = 2;

    __device__ __forceinline__ void operator()() const {
        OTTAVA_DYNAMIC_SHARED(bytes);
        OTTAVA_SHARED(uint64_t, full, 1);
        int words = parameters[1] / 4, lane = static_cast<int>(threadIdx.x), rank = ptx::cluster_rank();
        if (lane == 0) {
            ptx::mbarrier_init(full, 1);
            ptx::mbarrier_arrive_expect(full, 3 * parameters[1]);
        }
        ptx::fence_mbarrier_init();
        ptx::cluster_arrive();
        ptx::cluster_wait();
        const int* c = reinterpret_cast<const int*>(in);
        if (lane == 0) {
            ptx::tma_load_multicast(bytes + rank * parameters[1], &map, full, 3, c[2 * rank], c[2 * rank + 1]);
            ptx::tma_load_multicast(bytes + 2 * parameters[1], &map, full, static_cast<uint16_t>(1 << rank), c[4 + 2 * rank],
                                    c[5 + 2 * rank]);
        }
        ptx::mbarrier_wait(full, 0);
        for (int i = lane; i < 3 * words; i += threads) out[3 * words * rank + i] = reinterpret_cast<const uint32_t*>(bytes)[i];
        ptx::cluster_arrive();
        ptx::cluster_wait();
    }
};

// in: 256 floats. out: the same, as a thread reads them from shared memory; then the same twice, stored and added.
struct sm90_bulk_copies : Primitive {
    static constexpr int architecture = 90;
    static constexpr int shared_bytes = 1024;

    __device__ __forceinline__ void operator()() const {
        OTTAVA_DYNAMIC_SHARED(bytes);
        OTTAVA_SHARED(uint64_t, full, 1);
        int lane = static_cast<int>(threadIdx.x);
        if (lane == 0) ptx::mbarrier_init(full, 1);
        ptx::fence_mbarrier_init();
        __syncthreads();
        if (lane == 0) {
            ptx::bulk_prefetch(in, shared_bytes);
            ptx::mbarrier_arrive_expect(full, shared_bytes);
            ptx::bulk_load(bytes, in, shared_bytes, full);
        }
        ptx::mbarrier_wait(full, 0);
        for (int i = lane; i < 256; i += threads) out[i] = reinterpret_cast<const uint32_t*>(bytes)[i];
        if (lane == 0) {
            ptx::bulk_store(out + 256, bytes, shared_bytes);
            ptx::bulk_commit();
            ptx::bulk_wait<0>();
            ptx::bulk_reduce_add(reinterpret_cast<float*>(out + 256), reinterpret_cast<const float*>(bytes), shared_bytes);
            ptx::bulk_commit();
            ptx::bulk_wait<0>();
        }
    }
};

}  // namespace ottava
