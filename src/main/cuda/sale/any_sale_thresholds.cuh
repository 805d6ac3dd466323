// Thresholds of the Relative Attention Score from exact scores of sink and local keys: the softmax of any_attention_forward without values,
// over few key blocks.
//
// Block: 4 warps, a tile of 64 estimated queries of a head, which lie row_step apart; a warp has 16. Grid: (tiles, heads, batch). It walks
// over key block 0 and those that are local to any of its queries; a row takes the ones of its own block. Shared memory: 64 queries and
// twice 64 keys of width + 8 numbers: 27 KiB at width 64, 51 KiB at 128.
#pragma once

#include "../attention/tiles.cuh"
#include "sale_shape.cuh"

namespace ottava {

template <int width>
struct any_sale_thresholds {
    static constexpr int threads = 2 * block_rows;
    static constexpr int pitch = padded_row<bf16, width>;
    static constexpr int shared_bytes = (block_rows + 2 * sparse_block) * pitch * 2;
    static constexpr float least_tau = 1e-5f;

    float* thresholds;
    const bf16* q;
    const bf16* k;
    const float* key_mean;
    const float* tau;
    SaleShape shape;
    int64_t key_batch_pitch;
    float scale;

    struct Row {
        int last, first_local;  // the last key that it sees, the first of its local ones
        float maximum, sum;     // of scores that are not scaled; of this thread's columns
    };

    __device__ __forceinline__ void add(Row (&rows)[2], const float (&scores)[sparse_block / 8][4], int first_key) const {
        int first = first_key + threadIdx.x % 4 * 2;
#pragma unroll
        for (int half = 0; half < 2; half++) {
            Row& row = rows[half];
            bool counts = first_key == 0 || first_key >= row.first_local;
            float maximum = row.maximum;
#pragma unroll
            for (int n = 0; n < sparse_block / 8; n++)
#pragma unroll
                for (int i = 0; i < 2; i++)
                    if (counts && first + n * 8 + i <= row.last) maximum = fmaxf(maximum, scores[n][2 * half + i]);
            maximum = fmaxf(maximum, __shfl_xor_sync(0xffffffffu, maximum, 1));
            maximum = fmaxf(maximum, __shfl_xor_sync(0xffffffffu, maximum, 2));
            float base = maximum == -INFINITY ? 0 : maximum, to_log2 = scale * log2_e;
            float sum = row.sum * exp2f((row.maximum - base) * to_log2);
#pragma unroll
            for (int n = 0; n < sparse_block / 8; n++)
#pragma unroll
                for (int i = 0; i < 2; i++)
                    if (counts && first + n * 8 + i <= row.last) sum += exp2f((scores[n][2 * half + i] - base) * to_log2);
            row.maximum = maximum;
            row.sum = sum;
        }
    }

    __device__ void operator()() const {
        OTTAVA_DYNAMIC_SHARED(shared);
        OTTAVA_SHARED(float, offsets, block_rows);
        bf16* queries = reinterpret_cast<bf16*>(shared);
        bf16* keys = queries + block_rows * pitch;
        int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
        int head = blockIdx.y, key_head = head / shape.group, rows = shape.rows(), first_row = blockIdx.x * block_rows;
        int64_t batch = blockIdx.z;
        const bf16* q_head = q + (batch * shape.query_length * shape.heads + head) * width;
        const bf16* k_head = k + batch * key_batch_pitch + key_head * width;
        auto load_block = [&](bf16* to, int block) {
            load_tile<sparse_block, width>(to, k_head, block * sparse_block, shape.key_length, width,
                                           [&](int key) { return static_cast<int64_t>(key) * shape.kv_heads * width; });
        };
        load_tile<block_rows, width>(queries, q_head, first_row, rows, width,
                                     [&](int row) { return static_cast<int64_t>(row) * shape.row_step * shape.heads * width; });
        load_block(keys, 0);
        // Scores of K' are those of K less q . key_mean: two threads make that of a row while the first keys are multiplied.
        wait_for_tiles();
        {
            const bf16* row = queries + threadIdx.x / 2 * pitch + threadIdx.x % 2 * (width / 2);
            const float* mean = key_mean + (batch * shape.kv_heads + key_head) * width + threadIdx.x % 2 * (width / 2);
            float sum = 0;
            for (int d = 0; d < width / 2; d++) sum = fmaf(load(row + d), mean[d], sum);
            sum += __shfl_xor_sync(0xffffffffu, sum, 1);
            if (threadIdx.x % 2 == 0) offsets[threadIdx.x / 2] = sum;
        }

        // Rows beyond the last do as the last does, and are not stored.
        int row_of[2] = {first_row + warp * 16 + lane / 4, first_row + warp * 16 + lane / 4 + 8};
        Row row[2];
#pragma unroll
        for (int half = 0; half < 2; half++) {
            int query = min(row_of[half], rows - 1) * shape.row_step;
            row[half] = Row{shape.position(query), shape.first_local(query / sparse_block) * sparse_block, -INFINITY, 0};
        }
        int last_row = min(rows, first_row + block_rows) - 1;
        int first_local = max(shape.first_local(shape.block_of_row(first_row)), 1);
        int end = shape.last_local(shape.block_of_row(last_row)) + 1;
        for (int block = 0, parity = 0; block == 0 || block < end; parity ^= 1) {
            int next = block == 0 ? first_local : block + 1;
            wait_for_tiles();  // for these keys, and for the threads that read the other ones
            if (next < end) load_block(keys + (parity ^ 1) * sparse_block * pitch, next);
            float scores[sparse_block / 8][4];
            clear(scores);
            multiply_rows<width>(scores, queries + warp * 16 * pitch, keys + parity * sparse_block * pitch);
            add(row, scores, block * sparse_block);
            block = next;
        }
        wait_for_tiles();
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float sum = row[half].sum;
            sum += __shfl_xor_sync(0xffffffffu, sum, 1);
            sum += __shfl_xor_sync(0xffffffffu, sum, 2);
            if (row_of[half] >= rows || lane % 4 != 0) continue;
            float t = tau[head];
            float threshold = row[half].maximum - offsets[row_of[half] - first_row] + logf(t * sum) / scale;
            thresholds[(batch * shape.heads + head) * rows + row_of[half]] = t < least_tau ? bits_to_float(0x7fc00000u) : threshold;
        }
    }
};

}  // namespace ottava
