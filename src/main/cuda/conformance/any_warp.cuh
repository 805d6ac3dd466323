// Shuffles and votes.
#pragma once

#include "primitive.cuh"

namespace ottava {

// in: a value of each lane, then a number of each lane. out: rows of 32, a result of each lane.
struct any_shuffles : Primitive {
    __device__ __forceinline__ void operator()() const {
        uint32_t lane = threadIdx.x, value = in[lane], number = in[32 + lane];
        uint32_t* to = out + lane;
        auto put = [&](uint32_t result) {
            *to = result;
            to += 32;
        };
        put(__shfl_sync(whole_warp, value, static_cast<int>(number & 31)));
        put(__shfl_sync(whole_warp, value, static_cast<int>(number), 8));
        for (int mask = 1; mask < 32; mask *= 2) put(__shfl_xor_sync(whole_warp, value, mask));
        put(__shfl_xor_sync(whole_warp, value, 9, 16));
        put(__shfl_up_sync(whole_warp, value, 5));
        put(__shfl_up_sync(whole_warp, value, 3, 8));
        put(__shfl_down_sync(whole_warp, value, 7));
        put(__shfl_down_sync(whole_warp, value, 2, 4));
        put(__float_as_uint(__shfl_xor_sync(whole_warp, __uint_as_float(value), 16)));
        put(__ballot_sync(whole_warp, static_cast<int>(value & 2)));
        put(static_cast<uint32_t>(__any_sync(whole_warp, value == number) != 0));
        // Half a warp each.
        uint32_t half = lane < 16 ? 0xffffu : 0xffff0000u;
        put(__shfl_sync(half, value, static_cast<int>((number & 15) | (lane & 16))));
        put(__ballot_sync(half, static_cast<int>(value & 1)));
        put(static_cast<uint32_t>(__all_sync(half, value >> 31 == 0) != 0));
    }
};

}  // namespace ottava
