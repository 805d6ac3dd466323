// Elementwise operations and sums.
#include "fp8.h"
#include "kernels.h"

OTTAVA_CPU_BEGIN

// Sums are taken over blocks of this many elements, then over the blocks in order: the result does not depend on the number of threads.
static constexpr int64_t block = 4096;

template <class T>
static void fill_with(T* x, int64_t count, T value) {
#pragma omp parallel for simd
    for (int64_t i = 0; i < count; i++) x[i] = value;
}

int fill(int64_t, int dtype, int64_t x, int64_t count, double value) {
    if (dtype == OTTAVA_BF16) {
        bf16 rounded;
        store(rounded, static_cast<float>(value));
        fill_with(pointer<bf16>(x), count, rounded);
    } else if (dtype == OTTAVA_I32) {
        fill_with(pointer<int32_t>(x), count, static_cast<int32_t>(value));
    } else if (dtype == OTTAVA_I16) {
        fill_with(pointer<int16_t>(x), count, static_cast<int16_t>(value));
    } else if (dtype == OTTAVA_F32) {
        fill_with(pointer<float>(x), count, static_cast<float>(value));
    } else if (dtype == OTTAVA_E4M3) {
        fill_with(pointer<uint8_t>(x), count, float_to_fp8<e4m3>(static_cast<float>(value)));
    } else if (dtype == OTTAVA_E5M2) {
        fill_with(pointer<uint8_t>(x), count, float_to_fp8<e5m2>(static_cast<float>(value)));
    } else {
        fail(OTTAVA_UNSUPPORTED, "fill on cpu: dtype %d is none of f32, bf16, e4m3, e5m2, i32, i16", dtype);
    }
    return OTTAVA_OK;
}

struct f16 {
    uint16_t bits;
};

inline float load(f16 value) {
    uint32_t sign = static_cast<uint32_t>(value.bits & 0x8000u) << 16;
    uint32_t rest = value.bits & 0x7fffu;
    if (rest >= 0x7c00u) return bits_to_float(sign | 0x7f800000u | ((rest & 0x3ffu) << 13));
    // 2^112 moves the exponent from bias 15 to bias 127, and makes subnormals normal.
    return bits_to_float(float_to_bits(bits_to_float(rest << 13) * 0x1p112f) | sign);
}

inline void store(f16& target, float value) {
    uint32_t bits = float_to_bits(value);
    uint32_t sign = (bits >> 16) & 0x8000u;
    uint32_t rest = bits & 0x7fffffffu;
    uint32_t result;
    if (rest > 0x7f800000u) {
        result = 0x7e00u;
    } else if (rest >= 0x477ff000u) {
        result = 0x7c00u;
    } else if (rest < 0x38800000u) {
        // Subnormal: adding 0.5 leaves the bits, rounded by the hardware, at the bottom of the significand.
        result = float_to_bits(bits_to_float(rest) + 0.5f) - 0x3f000000u;
    } else {
        result = (rest - 0x38000000u + 0xfffu + ((rest >> 13) & 1u)) >> 13;
    }
    target.bits = static_cast<uint16_t>(sign | result);
}

template <class D, class S>
static void cast_to(int64_t destination, int64_t source, int64_t count) {
    D* d = pointer<D>(destination);
    const S* s = pointer<S>(source);
#pragma omp parallel for simd
    for (int64_t i = 0; i < count; i++) store(d[i], load(s[i]));
}

template <class D>
static bool cast_from(int source_dtype, int64_t destination, int64_t source, int64_t count) {
    switch (source_dtype) {
        case OTTAVA_F32: cast_to<D, float>(destination, source, count); return true;
        case OTTAVA_BF16: cast_to<D, bf16>(destination, source, count); return true;
        case OTTAVA_F16: cast_to<D, f16>(destination, source, count); return true;
        default: return false;
    }
}

int cast(int64_t, int destination_dtype, int64_t destination, int source_dtype, int64_t source, int64_t count) {
    bool done = false;
    if (destination_dtype == OTTAVA_F32) done = cast_from<float>(source_dtype, destination, source, count);
    if (destination_dtype == OTTAVA_BF16) done = cast_from<bf16>(source_dtype, destination, source, count);
    if (destination_dtype == OTTAVA_F16) done = cast_from<f16>(source_dtype, destination, source, count);
    if (!done) fail(OTTAVA_UNSUPPORTED, "cast on cpu: from dtype %d to dtype %d", source_dtype, destination_dtype);
    return OTTAVA_OK;
}

template <class T>
static void add_to(int64_t out, int64_t a, int64_t b, int64_t count) {
    T* o = pointer<T>(out);
    const T* x = pointer<T>(a);
    const T* y = pointer<T>(b);
#pragma omp parallel for simd
    for (int64_t i = 0; i < count; i++) store(o[i], load(x[i]) + load(y[i]));
}

int add(int64_t, int dtype, int64_t out, int64_t a, int64_t b, int64_t count) {
    dtype == OTTAVA_BF16 ? add_to<bf16>(out, a, b, count) : add_to<float>(out, a, b, count);
    return OTTAVA_OK;
}

template <bool Square, class T>
static double blocked_sum(const T* x, int64_t count) {
    double total = 0;
    int64_t blocks = (count + block - 1) / block;
    constexpr int64_t batch = 1024;
    double partial[batch];
    for (int64_t first = 0; first < blocks; first += batch) {
        int64_t last = first + batch < blocks ? first + batch : blocks;
#pragma omp parallel for
        for (int64_t p = first; p < last; p++) {
            int64_t end = (p + 1) * block < count ? (p + 1) * block : count;
            double sum = 0;
#pragma omp simd reduction(+ : sum)
            for (int64_t i = p * block; i < end; i++) {
                double value = static_cast<double>(load(x[i]));
                sum += Square ? value * value : value;
            }
            partial[p - first] = sum;
        }
        for (int64_t p = first; p < last; p++) total += partial[p - first];
    }
    return total;
}

int sum(int64_t, int64_t out, int64_t x, int64_t count) {
    *pointer<float>(out) = static_cast<float>(blocked_sum<false>(pointer<float>(x), count));
    return OTTAVA_OK;
}

int sum_squares(int64_t, int64_t out, int dtype, int64_t x, int64_t count) {
    double total = dtype == OTTAVA_BF16 ? blocked_sum<true>(pointer<bf16>(x), count) : blocked_sum<true>(pointer<float>(x), count);
    *pointer<float>(out) = static_cast<float>(total);
    return OTTAVA_OK;
}

template <class T>
static void column_sum_of(float* out, const T* x, int64_t rows, int64_t columns, int accumulate) {
    constexpr int64_t width = 256;
#pragma omp parallel for
    for (int64_t first = 0; first < columns; first += width) {
        int64_t last = first + width < columns ? first + width : columns;
        if (!accumulate)
            for (int64_t j = first; j < last; j++) out[j] = 0;
        for (int64_t i = 0; i < rows; i++)
#pragma omp simd
            for (int64_t j = first; j < last; j++) out[j] += load(x[i * columns + j]);
    }
}

int column_sum(int64_t, int64_t out, int dtype, int64_t x, int64_t rows, int64_t columns, int accumulate) {
    if (dtype == OTTAVA_BF16) {
        column_sum_of(pointer<float>(out), pointer<bf16>(x), rows, columns, accumulate);
    } else {
        column_sum_of(pointer<float>(out), pointer<float>(x), rows, columns, accumulate);
    }
    return OTTAVA_OK;
}

OTTAVA_CPU_END
