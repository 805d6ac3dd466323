// Attention backward: probabilities are computed again from log_sum_exp, tile by tile (FlashAttention-2, Dao 2023, algorithm 2), without
// atomics: three kernels, launched in this order.
//
// 1. any_attention_delta: delta = d_out . out of each row, left in the first four bytes of the row's place in d_q, not used otherwise yet.
// 2. any_attention_backward_keys: a block has 64 keys of one key/value head, 16 a warp, and walks over the rows that see them;
//    scores lie transposed, S^T = K Q^T, so that P^T and dS^T are in registers what dV += P^T dO and dK += dS^T Q take.
// 3. any_attention_backward_queries: a block has 64 rows of the group (tiles.cuh), 16 a warp, and walks over the keys that they see:
//    dQ += dS K. It reads its rows of d_q for delta before it overwrites them.
//
// Grid of 2 and 3: tiles x kv_heads x batch, flat; the longest walks go first. width: head_dim rounded up to 32, 64, 96 or 128.
// Shared memory: 2 x 64 own rows and 2 x `step` rows of the walk, each of width + 16 bytes; for F32 a staging of weights besides. With BF16
// there are two stages of the walk, and the next comes while one is multiplied. BF16 37 KiB at width 64, 69 KiB at 128; F32 48 and 88 KiB.
// Registers per warp: 2 (of 3: 1) x 16 x width sums, 2 x 16 x step scores. step is 32; 16 for F32.
#pragma once

#include "tiles.cuh"

namespace ottava {

// Eight threads a row. Rows are those of a tensor [batch, length, heads, head_dim], in its order.
template <class T>
struct any_attention_delta {
    static constexpr int threads = 256;
    T* d_q;
    const T* d_out;
    const T* out;
    int64_t rows;
    int head_dim;

    __device__ static float multiply(uint4 a, uint4 b, const float*) {
        float sum = bits_to_float(a.x) * bits_to_float(b.x);
        sum = fmaf(bits_to_float(a.y), bits_to_float(b.y), sum);
        sum = fmaf(bits_to_float(a.z), bits_to_float(b.z), sum);
        return fmaf(bits_to_float(a.w), bits_to_float(b.w), sum);
    }
    __device__ static float multiply_pair(uint32_t a, uint32_t b, float sum) {
        sum = fmaf(bits_to_float(a << 16), bits_to_float(b << 16), sum);
        return fmaf(bits_to_float(a & 0xffff0000u), bits_to_float(b & 0xffff0000u), sum);
    }
    __device__ static float multiply(uint4 a, uint4 b, const bf16*) {
        return multiply_pair(a.w, b.w, multiply_pair(a.z, b.z, multiply_pair(a.y, b.y, multiply_pair(a.x, b.x, 0))));
    }

    __device__ void operator()() const {
        constexpr int values = 16 / sizeof(T);
        int64_t row = static_cast<int64_t>(blockIdx.x) * (threads / 8) + threadIdx.x / 8;
        float sum = 0;
        if (row < rows)
            for (int i = threadIdx.x % 8 * values; i < head_dim; i += 8 * values)
                sum += multiply(*reinterpret_cast<const uint4*>(d_out + row * head_dim + i),
                                *reinterpret_cast<const uint4*>(out + row * head_dim + i), static_cast<const T*>(nullptr));
#pragma unroll
        for (int distance = 4; distance > 0; distance /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, distance);
        if (row < rows && threadIdx.x % 8 == 0) *reinterpret_cast<float*>(d_q + row * head_dim) = sum;
    }
};

template <class T, int width>
struct AttentionBackward {
    static constexpr int threads = 2 * block_rows;
    static constexpr int step = sizeof(T) == 4 ? 16 : 32;
    static constexpr int stages = sizeof(T) == 4 ? 1 : 2;
    static constexpr int pitch = padded_row<T, width>;
    static constexpr int staging = weights_staging<T, step>;
    static constexpr int tiles_bytes = 2 * (block_rows + stages * step) * pitch * int{sizeof(T)};
    static constexpr int staging_bytes = threads / 32 * staging * int{sizeof(float)};
};

template <class T, int width>
struct any_attention_backward_keys {
    using Sizes = AttentionBackward<T, width>;
    static constexpr int threads = Sizes::threads, step = Sizes::step, stages = Sizes::stages, pitch = Sizes::pitch;
    static constexpr int least_blocks = width <= 32 ? 4 : width <= 64 ? 3 : 2;
    static constexpr int shared_bytes = Sizes::tiles_bytes + Sizes::staging_bytes + 3 * stages * step * int{sizeof(float)};

    T* d_k;
    T* d_v;
    const T* d_q;  // delta
    const T* d_out;
    const T* q;
    const T* k;
    const T* v;
    const float* log_sum_exp;
    AttentionShape shape;

    // Of a step of the walk, in shared memory.
    struct Step {
        T *queries, *d_outs;  // [step, width]
        // Of the rows: log_sum_exp in units of log2, delta, the last key that the row sees.
        float *offsets, *deltas;
        int* lasts;
    };

