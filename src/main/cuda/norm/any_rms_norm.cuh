// RMSNorm. See ottava/norm.h.
// Block: columns / 8 threads, a multiple of 32 from 32 to 1024. A thread has a run of 8 columns and keeps it in registers, so that up to
// 8192 columns are read once; wider rows are taken in turns and read again, from the cache. Shared memory: 256 bytes.
#pragma once

#include "../common/reduce.cuh"
#include "../common/rows.cuh"

namespace ottava {

constexpr int norm_run = 8;

__device__ __forceinline__ float rms_norm_element(float x, float inverse_rms, float weight) {
    return weight * (x * inverse_rms);
}

// inverse_rms of row i, in every thread; `value` has the thread's last run.
template <class Rows>
__device__ __forceinline__ float row_inverse_rms(float (&value)[norm_run], const Rows& x, int64_t i, int64_t columns, float epsilon) {
    int64_t first = static_cast<int64_t>(threadIdx.x) * norm_run, stride = static_cast<int64_t>(blockDim.x) * norm_run;
    float sum = 0;
    for (int64_t j = first; j < columns; j += stride) {
        x.load(value, i, j, columns - j);
#pragma unroll
        for (int k = 0; k < norm_run; k++) sum += value[k] * value[k];
    }
    return 1.0f / sqrtf(block_sum(sum) / static_cast<float>(columns) + epsilon);
}

// y, inverse_rms of x. x, y: [rows, columns] of T; weight: [columns] of T; inverse_rms: F32 [rows]. Grid: any number of blocks; a block per
// row.
template <class T>
struct any_rms_norm_forward {
    static constexpr int threads = 1024;
    T* y;
    float* inverse_rms;
    DenseRows<T> x;
    const T* weight;
    int64_t rows, columns;
    float epsilon;
    bool aligned;

    __device__ __forceinline__ void operator()() const {
        int64_t first = static_cast<int64_t>(threadIdx.x) * norm_run, stride = static_cast<int64_t>(blockDim.x) * norm_run;
        for (int64_t i = blockIdx.x; i < rows; i += gridDim.x) {
            float value[norm_run] = {};
            float r = row_inverse_rms(value, x, i, columns, epsilon);
            if (threadIdx.x == 0) inverse_rms[i] = r;
            for (int64_t j = first; j < columns; j += stride) {
                if (columns > stride) x.load(value, i, j, columns - j);
                float w[norm_run];
                load_run<norm_run>(w, weight + j, columns - j, aligned);
#pragma unroll
                for (int k = 0; k < norm_run; k++) w[k] = rms_norm_element(value[k], r, w[k]);
                store_run<norm_run>(y + i * columns + j, w, columns - j, aligned);
            }
        }
    }
};

// d_x, and partial[group, columns] = the group's part of d_weight, in F32. A block has a group of rows. Grid: the number of groups.
template <class Rows, class T, bool Accumulate>
struct any_rms_norm_backward {
    static constexpr int threads = 1024;
    T* d_x;
    float* partial;
    const T* d_y;
    Rows x;
    const T* weight;
    const float* inverse_rms;
    int64_t rows, columns, rows_per_group;
    bool aligned;

    __device__ __forceinline__ void operator()() const {
        int64_t first = static_cast<int64_t>(threadIdx.x) * norm_run, stride = static_cast<int64_t>(blockDim.x) * norm_run;
        int64_t begin = blockIdx.x * rows_per_group;
        int64_t end = begin + rows_per_group < rows ? begin + rows_per_group : rows;
        float* sums = partial + blockIdx.x * columns;
        bool once = columns <= stride;  // the sums stay in registers; else in memory
        float total[norm_run] = {};
        for (int64_t i = begin; i < end; i++) {
            float r = inverse_rms[i];
            float v[norm_run] = {}, g[norm_run] = {};
            float dot = 0;
            for (int64_t j = first; j < columns; j += stride) {
                load_gradient(v, g, i, j);
                if (!once && i != begin) load_run<norm_run>(total, sums + j, columns - j, aligned);
                if (!once && i == begin) clear(total);
                float w[norm_run];
                load_run<norm_run>(w, weight + j, columns - j, aligned);
#pragma unroll
                for (int k = 0; k < norm_run; k++) {
                    total[k] += g[k] * v[k] * r;
                    g[k] *= w[k];
                    dot += g[k] * v[k];
                }
                if (!once) store_run<norm_run>(sums + j, total, columns - j, aligned);
            }
            float c = r * r * r * (block_sum(dot) / static_cast<float>(columns));
            for (int64_t j = first; j < columns; j += stride) {
                if (!once) {
                    float w[norm_run];
                    load_gradient(v, g, i, j);
                    load_run<norm_run>(w, weight + j, columns - j, aligned);
#pragma unroll
                    for (int k = 0; k < norm_run; k++) g[k] *= w[k];
                }
                float before[norm_run] = {};
                if (Accumulate) load_run<norm_run>(before, d_x + i * columns + j, columns - j, aligned);
#pragma unroll
                for (int k = 0; k < norm_run; k++) v[k] = r * g[k] - c * v[k] + before[k];
                store_run<norm_run>(d_x + i * columns + j, v, columns - j, aligned);
            }
        }
        if (once) store_run<norm_run>(sums + first, total, columns - first, aligned);
    }

  private:
    static __device__ __forceinline__ void clear(float* total) {
#pragma unroll
        for (int k = 0; k < norm_run; k++) total[k] = 0;
    }
    __device__ __forceinline__ void load_gradient(float (&v)[norm_run], float (&g)[norm_run], int64_t i, int64_t j) const {
        x.load(v, i, j, columns - j);
        load_run<norm_run>(g, d_y + i * columns + j, columns - j, aligned);
    }
};

}  // namespace ottava
