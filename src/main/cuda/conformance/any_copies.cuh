// cp.async, named barriers and the order of kernels.
#pragma once

#include "../ptx/barrier.cuh"
#include "../ptx/cp_async.cuh"
#include "../ptx/grid_dependency.cuh"
#include "primitive.cuh"

namespace ottava {

// in: how many bytes of 16 each lane reads; then 4 words a lane for a first group, and 4 for a second. out: what lies in shared memory
// after each group, 4 words a lane.
struct any_cp_async : Primitive {
    __device__ __forceinline__ void operator()() const {
        OTTAVA_SHARED(uint32_t, tile, 256);
        uint32_t lane = threadIdx.x;
        ptx::cp_async_16(tile + 4 * lane, in + 32 + 4 * lane, static_cast<int>(in[lane]));
        ptx::cp_async_commit();
        ptx::cp_async_16(tile + 128 + 4 * lane, in + 160 + 4 * lane);
        ptx::cp_async_commit();
        ptx::cp_async_wait<1>();
        __syncwarp();
        for (uint32_t i = 0; i < 4; i++) out[32 * i + lane] = tile[32 * i + lane];
        ptx::cp_async_wait<0>();
        __syncwarp();
        for (uint32_t i = 4; i < 8; i++) out[32 * i + lane] = tile[32 * i + lane];
    }
};

// Waits for the kernel before, and lets the one after begin. in: 32 words. out: the same.
struct any_grid_dependency : Primitive {
    __device__ __forceinline__ void operator()() const {
        ptx::wait_for_dependencies();
        out[threadIdx.x] = in[threadIdx.x];
        ptx::launch_dependents();
    }
};

// Two warps write, arrive and go on; two others wait for them and read: 4 rounds with a barrier each way. in: 64 words a round. out: what
// was read, the words of a round reversed.
struct any_named_barriers : Primitive {
    static constexpr int threads = 128;

    __device__ __forceinline__ void operator()() const {
        OTTAVA_SHARED(uint32_t, slot, 64);
        uint32_t thread = threadIdx.x;
        for (uint32_t round = 0; round < 4; round++) {
            if (thread < 64) {
                if (round > 0) ptx::named_barrier_sync(2, 128);
                slot[thread] = in[64 * round + thread];
                ptx::named_barrier_arrive(1, 128);
            } else {
                ptx::named_barrier_sync(1, 128);
                out[64 * round + thread - 64] = slot[127 - thread];
                if (round < 3) ptx::named_barrier_arrive(2, 128);
            }
        }
    }
};

}  // namespace ottava
