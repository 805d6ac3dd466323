// Attention forward: FlashAttention-2 (Dao 2023), algorithm 1, on the rows of a group of heads (tiles.cuh).
//
// Block: 4 warps, a tile of 64 rows of one key/value head of one sequence; a warp has 16 rows. Grid: tiles x kv_heads x batch, flat; the
// last tiles see the most keys and go first. width: head_dim rounded up to 32, 64, 96 or 128; the rest is zeros. Shared memory: 64 queries
// and twice `keys_of_tile` keys of width + 16 bytes; for F32 a staging of weights besides: BF16 27 KiB at width 64, 51 KiB at 128; F32 43
// and 75 KiB. Registers per warp: 16 x width sums and 16 x keys_of_tile scores; the figures are in cmake/kernel-resources.txt. Where the
// grid has few blocks, above all in decoding, the keys are split as well (Flash-Decoding, Dao et al. 2023): blocks of a tile, the fastest
// index of the grid, leave partial results of `keys_of_split` keys each, which any_attention_combine puts together.
// With a list of key blocks (a row of a bitmap), a block takes 64 queries of one head and skips the tiles that are not listed; that is all
// that is sparse here. The running maximum is in units of log2 and scaled; each thread sums its own columns, rows are summed across threads
// at the end.
#pragma once

#include "tiles.cuh"

namespace ottava {

template <class T, int width>
struct any_attention_forward {
    static constexpr int threads = 2 * block_rows;
    static constexpr int least_blocks = width <= 64 ? 4 : 3;
    static constexpr int keys_of_tile = sizeof(T) == 4 ? 32 : 64;
    static constexpr int key_block = 64;  // of a list
    static constexpr int pitch = padded_row<T, width>;
    static constexpr int staging = weights_staging<T, keys_of_tile>;
    static constexpr int shared_bytes =
        (block_rows + 2 * keys_of_tile) * pitch * int{sizeof(T)} + threads / 32 * staging * int{sizeof(float)};

    T* out;
    float* log_sum_exp;  // may be null
    const T* q;
    const T* k;
    const T* v;
    const uint32_t* listed;  // may be null: bits [batch, heads, blocks of 64 queries, blocks of 64 keys in whole words]
    AttentionShape shape;
    int splits, keys_of_split;  // the latter a multiple of keys_of_tile
    float* partial_out;         // if splits > 1: [splits, batch, query_length, heads, head_dim]
    float* partial_sums;        // the same: [splits, batch, heads, query_length], logarithms
    int64_t rows_of_split;      // batch x query_length x heads

    // Of the two rows of a thread.
    struct Softmax {
        int last[2];  // the last key that the row sees
        float maximum[2], sum[2];
    };

    // The first key, from first_key on, of a tile that the list has; end_key or more if there is none.
    __device__ __forceinline__ int next_listed(const uint32_t* list, int first_key, int end_key) const {
        if (list == nullptr || first_key % key_block != 0) return first_key;
        for (int block = first_key / key_block; block * key_block < end_key; block = (block / 32 + 1) * 32) {
            uint32_t bits = list[block / 32] >> block % 32;
            if (bits != 0) return (block + __ffs(static_cast<int>(bits)) - 1) * key_block;
        }
        return end_key;
    }

    // Scores of the keys from first_key on become weights; what was summed before shrinks to the new maximum.
    __device__ __forceinline__ void weigh(float (&scores)[keys_of_tile / 8][4], float (&sums)[width / 8][4], Softmax& softmax,
                                          int first_key) const {
        float scale = shape.scale * log2_e;
        int first = first_key + threadIdx.x % 4 * 2;
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float maximum = softmax.maximum[half];
#pragma unroll
            for (int n = 0; n < keys_of_tile / 8; n++)
#pragma unroll
                for (int i = 0; i < 2; i++) {
                    float& score = scores[n][2 * half + i];
                    score = first + n * 8 + i <= softmax.last[half] ? score * scale : -INFINITY;
                    maximum = fmaxf(maximum, score);
                }
            maximum = fmaxf(maximum, __shfl_xor_sync(0xffffffffu, maximum, 1));
            maximum = fmaxf(maximum, __shfl_xor_sync(0xffffffffu, maximum, 2));
            // A row may see no key of the split so far.
            float base = maximum == -INFINITY ? 0 : maximum;
            float shrink = exp2f(softmax.maximum[half] - base), sum = softmax.sum[half] * shrink;
#pragma unroll
            for (int n = 0; n < keys_of_tile / 8; n++)
#pragma unroll
                for (int i = 0; i < 2; i++) {
                    float& weight = scores[n][2 * half + i];
                    weight = exp2f(weight - base);
                    sum += weight;
                }
#pragma unroll
            for (int n = 0; n < width / 8; n++) {
                sums[n][2 * half] *= shrink;
                sums[n][2 * half + 1] *= shrink;
            }
            softmax.maximum[half] = maximum;
            softmax.sum[half] = sum;
        }
    }

