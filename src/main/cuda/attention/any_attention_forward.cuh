// Attention forward: FlashAttention-2 (Dao 2023), algorithm 1, on the rows of a group of heads (tiles.cuh).
//
// Block: 4 warps, a tile of 64 rows of one key/value head of one sequence; a warp has 16 rows. Grid: tiles x kv_heads x batch, flat; the last
// tiles see the most keys and go first. width: head_dim rounded up to 32, 64, 96 or 128; the rest is zeros.
// Shared memory: 64 queries and twice `keys_of_tile` keys of width + 16 bytes; for F32 a staging of weights besides. Registers: 16 x width
// sums and 16 x keys_of_tile scores per warp.
// The running maximum is in units of log2 and scaled; each thread sums its own columns, rows are summed across threads at the end.
#pragma once

#include "tiles.cuh"

namespace ottava {

template <class T, int width>
struct any_attention_forward {
    static constexpr int threads = 2 * block_rows;
    static constexpr int blocks = width <= 64 ? 4 : 3;
    static constexpr int keys_of_tile = sizeof(T) == 4 ? 32 : 64;
    static constexpr int pitch = padded_row<T, width>;
    static constexpr int staging = weights_staging<T, keys_of_tile>;
    static constexpr int shared_bytes = (block_rows + 2 * keys_of_tile) * pitch * int{sizeof(T)} + threads / 32 * staging * int{sizeof(float)};

    T* out;
    float* log_sum_exp;  // may be null
    const T* q;
    const T* k;
    const T* v;
    AttentionShape shape;

    // Of the two rows of a thread.
    struct Softmax {
        int last[2];  // the last key that the row sees
        float maximum[2], sum[2];
    };

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
            float shrink = exp2f(softmax.maximum[half] - maximum), sum = softmax.sum[half] * shrink;
#pragma unroll
            for (int n = 0; n < keys_of_tile / 8; n++)
#pragma unroll
                for (int i = 0; i < 2; i++) {
                    float& weight = scores[n][2 * half + i];
                    weight = exp2f(weight - maximum);
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

        int rows = shape.rows(), tiles = (rows + block_rows - 1) / block_rows, sequences = gridDim.x / tiles;
        int tile = tiles - 1 - blockIdx.x / sequences, head = blockIdx.x % sequences % shape.kv_heads;
        int64_t batch = blockIdx.x % sequences / shape.kv_heads;
        int first_row = tile * block_rows, end_row = min(rows, first_row + block_rows);
        const T* k_head = k + shape.first_key(batch, head);
        const T* v_head = v + shape.first_key(batch, head);
        load_rows<block_rows, width>(queries, q + shape.first_row(batch, head), first_row, shape);
        load_keys<keys_of_tile, width>(keys, k_head, 0, shape);

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
        int keys_of_block = shape.last_key(end_row - 1) + 1;

        float sums[width / 8][4];
        clear(sums);
        for (int first_key = 0; first_key < keys_of_block; first_key += keys_of_tile) {
            // Values come while scores are computed, the next keys while values are summed.
            wait_for_tiles();
            load_keys<keys_of_tile, width>(values, v_head, first_key, shape);
            bool sees = first_key < keys_of_warp;
            float scores[keys_of_tile / 8][4];
            clear(scores);
            if (sees) multiply_rows<width>(scores, queries + warp * 16 * pitch, keys);
            wait_for_tiles();
            if (first_key + keys_of_tile < keys_of_block) load_keys<keys_of_tile, width>(keys, k_head, first_key + keys_of_tile, shape);
            if (sees) {
                weigh(scores, sums, softmax, first_key);
                multiply_weights(sums, scores, values, weights);
            }
        }
        if (warp_row >= rows) return;
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float sum = softmax.sum[half];
            sum += __shfl_xor_sync(0xffffffffu, sum, 1);
            sum += __shfl_xor_sync(0xffffffffu, sum, 2);
            if (row[half] < rows) {
                if (log_sum_exp != nullptr && lane % 4 == 0)
                    log_sum_exp[shape.first_sum(batch, head) + shape.sum_offset(row[half])] = (softmax.maximum[half] + log2f(sum)) / log2_e;
                T* to = out + shape.first_row(batch, head) + shape.row_offset(row[half]) + lane % 4 * 2;
                float factor = 1 / sum;
#pragma unroll
                for (int n = 0; n < width / 8; n++)
                    if (n * 8 < shape.head_dim) store_pair(to + n * 8, sums[n][2 * half] * factor, sums[n][2 * half + 1] * factor);
            }
        }
    }
};

}  // namespace ottava
