// AdaLomo of a matrix. See ottava/optimizer.h.
// The gradient is read three times, as the definition wants: for U, whose means make the row and column state; for rms(u), which needs the
// whole state; and for the update, which needs rms(u). The weight is read with the first and the third. In this order:
//   any_adalomo_measure      row and column sums of U, sums of squares of gradient and weight    reads gradient, weight
//   any_adalomo_rows         the row state, and partial sums of its mean
//   any_adalomo_factors      the column state; 1 / sqrt of both, the row's relative to its mean
//   any_adalomo_measure_u    the sum of u^2                                                       reads gradient
//   any_adalomo_step         decay and scale, from all partial sums
//   any_adalomo_apply        the weight                                                           reads gradient, weight; writes weight
// Those that read the gradient have grid and block of a MatrixTile; shared memory up to 8.5 KiB.
#pragma once

#include "../common/matrix_tile.cuh"
#include "any_adalomo.cuh"

namespace ottava {

struct AdaLomoMatrix {
    int64_t rows, columns, rows_per_group;
    float* row_sums;       // [tiles of columns, rows]
    float* column_sums;    // [groups of rows, columns]
    float* row_factor;     // [rows]
    float* column_factor;  // [columns]
    uint32_t tensor;
    bool aligned;
};

template <class W>
struct any_adalomo_measure {
    static constexpr int threads = MatrixTile::threads;
    const W* weight;
    const float* gradient;
    AdaLomoSums* partial;  // [blocks]
    AdaLomoMatrix matrix;
    UpdateOptions options;

    __device__ __forceinline__ void operator()() const {
        Control c = *options.control;
        MatrixTile tile(matrix.rows, matrix.columns, matrix.rows_per_group);
        AdaLomoSums sums = {};
        float column_sum[update_run] = {};
        for (int64_t i = tile.row; i < tile.end; i += MatrixTile::warps) {
            int64_t at = i * matrix.columns + tile.column;
            float g[update_run], w[update_run];
            load_run<update_run>(g, gradient + at, tile.count, matrix.aligned);
            sums.gradient += static_cast<double>(squares_of(g));
            if (c.ok == 0) continue;
            load_run<update_run>(w, weight + at, tile.count, matrix.aligned);
            sums.weight += static_cast<double>(squares_of(w));
            float row_sum = 0;
#pragma unroll
            for (int k = 0; k < update_run; k++) {
                float clipped = clip(g[k], options.max_value, c.coefficient);
                float u = k < tile.count ? clipped * clipped + adalomo_tiny : 0.0f;
                row_sum += u;
                column_sum[k] += u;
            }
            row_sum = warp_sum(row_sum);
            if (threadIdx.x % 32 == 0) matrix.row_sums[blockIdx.x * matrix.rows + i] = row_sum;
        }
        sums.gradient = block_sum(sums.gradient);
        sums.weight = block_sum(sums.weight);
        if (threadIdx.x == 0) partial[MatrixTile::block()] = sums;
        if (c.ok != 0) MatrixTile::write_column_sums(matrix.column_sums, column_sum, matrix.columns);
    }
};

// row [rows], the state; row_partial F64 [blocks]. A thread has a row. Grid: ceil(rows / 256); block: 256 threads.
struct any_adalomo_rows {
    static constexpr int threads = 256;
    const Control* control;
    float* row;
    double* row_partial;
    int64_t tiles;
    AdaLomoMatrix matrix;

    __device__ __forceinline__ void operator()() const {
        Control c = *control;
        if (c.ok == 0) return;
        double beta = adalomo_beta(c.step), value = 0;
        int64_t i = grid_thread();
        if (i < matrix.rows) {
            double sum = 0;
            for (int64_t t = 0; t < tiles; t++) sum += static_cast<double>(matrix.row_sums[t * matrix.rows + i]);
            float state =
                static_cast<float>(beta * static_cast<double>(row[i]) + (1.0 - beta) * (sum / static_cast<double>(matrix.columns)));
            row[i] = state;
            value = static_cast<double>(state);
        }
        value = block_sum(value);
        if (threadIdx.x == 0) row_partial[blockIdx.x] = value;
    }
};

// 1 / sqrt(x) as a finite float: times a gradient of 0 it has to be 0.
__device__ __forceinline__ float inverse_root(double x) {
    double root = 1.0 / sqrt(x);
    return static_cast<float>(root > 0x1.fffffep127 ? 0x1.fffffep127 : root);
}

// column [columns], the state, by the first ceil(columns / 256) blocks; row_factor by ceil(rows / 256) more; block: 256 threads.
struct any_adalomo_factors {
    static constexpr int threads = 256;
    const Control* control;
    const float* row;
    float* column;
    const double* row_partial;
    int64_t row_blocks, column_blocks, groups;
    AdaLomoMatrix matrix;