    __device__ __forceinline__ void load_step(const Step& to, int64_t rows_at, int64_t sums_at, int first_row) const {
        load_rows<step, width>(to.queries, q + rows_at, first_row, shape);
        load_rows<step, width>(to.d_outs, d_out + rows_at, first_row, shape);
        if (threadIdx.x < step) {
            int row = first_row + threadIdx.x;
            bool valid = row < shape.rows();
            to.offsets[threadIdx.x] = valid ? log_sum_exp[sums_at + shape.sum_offset(row)] * log2_e : 0;
            to.deltas[threadIdx.x] = valid ? *reinterpret_cast<const float*>(d_q + rows_at + shape.row_offset(row)) : 0;
            to.lasts[threadIdx.x] = valid ? shape.last_key(row) : -1;
        }
    }

    // From S^T to P^T = exp(scale S - log_sum_exp).
    __device__ __forceinline__ void weigh(float (&p)[step / 8][4], const Step& from, const int (&key)[2]) const {
        float scale = shape.scale * log2_e;
#pragma unroll
        for (int n = 0; n < step / 8; n++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                int column = n * 8 + threadIdx.x % 4 * 2 + i % 2;
                p[n][i] = key[i / 2] <= from.lasts[column] ? exp2f(fmaf(p[n][i], scale, -from.offsets[column])) : 0;
            }
    }

    // From dP^T to dS^T = P (dP - delta).
    __device__ __forceinline__ void differentiate(float (&d_p)[step / 8][4], const float (&p)[step / 8][4], const Step& from,
                                                  const int (&key)[2]) const {
#pragma unroll
        for (int n = 0; n < step / 8; n++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                int column = n * 8 + threadIdx.x % 4 * 2 + i % 2;
                d_p[n][i] = key[i / 2] <= from.lasts[column] ? p[n][i] * (d_p[n][i] - from.deltas[column]) : 0;
            }
    }

    __device__ void operator()() const {
        OTTAVA_DYNAMIC_SHARED(shared);
        T* keys = reinterpret_cast<T*>(shared);
        T* values = keys + block_rows * pitch;
        T* tiles_of_steps = values + block_rows * pitch;
        float* rows_of_steps = reinterpret_cast<float*>(tiles_of_steps + stages * 2 * step * pitch);
        int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
        float* weights = rows_of_steps + stages * 3 * step + warp * Sizes::staging;
        auto step_of = [&](int stage) {
            T* tile = tiles_of_steps + stage * 2 * step * pitch;
            float* row = rows_of_steps + stage * 3 * step;
            return Step{tile, tile + step * pitch, row, row + step, reinterpret_cast<int*>(row + 2 * step)};
        };

        int tiles = (shape.key_length + block_rows - 1) / block_rows, sequences = gridDim.x / tiles;
        int first_key = static_cast<int>(blockIdx.x) / sequences * block_rows, head = blockIdx.x % sequences % shape.kv_heads;
        int64_t batch = blockIdx.x % sequences / shape.kv_heads;
        int64_t keys_at = shape.first_key(batch, head), rows_at = shape.first_row(batch, head), sums_at = shape.first_sum(batch, head);
        // The first row that sees the first key.
        int first_row = first_key * shape.group / step * step, rows = shape.rows();
        load_keys<block_rows, width>(keys, k + keys_at, first_key, shape);
        load_keys<block_rows, width>(values, v + keys_at, first_key, shape);
        load_step(step_of(0), rows_at, sums_at, first_row);

        int warp_key = first_key + warp * 16;
        int key[2] = {warp_key + lane / 4, warp_key + lane / 4 + 8};
        float d_keys[width / 8][4], d_values[width / 8][4];
        clear(d_keys);
        clear(d_values);
        for (int stage = 0; first_row < rows; first_row += step, stage = (stage + 1) % stages) {
            wait_for_tiles();
            bool more = first_row + step < rows;
            if (stages > 1 && more) load_step(step_of((stage + 1) % stages), rows_at, sums_at, first_row + step);
            // The last row sees the most keys.
            if (shape.last_key(min(first_row + step, rows) - 1) >= warp_key) {
                Step own = step_of(stage);
                float p[step / 8][4], d_p[step / 8][4];
                clear(p);
                multiply_rows<width>(p, keys + warp * 16 * pitch, own.queries);
                weigh(p, own, key);
                multiply_weights(d_values, p, own.d_outs, weights);
                clear(d_p);
                multiply_rows<width>(d_p, values + warp * 16 * pitch, own.d_outs);
                differentiate(d_p, p, own, key);
                multiply_weights(d_keys, d_p, own.queries, weights);
            }
            if (stages == 1) {
                __syncthreads();
                if (more) load_step(step_of(0), rows_at, sums_at, first_row + step);
            }
        }
#pragma unroll
        for (int half = 0; half < 2; half++) {
            if (key[half] >= shape.key_length) continue;
            int64_t at = keys_at + static_cast<int64_t>(key[half]) * shape.key_pitch() + lane % 4 * 2;
#pragma unroll
            for (int n = 0; n < width / 8; n++)
                if (n * 8 < shape.head_dim) {
                    store_pair(d_k + at + n * 8, d_keys[n][2 * half] * shape.scale, d_keys[n][2 * half + 1] * shape.scale);
                    store_pair(d_v + at + n * 8, d_values[n][2 * half], d_values[n][2 * half + 1]);
                }
        }
    }
};

template <class T, int width>
struct any_attention_backward_queries {
    using Sizes = AttentionBackward<T, width>;
    static constexpr int threads = Sizes::threads, step = Sizes::step, stages = Sizes::stages, pitch = Sizes::pitch;
    static constexpr int least_blocks = width <= 32 ? 4 : 3;
    static constexpr int shared_bytes = Sizes::tiles_bytes + Sizes::staging_bytes;

