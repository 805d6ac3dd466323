// TMA loads and stores.
#pragma once

#include "../ptx/cluster.cuh"
#include "../ptx/mbarrier.cuh"
#include "../ptx/tma.cuh"
#include "primitive.cuh"

namespace ottava {

// A kernel with a tensor map: parameters[0] boxes of parameters[1] bytes. The tensor begins parameters[2] bytes into `in`, or, of a store,
// into `out`; the launch encodes the map.
struct TensorPrimitive : Primitive {
    static constexpr int architecture = 90;
    static constexpr int shared_bytes = 32768 + 1024;

    ptx::TensorMap map;
};

// in: DIMENSIONS coordinates a box; the tensor. out: each box as it lies in shared memory.
template <int DIMENSIONS>
struct sm90_tma_load : TensorPrimitive {
    static constexpr bool stores = false;

    __device__ __forceinline__ void operator()() const {
        OTTAVA_DYNAMIC_SHARED(bytes);
        OTTAVA_SHARED(uint64_t, full, 1);
        if (threadIdx.x == 0) ptx::mbarrier_init(full, 1);
        ptx::fence_mbarrier_init();
        __syncthreads();
        int words = parameters[1] / 4, lane = static_cast<int>(threadIdx.x);
        for (int box = 0; box < parameters[0]; box++) {
            const int* c = reinterpret_cast<const int*>(in) + DIMENSIONS * box;
            if (lane == 0) {
                ptx::mbarrier_arrive_expect(full, parameters[1]);
                if constexpr (DIMENSIONS == 1) ptx::tma_load_1d(bytes, &map, full, c[0]);
                if constexpr (DIMENSIONS == 2) ptx::tma_load_2d(bytes, &map, full, c[0], c[1]);
                if constexpr (DIMENSIONS == 3) ptx::tma_load_3d(bytes, &map, full, c[0], c[1], c[2]);
                if constexpr (DIMENSIONS == 4) ptx::tma_load_4d(bytes, &map, full, c[0], c[1], c[2], c[3]);
                if constexpr (DIMENSIONS == 5) ptx::tma_load_5d(bytes, &map, full, c[0], c[1], c[2], c[3], c[4]);
            }
            ptx::mbarrier_wait(full, box % 2);
            for (int i = lane; i < words; i += threads) out[words * box + i] = reinterpret_cast<const uint32_t*>(bytes)[i];
            __syncthreads();
        }
    }
};

// in: DIMENSIONS coordinates a box; then, from word 64 on, each box as it lies in shared memory. out: the tensor.
template <int DIMENSIONS>
struct sm90_tma_store : TensorPrimitive {
    static constexpr bool stores = true;

    __device__ __forceinline__ void operator()() const {
        OTTAVA_DYNAMIC_SHARED(bytes);
        int words = parameters[1] / 4, lane = static_cast<int>(threadIdx.x);
        for (int box = 0; box < parameters[0]; box++) {
            const int* c = reinterpret_cast<const int*>(in) + DIMENSIONS * box;
            for (int i = lane; i < words; i += threads) reinterpret_cast<uint32_t*>(bytes)[i] = in[64 + words * box + i];
            ptx::fence_proxy_async();
            __syncthreads();
            if (lane == 0) {
                if constexpr (DIMENSIONS == 1) ptx::tma_store_1d(&map, bytes, c[0]);
                if constexpr (DIMENSIONS == 2) ptx::tma_store_2d(&map, bytes, c[0], c[1]);
                ptx::tma_store_commit();
                ptx::tma_store_wait_read<0>();
            }
            __syncthreads();
        }
        if (lane == 0) ptx::tma_store_wait<0>();
    }
};

// Two blocks: the first loads a box for both, the second a box for both, and then each one for itself alone. in: 2 coordinates a box, of
// which there are 4; the tensor. out: three boxes of the first block, three of the second.
struct sm90_tma_multicast : TensorPrimitive {
    static constexpr bool stores = false;
    static constexpr int cluster = 2;

    __device__ __forceinline__ void operator()() const {
        OTTAVA_DYNAMIC_SHARED(bytes);
        OTTAVA_SHARED(uint64_t, full, 1);
        int words = parameters[1] / 4, lane = static_cast<int>(threadIdx.x), rank = ptx::cluster_rank();
        if (lane == 0) ptx::mbarrier_init(full, 1), ptx::mbarrier_arrive_expect(full, 3 * parameters[1]);
        ptx::fence_mbarrier_init();
        ptx::cluster_arrive();
        ptx::cluster_wait();
        const int* c = reinterpret_cast<const int*>(in);
        if (lane == 0) {
            ptx::tma_load_2d_multicast(bytes + rank * parameters[1], &map, full, 3, c[2 * rank], c[2 * rank + 1]);
            ptx::tma_load_2d_multicast(bytes + 2 * parameters[1], &map, full, static_cast<uint16_t>(1 << rank), c[4 + 2 * rank],
                                       c[5 + 2 * rank]);
        }
        ptx::mbarrier_wait(full, 0);
        for (int i = lane; i < 3 * words; i += threads) out[3 * words * rank + i] = reinterpret_cast<const uint32_t*>(bytes)[i];
        ptx::cluster_arrive();
        ptx::cluster_wait();
    }
};

}  // namespace ottava
