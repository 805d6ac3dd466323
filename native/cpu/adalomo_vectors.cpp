// Updates of parameters: AdaLomo for vectors.
#include "adalomo.h"

OTTAVA_CPU_BEGIN

template <class W>
static double squares_of_weight(const W* weight, int64_t count) {
    return sum_over_blocks(count, [=](int64_t begin, int64_t end) { return squares_of(weight, begin, end); });
}

// v > 0 but where the step is beyond counting; the guard keeps 0 / sqrt(0) away.
__attribute__((always_inline)) inline float relative_to(float g, float v) {
    return g / sqrtf(v < 0x1p-126f ? 0x1p-126f : v);
}

// Updates a block of the second moment; returns the sum of squares of u.
static double update_second_moment(float* second_moment, const float* gradient, int64_t begin, int64_t end, float beta, float rest,
                                   Clip clip) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = begin; i < end; i++) {
        float g = clip(gradient[i]);
        float v = beta * second_moment[i] + rest * (g * g + tiny);
        second_moment[i] = v;
        double u = static_cast<double>(relative_to(g, v));
        sum += u * u;
    }
    return sum;
}

template <bool Stochastic, class W>
static void adalomo_vector(const AdaLomo& step, W* weight, const float* gradient, float* second_moment, int64_t count) {
    float beta = static_cast<float>(step.beta), rest = static_cast<float>(1.0 - step.beta);
    double weight_squares = squares_of_weight(weight, count);
    double u_squares = sum_over_blocks(count, [=, &step](int64_t begin, int64_t end) {
        return update_second_moment(second_moment, gradient, begin, end, beta, rest, step.clip);
    });
    double rate = step.rate(weight_squares, static_cast<double>(count));
    float scale = AdaLomo::factor(rate, u_squares, static_cast<double>(count)), decay = decay_of(rate, step.weight_decay);
    sum_over_blocks(count, [=, &step](int64_t begin, int64_t end) {
        const float* g = gradient;
        const float* v = second_moment;
        float s = scale;
        Clip clip = step.clip;
        apply<Stochastic>(
            weight, begin, end, decay,
            step.bits, [=](int64_t i) __attribute__((always_inline)) { return s * relative_to(clip(g[i]), v[i]); });
        return 0.0;
    });
}

int adalomo_update_vectors(int64_t, int64_t control, int weight_dtype, const int64_t* tensors, int64_t count, double max_value,
                           int stochastic, int64_t seed) {
    Control c = *pointer<Control>(control);
    for_each_tensor(tensors, count, [=](TensorRow row) {
        skip(row.sum_squares(), OTTAVA_F32, row.gradient(), row.count());  // vectors are short: reading twice costs nothing
        if (!c.ok) return;
        AdaLomo step(c, row.weight_decay(), max_value, row.random(seed, c));
        const float* gradient = row.at<float>(OTTAVA_UPDATE_GRADIENT);
        float* moment = row.at<float>(OTTAVA_UPDATE_SECOND_MOMENT);
        if (weight_dtype == OTTAVA_F32) {
            adalomo_vector<false>(step, row.at<float>(OTTAVA_UPDATE_WEIGHT), gradient, moment, row.count());
        } else {
            auto run = stochastic ? adalomo_vector<true, bf16> : adalomo_vector<false, bf16>;
            run(step, row.at<bf16>(OTTAVA_UPDATE_WEIGHT), gradient, moment, row.count());
        }
    });
    return OTTAVA_OK;
}

OTTAVA_CPU_END