    T* d_q;
    const T* d_out;
    const T* q;
    const T* k;
    const T* v;
    const float* log_sum_exp;
    AttentionShape shape;

    __device__ void operator()() const {
        OTTAVA_DYNAMIC_SHARED(shared);
        T* queries = reinterpret_cast<T*>(shared);
        T* d_outs = queries + block_rows * pitch;
        T* tiles_of_steps = d_outs + block_rows * pitch;  // keys and values of each stage
        int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
        float* weights = reinterpret_cast<float*>(tiles_of_steps + stages * 2 * step * pitch) + warp * Sizes::staging;

        int rows = shape.rows(), tiles = (rows + block_rows - 1) / block_rows, sequences = gridDim.x / tiles;
        int tile = tiles - 1 - blockIdx.x / sequences, head = blockIdx.x % sequences % shape.kv_heads;
        int64_t batch = blockIdx.x % sequences / shape.kv_heads;
        int first_row = tile * block_rows, end_row = min(rows, first_row + block_rows);
        int64_t keys_at = shape.first_key(batch, head), rows_at = shape.first_row(batch, head);
        auto load_step = [&](int stage, int first_key) {
            T* tile = tiles_of_steps + stage * 2 * step * pitch;
            load_keys<step, width>(tile, k + keys_at, first_key, shape);
            load_keys<step, width>(tile + step * pitch, v + keys_at, first_key, shape);
        };
        load_rows<block_rows, width>(queries, q + rows_at, first_row, shape);
        load_rows<block_rows, width>(d_outs, d_out + rows_at, first_row, shape);
        load_step(0, 0);

        // Rows beyond the last do as the last does, and are not stored.
        int warp_row = first_row + warp * 16;
        int row[2] = {warp_row + lane / 4, warp_row + lane / 4 + 8}, last[2];
        float offset[2], delta[2];
#pragma unroll
        for (int half = 0; half < 2; half++) {
            int valid = min(row[half], rows - 1);
            last[half] = shape.last_key(valid);
            offset[half] = log_sum_exp[shape.first_sum(batch, head) + shape.sum_offset(valid)] * log2_e;
            delta[half] = row[half] < rows ? *reinterpret_cast<const float*>(d_q + rows_at + shape.row_offset(valid)) : 0;
        }
        int keys_of_warp = warp_row < rows ? shape.last_key(min(warp_row + 15, rows - 1)) + 1 : 0;
        int keys_of_block = shape.last_key(end_row - 1) + 1;
        float scale = shape.scale * log2_e;

        float sums[width / 8][4];
        clear(sums);
        for (int first_key = 0, stage = 0; first_key < keys_of_block; first_key += step, stage = (stage + 1) % stages) {
            wait_for_tiles();
            bool more = first_key + step < keys_of_block;
            if (stages > 1 && more) load_step((stage + 1) % stages, first_key + step);
            if (first_key < keys_of_warp) {
                const T* keys = tiles_of_steps + stage * 2 * step * pitch;
                float p[step / 8][4], d_p[step / 8][4];
                clear(p);
                clear(d_p);
                multiply_rows<width>(p, queries + warp * 16 * pitch, keys);
                multiply_rows<width>(d_p, d_outs + warp * 16 * pitch, keys + step * pitch);
#pragma unroll
                for (int n = 0; n < step / 8; n++)
#pragma unroll
                    for (int i = 0; i < 4; i++) {
                        bool seen = first_key + n * 8 + lane % 4 * 2 + i % 2 <= last[i / 2];
                        d_p[n][i] = seen ? exp2f(fmaf(p[n][i], scale, -offset[i / 2])) * (d_p[n][i] - delta[i / 2]) : 0;
                    }
                multiply_weights(sums, d_p, keys, weights);
            }
            if (stages == 1) {
                __syncthreads();
                if (more) load_step(0, first_key + step);
            }
        }
        // Other threads of the warp read delta from the rows that are written now.
        __syncwarp();
#pragma unroll
        for (int half = 0; half < 2; half++) {
            if (row[half] >= rows) continue;
            T* to = d_q + rows_at + shape.row_offset(row[half]) + lane % 4 * 2;
#pragma unroll
            for (int n = 0; n < width / 8; n++)
                if (n * 8 < shape.head_dim) store_pair(to + n * 8, sums[n][2 * half] * shape.scale, sums[n][2 * half + 1] * shape.scale);
        }
    }
};

}  // namespace ottava
