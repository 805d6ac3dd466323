// Updates of parameters: the coefficient of clipping, LOMO and AdamW.
#include "update.h"

OTTAVA_CPU_BEGIN

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

int lomo_update(int64_t, int64_t control, int weight_dtype, int64_t weight, int gradient_dtype, int64_t gradient, int64_t count,
                double weight_decay, double max_value, int stochastic, int64_t seed, int64_t tensor_index, int64_t squares) {
    if (weight_dtype != OTTAVA_F32 && weight_dtype != OTTAVA_BF16) refuse_dtype("lomo_update", weight_dtype);
    if (gradient_dtype != OTTAVA_F32 && gradient_dtype != OTTAVA_BF16) refuse_dtype("lomo_update", gradient_dtype);
    Control c = *pointer<Control>(control);
    if (!c.ok) return skip(squares, gradient_dtype, gradient, count);
    float decay = decay_of(static_cast<double>(c.learning_rate), weight_decay);
    Clip clip(max_value, c);
    RandomBits bits{static_cast<uint64_t>(seed), static_cast<uint32_t>(tensor_index), static_cast<uint32_t>(c.step)};
    double sum;
    if (weight_dtype == OTTAVA_F32) {
        sum = lomo<false>(pointer<float>(weight), gradient_dtype, gradient, count, c.learning_rate, decay, clip, bits);
    } else {
        auto run = stochastic ? lomo<true, bf16> : lomo<false, bf16>;
        sum = run(pointer<bf16>(weight), gradient_dtype, gradient, count, c.learning_rate, decay, clip, bits);
    }
    write_sum(squares, sum);
    return OTTAVA_OK;
}

// The F32 weight, alone or split over a BF16 weight and its low bits.
struct FullWeight {
    float* weight;

    __attribute__((always_inline)) float load(int64_t i) const { return weight[i]; }
    __attribute__((always_inline)) void store(int64_t i, float value) const { weight[i] = value; }
};

struct SplitWeight {
    bf16* weight;
    int16_t* low_bits;

    __attribute__((always_inline)) float load(int64_t i) const {
        uint32_t high = static_cast<uint32_t>(weight[i].bits) << 16;
        return bits_to_float(high + static_cast<uint32_t>(static_cast<int32_t>(low_bits[i])));
    }
    __attribute__((always_inline)) void store(int64_t i, float value) const {
        uint32_t bits = float_to_bits(value);
        // The one NaN whose high half is a NaN too.
        bits = (bits & 0x7fffffffu) > 0x7f800000u ? 0x7fc00000u : bits;
        weight[i].bits = static_cast<uint16_t>((bits + 0x8000u) >> 16);
        low_bits[i] = static_cast<int16_t>(bits);  // what is left: bits - (bits + 0x8000 with its low half cut off)
    }
};

struct AdamW {
    float beta1, rest1, beta2, rest2, epsilon, rate, inverse_correction2, decay;
};

template <class Weight>
static double adamw_block(Weight weight, const float* gradient, float* first_moment, float* second_moment, int64_t begin, int64_t end,
                          AdamW s, Clip clip) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = begin; i < end; i++) {
        double raw = static_cast<double>(gradient[i]);
        sum += raw * raw;
        float g = clip(gradient[i]);
        float m = s.beta1 * first_moment[i] + s.rest1 * g;
        float v = s.beta2 * second_moment[i] + s.rest2 * (g * g);
        first_moment[i] = m;
        second_moment[i] = v;
        weight.store(i, weight.load(i) * s.decay - s.rate * m / (sqrtf(v * s.inverse_correction2) + s.epsilon));
    }
    return sum;
}

int adamw_update(int64_t, int64_t control, int weight_dtype, int64_t weight, int64_t low_bits, int64_t gradient, int64_t first_moment,
                 int64_t second_moment, int64_t count, double beta1, double beta2, double epsilon, double weight_decay, double max_value,
                 int64_t squares) {
    if (weight_dtype != OTTAVA_F32 && weight_dtype != OTTAVA_BF16) refuse_dtype("adamw_update", weight_dtype);
    if (weight_dtype == OTTAVA_BF16 && low_bits == 0)
        fail(OTTAVA_INVALID_ARGUMENT, "adamw_update on cpu: a bf16 weight needs its low_bits");
    Control c = *pointer<Control>(control);
    if (!c.ok) return skip(squares, OTTAVA_F32, gradient, count);
    double rate = static_cast<double>(c.learning_rate), t = static_cast<double>(c.step);
    AdamW s{static_cast<float>(beta1),
            static_cast<float>(1.0 - beta1),
            static_cast<float>(beta2),
            static_cast<float>(1.0 - beta2),
            static_cast<float>(epsilon),
            static_cast<float>(rate / (1.0 - pow(beta1, t))),
            static_cast<float>(1.0 / (1.0 - pow(beta2, t))),
            decay_of(rate, weight_decay)};
    Clip clip(max_value, c);
    const float* g = pointer<float>(gradient);
    float* m = pointer<float>(first_moment);
    float* v = pointer<float>(second_moment);
    double sum;
    if (weight_dtype == OTTAVA_F32) {
        FullWeight w{pointer<float>(weight)};
        sum = sum_over_blocks(count, [=](int64_t begin, int64_t end) { return adamw_block(w, g, m, v, begin, end, s, clip); });
    } else {
        SplitWeight w{pointer<bf16>(weight), pointer<int16_t>(low_bits)};
        sum = sum_over_blocks(count, [=](int64_t begin, int64_t end) { return adamw_block(w, g, m, v, begin, end, s, clip); });
    }
    write_sum(squares, sum);
    return OTTAVA_OK;
}

OTTAVA_CPU_END
