// RMSNorm.
#include "blocks.h"

OTTAVA_CPU_BEGIN

template <class T>
static void normalise(T* y, float* inverse_rms, const T* x, const T* weight, int64_t rows, int64_t columns, float epsilon) {
#pragma omp parallel for if (rows * columns > parallel_from)
    for (int64_t i = 0; i < rows; i++) {
        const T* in = x + i * columns;
        T* out = y + i * columns;
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t j = 0; j < columns; j++) sum += load(in[j]) * load(in[j]);
        float r = 1.0f / sqrtf(sum / static_cast<float>(columns) + epsilon);
        inverse_rms[i] = r;
#pragma omp simd
        for (int64_t j = 0; j < columns; j++) store(out[j], load(in[j]) * r * load(weight[j]));
    }
}

int rms_norm_forward(int64_t, int dtype, int64_t y, int64_t inverse_rms, int64_t x, int64_t weight, int64_t rows, int64_t columns,
                     double epsilon) {
    float* r = pointer<float>(inverse_rms);
    float e = static_cast<float>(epsilon);
    switch (dtype) {
        case OTTAVA_F32: normalise(pointer<float>(y), r, pointer<float>(x), pointer<float>(weight), rows, columns, e); break;
        case OTTAVA_BF16: normalise(pointer<bf16>(y), r, pointer<bf16>(x), pointer<bf16>(weight), rows, columns, e); break;
        default: refuse_dtype("rms_norm_forward", dtype);
    }
    return OTTAVA_OK;
}

// One row: adds its part of the gradient of the weight, then writes its d_x while x and d_y are still in the cache.
template <bool Accumulate, class T>
static void row_gradient(T* d_x, float* d_weight, const T* d_y, const T* x, const T* weight, float r, int64_t columns) {
    float dot = 0;
#pragma omp simd reduction(+ : dot)
    for (int64_t j = 0; j < columns; j++) {
        float d = load(d_y[j]), v = load(x[j]);
        dot += d * load(weight[j]) * v;
        d_weight[j] += d * v * r;
    }
    float c = r * r * r * (dot / static_cast<float>(columns));
#pragma omp simd
    for (int64_t j = 0; j < columns; j++) {
        float gradient = r * (load(d_y[j]) * load(weight[j])) - c * load(x[j]);
        if constexpr (Accumulate) gradient += load(d_x[j]);
        store(d_x[j], gradient);
    }
}

template <bool Accumulate, class T>
static void gradient(T* d_x, float* d_weight, int accumulate_d_weight, const T* d_y, const T* x, const T* weight, const float* inverse_rms,
                     int64_t rows, int64_t columns) {
    RowGroups groups(rows);
    Scratch scratch("rms_norm_backward", groups.count * columns * static_cast<int64_t>(sizeof(float)));
    float* partial = scratch.take<float>(groups.count * columns);
#pragma omp parallel for if (rows * columns > parallel_from)
    for (int64_t group = 0; group < groups.count; group++) {
        float* sum = partial + group * columns;
        memset(sum, 0, static_cast<size_t>(columns) * sizeof(float));
        for (int64_t i = groups.begin(group); i < groups.end(group); i++)
            row_gradient<Accumulate>(d_x + i * columns, sum, d_y + i * columns, x + i * columns, weight, inverse_rms[i], columns);
    }
    if (!accumulate_d_weight) memset(d_weight, 0, static_cast<size_t>(columns) * sizeof(float));
    for (int64_t group = 0; group < groups.count; group++) {
        const float* sum = partial + group * columns;
#pragma omp simd
        for (int64_t j = 0; j < columns; j++) d_weight[j] += sum[j];
    }
}

template <class T>
static void gradient_of(int64_t d_x, int accumulate_d_x, int64_t d_weight, int accumulate_d_weight, int64_t d_y, int64_t x, int64_t weight,
                        int64_t inverse_rms, int64_t rows, int64_t columns) {
    auto run = accumulate_d_x ? gradient<true, T> : gradient<false, T>;
    run(pointer<T>(d_x), pointer<float>(d_weight), accumulate_d_weight, pointer<T>(d_y), pointer<T>(x), pointer<T>(weight),
        pointer<float>(inverse_rms), rows, columns);
}

int rms_norm_backward(int64_t, int dtype, int64_t d_x, int accumulate_d_x, int64_t d_weight, int accumulate_d_weight, int64_t d_y,
                      int64_t x, int64_t weight, int64_t inverse_rms, int64_t rows, int64_t columns) {
    if (dtype != OTTAVA_F32 && dtype != OTTAVA_BF16) refuse_dtype("rms_norm_backward", dtype);
    auto run = dtype == OTTAVA_F32 ? gradient_of<float> : gradient_of<bf16>;
    run(d_x, accumulate_d_x, d_weight, accumulate_d_weight, d_y, x, weight, inverse_rms, rows, columns);
    return OTTAVA_OK;
}

OTTAVA_CPU_END
