// What the updates of parameters share: the control block, the clipped gradient, and the rounded store.
#pragma once

#include "blocks.h"
#include "philox.h"

OTTAVA_CPU_BEGIN

struct Control {
    float learning_rate, coefficient, gradient_norm;
    int32_t ok, step;
    float loss_scale;
    double loss;
};
static_assert(sizeof(Control) == 32);

// A row of a table of tensors.
struct TensorRow {
    const int64_t* word;

    template <class T>
    T* at(int field) const {
        return pointer<T>(word[field]);
    }
    int64_t count() const { return word[OTTAVA_UPDATE_COUNT]; }
    int64_t gradient() const { return word[OTTAVA_UPDATE_GRADIENT]; }
    int64_t sum_squares() const { return word[OTTAVA_UPDATE_SUM_SQUARES]; }
    double weight_decay() const {
        double decay;
        memcpy(&decay, word + OTTAVA_UPDATE_WEIGHT_DECAY, sizeof decay);
        return decay;
    }
    RandomBits random(int64_t seed, const Control& c) const {
        return {static_cast<uint64_t>(seed), static_cast<uint32_t>(word[OTTAVA_UPDATE_TENSOR_INDEX]), static_cast<uint32_t>(c.step)};
    }
};

// Calls update(row) for each tensor: small ones side by side, a thread each; then large ones, which use all threads themselves.
template <class Update>
inline void for_each_tensor(const int64_t* tensors, int64_t count, Update update) {
    int64_t small = 0;
    auto row = [tensors](int64_t i) { return TensorRow{tensors + i * OTTAVA_UPDATE_FIELDS}; };
    for (int64_t i = 0; i < count; i++) small += row(i).count() <= parallel_from ? row(i).count() : 0;
#pragma omp parallel for schedule(dynamic) if (small > parallel_from)
    for (int64_t i = 0; i < count; i++)
        if (row(i).count() > 0 && row(i).count() <= parallel_from) update(row(i));
    for (int64_t i = 0; i < count; i++)
        if (row(i).count() > parallel_from) update(row(i));
}

// What turns a gradient into g: the clamp, then the coefficient.
struct Clip {
    float max_value, coefficient;

    Clip(double limit, const Control& c) : max_value(limit == 0 ? INFINITY : static_cast<float>(limit)), coefficient(c.coefficient) {}

    // A NaN fails both comparisons and stays.
    __attribute__((always_inline)) float operator()(float g) const {
        g = g > max_value ? max_value : g;
        g = g < -max_value ? -max_value : g;
        return g * coefficient;
    }
};

// weight[i] = weight[i] * decay - step(i) for i in [begin, end), in which case i is also the number of its random bits.
template <bool Stochastic, class W, class Step>
__attribute__((always_inline)) inline void apply(W* weight, int64_t begin, int64_t end, float decay, const RandomBits& bits, Step step) {
    for (int64_t first = begin; first < end; first += RandomBits::chunk) {
        int64_t last = first + RandomBits::chunk < end ? first + RandomBits::chunk : end;
        if constexpr (Stochastic) {
            RandomBits::Buffer buffer;
            const RandomBits::Half* random = bits.of(first, last - first, buffer);
#pragma omp simd
            for (int64_t i = first; i < last; i++) store_stochastic(weight[i], load(weight[i]) * decay - step(i), random[i - first]);
        } else {
#pragma omp simd
            for (int64_t i = first; i < last; i++) store(weight[i], load(weight[i]) * decay - step(i));
        }
    }
}

template <class T>
inline double squares_of(const T* x, int64_t begin, int64_t end) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = begin; i < end; i++) sum += static_cast<double>(load(x[i])) * static_cast<double>(load(x[i]));
    return sum;
}

inline void write_sum(int64_t address, double sum) {
    if (address != 0) *pointer<float>(address) = static_cast<float>(sum);
}

// A step that is not to be taken still tells how large the gradient was.
inline int skip(int64_t squares, int gradient_dtype, int64_t gradient, int64_t count) {
    return squares == 0 ? static_cast<int>(OTTAVA_OK) : sum_squares(0, squares, gradient_dtype, gradient, count);
}

inline float decay_of(double learning_rate, double weight_decay) {
    return static_cast<float>(1.0 - learning_rate * weight_decay);
}

OTTAVA_CPU_END