    __device__ void operator()() const {
        OTTAVA_DYNAMIC_SHARED(shared);
        T* queries = reinterpret_cast<T*>(shared);
        T* keys = queries + block_rows * pitch;
        T* values = keys + keys_of_tile * pitch;
        int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
        float* weights = reinterpret_cast<float*>(values + keys_of_tile * pitch) + warp * staging;

        int rows = shape.rows(), tiles = (rows + block_rows - 1) / block_rows;
        int split = static_cast<int>(blockIdx.x) % splits, block = blockIdx.x / splits, sequences = gridDim.x / splits / tiles;
        int tile = tiles - 1 - block / sequences, head = block % sequences % shape.row_heads;
        int64_t batch = block % sequences / shape.row_heads;
        int first_row = tile * block_rows, end_row = min(rows, first_row + block_rows);
        const T* k_head = k + shape.first_key(batch, head);
        const T* v_head = v + shape.first_key(batch, head);
        const uint32_t* list = nullptr;
        if (listed != nullptr) list = listed + ((batch * shape.heads + head) * tiles + tile) * ((shape.key_length + 2047) / 2048);
        load_rows<block_rows, width>(queries, q + shape.first_row(batch, head), first_row, shape);
        int first_key = split * keys_of_split, end_key = min(shape.last_key(end_row - 1) + 1, first_key + keys_of_split);
        first_key = next_listed(list, first_key, end_key);
        load_keys<keys_of_tile, width>(keys, k_head, first_key, shape);

        // Rows beyond the last do as the last does, and are not stored.
        int warp_row = first_row + warp * 16;
        int row[2] = {warp_row + lane / 4, warp_row + lane / 4 + 8};
        Softmax softmax;
#pragma unroll
        for (int half = 0; half < 2; half++) {
            softmax.last[half] = shape.last_key(min(row[half], rows - 1));
            softmax.maximum[half] = -INFINITY;
            softmax.sum[half] = 0;
        }
        // What this warp sees; a warp without rows sees nothing.
        int keys_of_warp = warp_row < rows ? shape.last_key(min(warp_row + 15, rows - 1)) + 1 : 0;

        float sums[width / 8][4];
        clear(sums);
        while (first_key < end_key) {
            // Values come while scores are computed, the next keys while values are summed.
            wait_for_tiles();
            load_keys<keys_of_tile, width>(values, v_head, first_key, shape);
            bool sees = first_key < keys_of_warp;
            float scores[keys_of_tile / 8][4];
            clear(scores);
            if (sees) multiply_rows<width>(scores, queries + warp * 16 * pitch, keys);
            wait_for_tiles();
            int next_key = next_listed(list, first_key + keys_of_tile, end_key);
            if (next_key < end_key) load_keys<keys_of_tile, width>(keys, k_head, next_key, shape);
            if (sees) {
                weigh(scores, sums, softmax, first_key);
                multiply_weights(sums, scores, values, weights);
            }
            first_key = next_key;
        }
        wait_for_tiles();  // a block that sees no key of the split still has copies under way
        if (warp_row >= rows) return;
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float sum = softmax.sum[half];
            sum += __shfl_xor_sync(0xffffffffu, sum, 1);
            sum += __shfl_xor_sync(0xffffffffu, sum, 2);
            if (row[half] >= rows) continue;
            float* to_sums = splits > 1 ? partial_sums + split * rows_of_split : log_sum_exp;
            if (to_sums != nullptr && lane % 4 == 0)
                to_sums[shape.first_sum(batch, head) + shape.sum_offset(row[half])] = (softmax.maximum[half] + log2f(sum)) / log2_e;
            int64_t at = shape.first_row(batch, head) + shape.row_offset(row[half]) + lane % 4 * 2;
            float factor = sum == 0 ? 0 : 1 / sum;
#pragma unroll
            for (int n = 0; n < width / 8; n++) {
                if (n * 8 >= shape.head_dim) break;
                float x = sums[n][2 * half] * factor, y = sums[n][2 * half + 1] * factor;
                if (splits > 1) {
                    store_pair(partial_out + split * rows_of_split * shape.head_dim + at + n * 8, x, y);
                } else {
                    store_pair(out + at + n * 8, x, y);
                }
            }
        }
    }
};

}  // namespace ottava
