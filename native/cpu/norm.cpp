// RMSNorm.
#include "norm.h"

#include "blocks.h"

OTTAVA_CPU_BEGIN

// inverse_rms of the rows is made, unless it is given.
template <class T>
static void normalise(T* y, float* inverse_rms, bool given, const T* x, const T* weight, int64_t rows, int64_t columns, float epsilon) {
#pragma omp parallel for if (rows * columns > parallel_from)
    for (int64_t i = 0; i < rows; i++) {
        const T* in = x + i * columns;
        T* out = y + i * columns;
        if (!given) {
            float sum = 0;
#pragma omp simd reduction(+ : sum)
            for (int64_t j = 0; j < columns; j++) sum += load(in[j]) * load(in[j]);
            inverse_rms[i] = 1.0f / sqrtf(sum / static_cast<float>(columns) + epsilon);
        }
        float r = inverse_rms[i];
#pragma omp simd
        for (int64_t j = 0; j < columns; j++) store(out[j], load(in[j]) * r * load(weight[j]));
    }
}

static void normalise_of(const char* operation, int dtype, int64_t y, int64_t inverse_rms, bool given, int64_t x, int64_t weight,
                         int64_t rows, int64_t columns, double epsilon) {
    float* r = pointer<float>(inverse_rms);
    float e = static_cast<float>(epsilon);
    switch (dtype) {
        case OTTAVA_F32: normalise(pointer<float>(y), r, given, pointer<float>(x), pointer<float>(weight), rows, columns, e); break;
        case OTTAVA_BF16: normalise(pointer<bf16>(y), r, given, pointer<bf16>(x), pointer<bf16>(weight), rows, columns, e); break;
        default: refuse_dtype(operation, dtype);
    }
}

int rms_norm_forward(int64_t, int dtype, int64_t y, int64_t inverse_rms, int64_t x, int64_t weight, int64_t rows, int64_t columns,
                     double epsilon) {
    normalise_of("rms_norm_forward", dtype, y, inverse_rms, false, x, weight, rows, columns, epsilon);
    return OTTAVA_OK;
}

