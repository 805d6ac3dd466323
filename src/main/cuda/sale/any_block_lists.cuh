// The set bits of each row of a bitmap, counted and listed. A warp takes a row. Block: 4 warps. No shared memory.
#pragma once

#include "../common/reduce.cuh"

namespace ottava {

struct any_block_lists {
    static constexpr int threads = 128;

    int32_t* counts;
    int32_t* indices;  // may be null
    const uint32_t* blocks;
    int64_t rows;
    int columns;

    __device__ void operator()() const {
        int64_t row = static_cast<int64_t>(blockIdx.x) * (threads / 32) + threadIdx.x / 32;
        if (row >= rows) return;
        int lane = threadIdx.x % 32, words = (columns + 31) / 32, count = 0;
        for (int first = 0; first < words; first += 32) {
            int word = first + lane;
            uint32_t bits = word < words ? blocks[row * words + word] : 0;
            if (word == words - 1 && columns % 32 != 0) bits &= (1u << columns % 32) - 1u;
            int own = __popc(bits), upto = own;
#pragma unroll
            for (int distance = 1; distance < 32; distance *= 2) {
                int before = __shfl_up_sync(all_lanes, upto, distance);
                if (lane >= distance) upto += before;
            }
            if (indices != nullptr) {
                int32_t* to = indices + row * columns + count + upto - own;
                for (; bits != 0; bits &= bits - 1) *to++ = word * 32 + __ffs(static_cast<int>(bits)) - 1;
            }
            count += __shfl_sync(all_lanes, upto, 31);
        }
        if (lane == 0) counts[row] = count;
    }
};

}  // namespace ottava
