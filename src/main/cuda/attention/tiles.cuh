// How a block of attention walks over its problem, and how tiles come into shared memory.
//
// The query heads of a group share keys and values, so a block takes the rows of a group together: row r of key/value head `head` of a
// sequence is query r / group of head `head` * group + r % group. Queries of neighbouring rows are the same or neighbours, so the causal
// mask stays a diagonal; a decoded token (one query) is a tile of `group` rows; and the gradients of keys and values sum over a group by
// walking over its rows. Where blocks of keys are listed, each query head has its own list, and a block takes rows of one head: as if each
// had keys of its own (one_head_at_a_time).
#pragma once

#include "../ptx/cp_async.cuh"
#include "warp_products.cuh"

namespace ottava {

constexpr float log2_e = 1.44269504088896341f;

// Rows of a block: 16 for each of four warps.
constexpr int block_rows = 64;

// The sizes of a call. Tensors are contiguous but for the sequences of keys and values, which lie key_batch_pitch elements apart.
struct AttentionShape {
    int heads, kv_heads, group, head_dim, query_length, key_length;
    int row_heads;  // of which blocks take rows: kv_heads, or all heads
    int64_t key_batch_pitch;
    uint64_t group_inverse;  // ceil(2^32 / group): divides exactly where dividend x group < 2^32
    float scale;

    __host__ __device__ int rows() const { return query_length * group; }
    void one_head_at_a_time() {
        row_heads = heads;
        group = 1;
        group_inverse = uint64_t{1} << 32;
    }
    __device__ int query_of(int row) const { return static_cast<int>(static_cast<uint64_t>(row) * group_inverse >> 32); }
    // The last key that a row sees.
    __device__ int last_key(int row) const { return query_of(row) + key_length - query_length; }
    // Where row 0 of a key/value head is in a tensor [batch, query_length, heads, head_dim], and row r from there.
    __device__ int64_t first_row(int64_t batch, int head) const { return (batch * query_length * heads + head * group) * head_dim; }
    __device__ int64_t row_offset(int row) const {
        int query = query_of(row);
        return static_cast<int64_t>(query * heads + row - query * group) * head_dim;
    }
    // The same of a tensor [batch, heads, query_length].
    __device__ int64_t first_sum(int64_t batch, int head) const { return (batch * heads + head * group) * query_length; }
    __device__ int64_t sum_offset(int row) const {
        int query = query_of(row);
        return static_cast<int64_t>(row - query * group) * query_length + query;
    }
    // Where key 0 of row head `head` is; keys lie key_pitch elements apart.
    __device__ int64_t first_key(int64_t batch, int head) const {
        return batch * key_batch_pitch + head / (row_heads / kv_heads) * head_dim;
    }
    __device__ int key_pitch() const { return kv_heads * head_dim; }
};

// Begins to copy rows [first, first + rows) of a tensor to a tile in shared memory; zeros from row `end` on and from element head_dim to
// width. offset_of gives where a row is in the tensor; addresses of rows are multiples of 16 bytes. The caller commits and waits.
template <int rows, int width, class T, class OffsetOf>
__device__ __forceinline__ void load_tile(T* tile, const T* from, int first, int end, int head_dim, OffsetOf offset_of) {
    constexpr int values = 16 / sizeof(T), chunks = width / values;
#pragma unroll 1
    for (int i = threadIdx.x; i < rows * chunks; i += 2 * block_rows) {
        int row = i / chunks, column = i % chunks * values;
        bool valid = first + row < end && column < head_dim;
        ptx::cp_async_16(tile + row * padded_row<T, width> + column, valid ? from + offset_of(first + row) + column : from, valid ? 16 : 0);
    }
}

// Rows of a group of query heads, from row 0 of the key/value head on.
template <int rows, int width, class T>
__device__ __forceinline__ void load_rows(T* tile, const T* from, int first, const AttentionShape& shape) {
    load_tile<rows, width>(tile, from, first, shape.rows(), shape.head_dim, [&](int row) { return shape.row_offset(row); });
}

// Keys or values, from key 0 of the key/value head on.
template <int rows, int width, class T>
__device__ __forceinline__ void load_keys(T* tile, const T* from, int first, const AttentionShape& shape) {
    load_tile<rows, width>(tile, from, first, shape.key_length, shape.head_dim,
                           [&](int key) { return static_cast<int64_t>(key) * shape.key_pitch(); });
}

// Waits for all copies of this thread and for the other threads of the block.
__device__ __forceinline__ void wait_for_tiles() {
    ptx::cp_async_commit();
    ptx::cp_async_wait<0>();
    __syncthreads();
}

}  // namespace ottava