void rms_norm_apply(int dtype, int64_t y, int64_t inverse_rms, int64_t x, int64_t weight, int64_t rows, int64_t columns) {
    normalise_of("rms_norm_quantize", dtype, y, inverse_rms, true, x, weight, rows, columns, 0);
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

// add_row(sum, i, group) adds the part of row i to its group's sum of d_weight; rows of a group come in order.
template <class AddRow>
static void sum_over_rows(float* d_weight, int accumulate_d_weight, const RowGroups& groups, int64_t columns, AddRow add_row) {
    Scratch scratch("rms_norm_backward", groups.count * columns * static_cast<int64_t>(sizeof(float)));
    float* partial = scratch.take<float>(groups.count * columns);
#pragma omp parallel for if (groups.rows * columns > parallel_from)
    for (int64_t group = 0; group < groups.count; group++) {
        float* sum = partial + group * columns;
        memset(sum, 0, static_cast<size_t>(columns) * sizeof(float));
        for (int64_t i = groups.begin(group); i < groups.end(group); i++) add_row(sum, i, group);
    }
    if (!accumulate_d_weight) memset(d_weight, 0, static_cast<size_t>(columns) * sizeof(float));
    for (int64_t group = 0; group < groups.count; group++) {
        const float* sum = partial + group * columns;
#pragma omp simd
        for (int64_t j = 0; j < columns; j++) d_weight[j] += sum[j];
    }
}

template <class T, bool Accumulate>
static void gradient(T* d_x, float* d_weight, int accumulate_d_weight, const T* d_y, const T* x, const T* weight, const float* inverse_rms,
                     int64_t rows, int64_t columns) {
    sum_over_rows(d_weight, accumulate_d_weight, RowGroups(rows), columns, [=](float* sum, int64_t i, int64_t) {
        row_gradient<Accumulate>(d_x + i * columns, sum, d_y + i * columns, x + i * columns, weight, inverse_rms[i], columns);
    });
}

template <class T>
static void widen(float* wide, const T* x, int64_t count) {
#pragma omp simd
    for (int64_t j = 0; j < count; j++) wide[j] = load(x[j]);
}

// Of codes: each row is widened, taken as a row of F32, and its d_x rounded.
template <class T, bool Accumulate>
static void gradient_of_codes(T* d_x, float* d_weight, int accumulate_d_weight, const T* d_y, int64_t x, int64_t x_pitch, int64_t x_scales,
                              const T* weight, const float* inverse_rms, int64_t rows, int64_t columns) {
    RowGroups groups(rows);
    Scratch scratch("rms_norm_backward", (1 + 3 * groups.count) * columns * static_cast<int64_t>(sizeof(float)));
    float* wide_weight = scratch.take<float>(columns);
    float* wide_rows = scratch.take<float>(3 * groups.count * columns);
    widen(wide_weight, weight, columns);
    int64_t scales_of_row = (columns + 15) / 16 * static_cast<int64_t>(sizeof(bf16));
    sum_over_rows(d_weight, accumulate_d_weight, groups, columns, [=](float* sum, int64_t i, int64_t group) {
        float* own_x = wide_rows + 3 * group * columns;
        float *own_d_y = own_x + columns, *own_d_x = own_d_y + columns;
        T* to = d_x + i * columns;
        dequantize(0, OTTAVA_F32, reinterpret_cast<int64_t>(own_x), columns, OTTAVA_E4M3, x + i * x_pitch, x_pitch, OTTAVA_GROUPS_16,
                   x_scales + i * scales_of_row, 1, columns);
        widen(own_d_y, d_y + i * columns, columns);
        if constexpr (Accumulate) widen(own_d_x, to, columns);
        row_gradient<Accumulate>(own_d_x, sum, own_d_y, own_x, wide_weight, inverse_rms[i], columns);
#pragma omp simd
        for (int64_t j = 0; j < columns; j++) store(to[j], own_d_x[j]);
    });
}

template <class T, bool Accumulate>
static void gradient_of(int64_t d_x, int64_t d_weight, int accumulate_d_weight, int64_t d_y, int64_t x, int64_t x_pitch, int64_t x_scales,
                        int64_t weight, int64_t inverse_rms, int64_t rows, int64_t columns) {
    if (x_scales != 0) {
        gradient_of_codes<T, Accumulate>(pointer<T>(d_x), pointer<float>(d_weight), accumulate_d_weight, pointer<T>(d_y), x, x_pitch,
                                         x_scales, pointer<T>(weight), pointer<float>(inverse_rms), rows, columns);
    } else {
        gradient<T, Accumulate>(pointer<T>(d_x), pointer<float>(d_weight), accumulate_d_weight, pointer<T>(d_y), pointer<T>(x),
                                pointer<T>(weight), pointer<float>(inverse_rms), rows, columns);
    }
}

int rms_norm_backward(int64_t, int dtype, int64_t d_x, int accumulate_d_x, int64_t d_weight, int accumulate_d_weight, int64_t d_y,
                      int64_t x, int64_t x_pitch, int64_t x_scales, int64_t weight, int64_t inverse_rms, int64_t rows, int64_t columns) {
    if (dtype != OTTAVA_F32 && dtype != OTTAVA_BF16) refuse_dtype("rms_norm_backward", dtype);
    auto run = dtype == OTTAVA_F32 ? (accumulate_d_x ? gradient_of<float, true> : gradient_of<float, false>)
                                   : (accumulate_d_x ? gradient_of<bf16, true> : gradient_of<bf16, false>);
    run(d_x, d_weight, accumulate_d_weight, d_y, x, x_pitch, x_scales, weight, inverse_rms, rows, columns);
    return OTTAVA_OK;
}

OTTAVA_CPU_END
