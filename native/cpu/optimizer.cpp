// Updates of parameters: the loss they depend on, the coefficient of clipping, and LOMO.
#include "update.h"

OTTAVA_CPU_BEGIN

int add_loss(int64_t, int64_t control, int64_t x) {
    Control& c = *pointer<Control>(control);
    if (__builtin_isfinite(c.loss)) c.loss += static_cast<double>(*pointer<float>(x));
    if (!__builtin_isfinite(c.loss)) c.ok = 0;
    return OTTAVA_OK;
}

int clip_coefficient(int64_t, int64_t control, int64_t sums, int64_t count, double max_norm) {
    Control& c = *pointer<Control>(control);
    const float* x = pointer<float>(sums);
    double total = 0;
    for (int64_t i = 0; i < count; i++) total += static_cast<double>(x[i]);
    double norm = sqrt(total);
    double coefficient = max_norm / (norm + 1e-6);
    c.gradient_norm = static_cast<float>(norm);
    c.coefficient = max_norm == 0 || coefficient > 1 ? 1.0f : static_cast<float>(coefficient);
    if (!(c.gradient_norm <= 0x1.fffffep127f)) c.ok = 0;
    return OTTAVA_OK;
}

template <bool Stochastic, class W, class G>
static double lomo(W* weight, const G* gradient, int64_t count, float rate, float decay, Clip clip, RandomBits bits) {
    return sum_over_blocks(count, [=](int64_t begin, int64_t end) {
        const G* g = gradient;
        Clip clipped = clip;
        float r = rate;
        double sum = squares_of(g, begin, end);
        apply<Stochastic>(
            weight, begin, end, decay, bits, [=](int64_t i) __attribute__((always_inline)) { return r * clipped(load(g[i])); });
        return sum;
    });
}

template <bool Stochastic, class W>
static double lomo(W* weight, int gradient_dtype, int64_t gradient, int64_t count, float rate, float decay, Clip clip, RandomBits bits) {
    return gradient_dtype == OTTAVA_BF16 ? lomo<Stochastic>(weight, pointer<bf16>(gradient), count, rate, decay, clip, bits)
                                         : lomo<Stochastic>(weight, pointer<float>(gradient), count, rate, decay, clip, bits);
}

int lomo_update(int64_t, int64_t control, int weight_dtype, int gradient_dtype, const int64_t* tensors, int64_t count, double max_value,
                int stochastic, int64_t seed) {
    Control c = *pointer<Control>(control);
    Clip clip(max_value, c);
    for_each_tensor(tensors, count, [=](TensorRow row) {
        if (!c.ok) {
            skip(row.sum_squares(), gradient_dtype, row.gradient(), row.count());
            return;
        }
        float decay = decay_of(static_cast<double>(c.learning_rate), row.weight_decay());
        RandomBits bits = row.random(seed, c);
        double sum;
        if (weight_dtype == OTTAVA_F32) {
            sum = lomo<false>(row.at<float>(OTTAVA_UPDATE_WEIGHT), gradient_dtype, row.gradient(), row.count(), c.learning_rate, decay,
                              clip, bits);
        } else {
            auto run = stochastic ? lomo<true, bf16> : lomo<false, bf16>;
            sum = run(row.at<bf16>(OTTAVA_UPDATE_WEIGHT), gradient_dtype, row.gradient(), row.count(), c.learning_rate, decay, clip, bits);
        }
        write_sum(row.sum_squares(), sum);
    });
    return OTTAVA_OK;
}

OTTAVA_CPU_END
