// Blocks of 64 queries by 64 keys, sink and local ones, and the queries that are estimated. See ottava/sparse_attention.h.
#pragma once

#include <stdint.h>

#include "../cuda_types.cuh"

namespace ottava {

constexpr int sparse_block = 64;

struct SaleShape {
    int heads, kv_heads, group, query_length, key_length, local_keys, row_step;

    // Estimated queries, the rows of thresholds.
    __host__ __device__ int rows() const { return (query_length + row_step - 1) / row_step; }
    __host__ __device__ int query_blocks() const { return (query_length + sparse_block - 1) / sparse_block; }
    // Words of a row of the bitmap, each of 32 key blocks.
    __host__ __device__ int words() const { return (key_length + 32 * sparse_block - 1) / (32 * sparse_block); }
    __device__ int block_of_row(int row) const { return row * row_step / sparse_block; }
    __device__ int position(int query) const { return query + key_length - query_length; }
    __device__ int first_local(int query_block) const {
        return max(position(query_block * sparse_block) - local_keys + 1, 0) / sparse_block;
    }
    __device__ int last_local(int query_block) const {
        return position(min((query_block + 1) * sparse_block, query_length) - 1) / sparse_block;
    }
};

// Bits of word `word` that stand for blocks first to end - 1.
__device__ __forceinline__ uint32_t bits_between(int word, int first, int end) {
    int from = min(max(first - 32 * word, 0), 32), to = min(max(end - 32 * word, 0), 32);
    uint32_t below_to = to == 32 ? 0xffffffffu : (1u << to) - 1u;
    uint32_t below_from = from == 32 ? 0xffffffffu : (1u << from) - 1u;
    return below_to & ~below_from;
}

}  // namespace ottava
