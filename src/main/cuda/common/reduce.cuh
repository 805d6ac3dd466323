// Reductions over a warp and over a block, in an order that does not depend on the schedule. Blocks are whole warps.
#pragma once

#include "elements.cuh"

namespace ottava {

constexpr uint32_t all_lanes = 0xffffffffu;

struct Sum {
    template <class T>
    __device__ __forceinline__ T operator()(T a, T b) const {
        return a + b;
    }
};

struct Maximum {
    template <class T>
    __device__ __forceinline__ T operator()(T a, T b) const {
        return a > b ? a : b;
    }
};

// The same bits in every lane: at each level both partners combine the same two values.
template <class Combine, class T>
__device__ __forceinline__ T warp_reduce(T x) {
#pragma unroll
    for (int distance = 16; distance > 0; distance /= 2) x = Combine()(x, __shfl_xor_sync(all_lanes, x, distance));
    return x;
}

// Combines the values of the block's threads; every thread has to call it and gets the result. `neutral` changes nothing when combined.
template <class Combine, class T>
__device__ __forceinline__ T block_reduce(T x, T neutral) {
    OTTAVA_SHARED(T, slots, 32);
    x = warp_reduce<Combine>(x);
    if (blockDim.x == 32) return x;
    uint32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    __syncthreads();  // what the call before left may still be read
    if (lane == 0) slots[warp] = x;
    __syncthreads();
    return warp_reduce<Combine>(lane < blockDim.x / 32 ? slots[lane] : neutral);
}

template <class T>
__device__ __forceinline__ T warp_sum(T x) {
    return warp_reduce<Sum>(x);
}

template <class T>
__device__ __forceinline__ T block_sum(T x) {
    return block_reduce<Sum>(x, T(0));
}

}  // namespace ottava