    __device__ __forceinline__ void operator()() const {
        Control c = *control;
        if (c.ok == 0) return;
        if (blockIdx.x < column_blocks) {
            double beta = adalomo_beta(c.step);
            int64_t j = grid_thread();
            if (j >= matrix.columns) return;
            double sum = 0;
            for (int64_t g = 0; g < groups; g++) sum += static_cast<double>(matrix.column_sums[g * matrix.columns + j]);
            float state =
                static_cast<float>(beta * static_cast<double>(column[j]) + (1.0 - beta) * (sum / static_cast<double>(matrix.rows)));
            column[j] = state;
            matrix.column_factor[j] = inverse_root(static_cast<double>(state));
        } else {
            double sum = 0;
            for (int64_t b = threadIdx.x; b < row_blocks; b += threads) sum += row_partial[b];
            double mean = block_sum(sum) / static_cast<double>(matrix.rows);
            int64_t i = grid_thread() - column_blocks * threads;
            if (i < matrix.rows) matrix.row_factor[i] = inverse_root(static_cast<double>(row[i]) / mean);
        }
    }
};

struct any_adalomo_measure_u {
    static constexpr int threads = MatrixTile::threads;
    const float* gradient;
    double* partial;  // [blocks]
    AdaLomoMatrix matrix;
    UpdateOptions options;

    __device__ __forceinline__ void operator()() const {
        Control c = *options.control;
        if (c.ok == 0) {
            if (threadIdx.x == 0) partial[MatrixTile::block()] = 0;
            return;
        }
        MatrixTile tile(matrix.rows, matrix.columns, matrix.rows_per_group);
        float factor[update_run];
        load_run<update_run>(factor, matrix.column_factor + tile.column, tile.count, true);
        double sum = 0;
        for (int64_t i = tile.row; i < tile.end; i += MatrixTile::warps) {
            float g[update_run];
            load_run<update_run>(g, gradient + i * matrix.columns + tile.column, tile.count, matrix.aligned);
#pragma unroll
            for (int k = 0; k < update_run; k++) g[k] = clip(g[k], options.max_value, c.coefficient) * factor[k];
            double r = static_cast<double>(matrix.row_factor[i]);
            sum += r * r * static_cast<double>(squares_of(g));
        }
        sum = block_sum(sum);
        if (threadIdx.x == 0) partial[MatrixTile::block()] = sum;
    }
};

template <class W, bool Stochastic>
struct any_adalomo_apply {
    static constexpr int threads = MatrixTile::threads;
    W* weight;
    const float* gradient;
    const AdaLomoStep* step;
    AdaLomoMatrix matrix;
    UpdateOptions options;

    __device__ __forceinline__ void operator()() const {
        Control c = *options.control;
        if (c.ok == 0) return;
        AdaLomoStep s = *step;
        RandomBits random{options.seed, matrix.tensor, static_cast<uint32_t>(c.step)};
        MatrixTile tile(matrix.rows, matrix.columns, matrix.rows_per_group);
        float factor[update_run];
        load_run<update_run>(factor, matrix.column_factor + tile.column, tile.count, true);
        for (int64_t i = tile.row; i < tile.end; i += MatrixTile::warps) {
            int64_t at = i * matrix.columns + tile.column;
            float r = matrix.row_factor[i];
            float w[update_run], g[update_run];
            load_run<update_run>(w, weight + at, tile.count, matrix.aligned);
            load_run<update_run>(g, gradient + at, tile.count, matrix.aligned);
#pragma unroll
            for (int k = 0; k < update_run; k++)
                w[k] = w[k] * s.decay - s.scale * (clip(g[k], options.max_value, c.coefficient) * factor[k] * r);
            store_weights<Stochastic>(weight, at, w, tile.count, matrix.aligned, random);
        }
    }
};

}  // namespace ottava
