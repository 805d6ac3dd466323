// Sums in two stages: each block of a grid that depends on the shape alone leaves a partial sum, a second kernel adds those in order.
// See ottava/elementwise.h. Blocks of 256 threads; shared memory: 256 bytes, for columns 8 KiB.
#pragma once

#include "../common/matrix_tile.cuh"

namespace ottava {

// partial[block] = the block's part of the sum of x[i], or of x[i]^2. x: [count]. Accumulated in double.
template <class T, bool Square>
struct any_sum {
    static constexpr int threads = 256;
    static constexpr int run = Packet<T>::width;
    double* partial;
    const T* x;
    int64_t count;
    bool aligned;

    __device__ __forceinline__ void operator()() const {
        double sum = 0;
        for (int64_t i = grid_thread() * run; i < count; i += grid_threads() * run) {
            float value[run];
            load_run<run>(value, x + i, count - i, aligned);
#pragma unroll
            for (int k = 0; k < run; k++) {
                double v = static_cast<double>(value[k]);
                sum += Square ? v * v : v;
            }
        }
        sum = block_sum(sum);
        if (threadIdx.x == 0) partial[blockIdx.x] = sum;
    }
};

// out[0] = sum of partial[i]. partial: [count]. One block.
struct any_finish_sum {
    static constexpr int threads = 256;
    float* out;
    const double* partial;
    int64_t count;

    __device__ __forceinline__ void operator()() const {
        double sum = 0;
        for (int64_t i = threadIdx.x; i < count; i += blockDim.x) sum += partial[i];
        sum = block_sum(sum);
        if (threadIdx.x == 0) out[0] = static_cast<float>(sum);
    }
};

// partial[group, j] = sum of x[i, j] over the rows of the group. x: [rows, columns]. Grid and block of a MatrixTile.
template <class T>
struct any_column_sum {
    static constexpr int threads = MatrixTile::threads;
    float* partial;
    const T* x;
    int64_t rows, columns, rows_per_group;
    bool aligned;

    __device__ __forceinline__ void operator()() const {
        MatrixTile tile(rows, columns, rows_per_group);
        float sum[MatrixTile::run] = {};
        for (int64_t i = tile.row; i < tile.end; i += MatrixTile::warps) {
            float value[MatrixTile::run];
            load_run<MatrixTile::run>(value, x + i * columns + tile.column, tile.count, aligned);
#pragma unroll
            for (int k = 0; k < MatrixTile::run; k++) sum[k] += value[k];
        }
        MatrixTile::write_column_sums(partial, sum, columns);
    }
};

// out[j] (+)= sum of partial[i, j] over i < rows. partial: [rows, columns]. Grid: ceil(columns / 32); a warp has 32 columns of every eighth
// row.
struct any_finish_column_sum {
    static constexpr int threads = 256;
    float* out;
    const float* partial;
    int64_t rows, columns;
    bool accumulate;

    __device__ __forceinline__ void operator()() const {
        OTTAVA_SHARED(float, slots, 256);
        uint32_t lane = threadIdx.x % 32;
        int64_t j = static_cast<int64_t>(blockIdx.x) * 32 + lane;
        float sum = 0;
        if (j < columns)
            for (int64_t i = threadIdx.x / 32; i < rows; i += 8) sum += partial[i * columns + j];
        slots[threadIdx.x] = sum;
        __syncthreads();
        if (threadIdx.x >= 32 || j >= columns) return;
        sum = 0;
#pragma unroll
        for (uint32_t w = 0; w < 8; w++) sum += slots[w * 32 + lane];
        out[j] = accumulate ? out[j] + sum : sum;
    }
};

}  // namespace ottava
