// Updates of parameters: AdamW. A chunk of elements at a time goes through buffers of floats, whatever weight and moments are stored as.
#include "coat.h"
#include "update.h"

OTTAVA_CPU_BEGIN

static constexpr int64_t chunk = CoatGroup::size;
static_assert(block_size % chunk == 0 && chunk <= RandomBits::chunk);

// The F32 weight: alone, rounded stochastically to BF16, or split over a BF16 weight and its low bits.
struct FullWeight {
    float* weight;

    FullWeight(TensorRow row, RandomBits) : weight(row.at<float>(OTTAVA_UPDATE_WEIGHT)) {}
    void load(float* w, int64_t first, int64_t count) const { memcpy(w, weight + first, static_cast<size_t>(count) * 4); }
    void store(const float* w, int64_t first, int64_t count) const { memcpy(weight + first, w, static_cast<size_t>(count) * 4); }
};

struct RoundedWeight {
    bf16* weight;
    RandomBits bits;

    RoundedWeight(TensorRow row, RandomBits random) : weight(row.at<bf16>(OTTAVA_UPDATE_WEIGHT)), bits(random) {}
    RoundedWeight(bf16* address, RandomBits random) : weight(address), bits(random) {}
    void load(float* w, int64_t first, int64_t count) const {
#pragma omp simd
        for (int64_t i = 0; i < count; i++) w[i] = OTTAVA_ISA::load(weight[first + i]);
    }
    void store(const float* w, int64_t first, int64_t count) const {
        RandomBits::Buffer buffer;
        const RandomBits::Half* random = bits.of(first, count, buffer);
#pragma omp simd
        for (int64_t i = 0; i < count; i++) store_stochastic(weight[first + i], w[i], random[i]);
    }
};

struct SplitWeight {
    bf16* weight;
    int16_t* low_bits;

    SplitWeight(TensorRow row, RandomBits)
        : weight(row.at<bf16>(OTTAVA_UPDATE_WEIGHT)), low_bits(row.at<int16_t>(OTTAVA_UPDATE_LOW_BITS)) {}
    void load(float* w, int64_t first, int64_t count) const {
#pragma omp simd
        for (int64_t i = 0; i < count; i++) {
            uint32_t high = static_cast<uint32_t>(weight[first + i].bits) << 16;
            w[i] = bits_to_float(high + static_cast<uint32_t>(static_cast<int32_t>(low_bits[first + i])));
        }
    }
    void store(const float* w, int64_t first, int64_t count) const {
#pragma omp simd
        for (int64_t i = 0; i < count; i++) {
            uint32_t bits = float_to_bits(w[i]);
            // The one NaN whose high half is a NaN too.
            bits = (bits & 0x7fffffffu) > 0x7f800000u ? 0x7fc00000u : bits;
            weight[first + i].bits = static_cast<uint16_t>((bits + 0x8000u) >> 16);
            low_bits[first + i] = static_cast<int16_t>(bits);  // what is left: bits - (bits + 0x8000 with its low half cut off)
        }
    }
};

// The moments m and v of a tensor. What is to be stored of those of an element: keep(new, old).
struct FullMoments {
    float *first, *second;

    FullMoments(TensorRow row, RandomBits)
        : first(row.at<float>(OTTAVA_UPDATE_FIRST_MOMENT)), second(row.at<float>(OTTAVA_UPDATE_SECOND_MOMENT)) {}
    void load(float* m, float* v, int64_t at, int64_t count) const {
        memcpy(m, first + at, static_cast<size_t>(count) * 4);
        memcpy(v, second + at, static_cast<size_t>(count) * 4);
    }
    void store(const float* m, const float* v, int64_t at, int64_t count) const {
        memcpy(first + at, m, static_cast<size_t>(count) * 4);
        memcpy(second + at, v, static_cast<size_t>(count) * 4);
    }
    static constexpr bool keeps_finite = false;
};

struct RoundedMoments {
    RoundedWeight first, second;

    RoundedMoments(TensorRow row, RandomBits random)
        : first(row.at<bf16>(OTTAVA_UPDATE_FIRST_MOMENT), {random.seed, random.tensor + (1u << 30), random.step}),
          second(row.at<bf16>(OTTAVA_UPDATE_SECOND_MOMENT), {random.seed, random.tensor + (1u << 31), random.step}) {}
    void load(float* m, float* v, int64_t at, int64_t count) const {
        first.load(m, at, count);
        second.load(v, at, count);
    }
    void store(const float* m, const float* v, int64_t at, int64_t count) const {
        first.store(m, at, count);
        second.store(v, at, count);
    }
    static constexpr bool keeps_finite = false;
};

struct CoatMoments {
    uint8_t *first, *second;
    CoatGroup *first_groups, *second_groups;

    CoatMoments(TensorRow row, RandomBits)
        : first(row.at<uint8_t>(OTTAVA_UPDATE_FIRST_MOMENT)),
          second(row.at<uint8_t>(OTTAVA_UPDATE_SECOND_MOMENT)),
          first_groups(row.at<CoatGroup>(OTTAVA_UPDATE_FIRST_GROUPS)),
          second_groups(row.at<CoatGroup>(OTTAVA_UPDATE_SECOND_GROUPS)) {}
    void load(float* m, float* v, int64_t at, int64_t count) const {
        first_groups[at / chunk].load(m, first + at, count);
        second_groups[at / chunk].load(v, second + at, count);
    }
    void store(const float* m, const float* v, int64_t at, int64_t count) const {
        first_groups[at / chunk].store(first + at, m, count, 16);
        second_groups[at / chunk].store(second + at, v, count, 64);
    }
    static constexpr bool keeps_finite = true;
};

struct AdamW {
    float beta1, rest1, beta2, rest2, epsilon, rate, inverse_correction2, decay;
    Clip clip;
};

__attribute__((always_inline)) inline bool is_finite(float x) {
    return (float_to_bits(x) & 0x7fffffffu) < 0x7f800000u;
}

template <class Weight, class Moments, class G>
static double adamw_chunk(const Weight& weight, const Moments& moments, const G* gradient, int64_t first, int64_t count,
                          const AdamW& step) {
    float w[chunk], m[chunk], v[chunk];
    AdamW s = step;
    weight.load(w, first, count);
    moments.load(m, v, first, count);
    const G* g = gradient + first;
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < count; i++) {
        float raw = load(g[i]), clipped = s.clip(raw);
        sum += static_cast<double>(raw) * static_cast<double>(raw);
        float next_m = s.beta1 * m[i] + s.rest1 * clipped;
        float next_v = s.beta2 * v[i] + s.rest2 * (clipped * clipped);
        w[i] = w[i] * s.decay - s.rate * next_m / (sqrtf(next_v * s.inverse_correction2) + s.epsilon);
        if constexpr (Moments::keeps_finite) {
            bool finite = is_finite(next_m) && is_finite(next_v);
            next_m = finite ? next_m : m[i];
            next_v = finite ? next_v : v[i];
        }
        m[i] = next_m;
        v[i] = next_v;
    }
    moments.store(m, v, first, count);
    weight.store(w, first, count);
    return sum;
}

template <class Weight, class Moments, class G>
static double adamw(TensorRow row, const AdamW& step, RandomBits bits) {
    Weight weight(row, bits);
    Moments moments(row, bits);
    const G* gradient = row.at<G>(OTTAVA_UPDATE_GRADIENT);
    return sum_over_blocks(row.count(), [=, &step](int64_t begin, int64_t end) {
        double sum = 0;
        for (int64_t i = begin; i < end; i += chunk)
            sum += adamw_chunk(weight, moments, gradient, i, end - i < chunk ? end - i : chunk, step);
        return sum;
    });
}

using Update = double (*)(TensorRow, const AdamW&, RandomBits);

template <class Weight, class Moments>
static Update update_of(int gradient_dtype) {
    return gradient_dtype == OTTAVA_BF16 ? adamw<Weight, Moments, bf16> : adamw<Weight, Moments, float>;
}

template <class Weight>
static Update update_of(int moment_dtype, int gradient_dtype) {
    switch (moment_dtype) {
        case OTTAVA_F32: return update_of<Weight, FullMoments>(gradient_dtype);
        case OTTAVA_BF16: return update_of<Weight, RoundedMoments>(gradient_dtype);
        default: return update_of<Weight, CoatMoments>(gradient_dtype);
    }
}

int adamw_update(int64_t, int64_t control, int weight_dtype, int gradient_dtype, int moment_dtype, const int64_t* tensors, int64_t count,
                 double beta1, double beta2, double epsilon, double max_value, int, int64_t seed) {
    Control c = *pointer<Control>(control);
    double rate = static_cast<double>(c.learning_rate), t = static_cast<double>(c.step);
    AdamW shared{static_cast<float>(beta1),
                 static_cast<float>(1.0 - beta1),
                 static_cast<float>(beta2),
                 static_cast<float>(1.0 - beta2),
                 static_cast<float>(epsilon),
                 static_cast<float>(rate / (1.0 - pow(beta1, t))),
                 static_cast<float>(1.0 / (1.0 - pow(beta2, t))),
                 1,
                 Clip(max_value, c)};
    for_each_tensor(tensors, count, [=](TensorRow row) {
        if (!c.ok) {
            skip(row.sum_squares(), gradient_dtype, row.gradient(), row.count());
            return;
        }
        AdamW step = shared;
        step.decay = decay_of(rate, row.weight_decay());
        bool split = row.word[OTTAVA_UPDATE_LOW_BITS] != 0;
        Update update = weight_dtype == OTTAVA_F32 ? update_of<FullWeight>(moment_dtype, gradient_dtype)
                        : split                    ? update_of<SplitWeight>(moment_dtype, gradient_dtype)
                                                   : update_of<RoundedWeight>(moment_dtype, gradient_dtype);
        write_sum(row.sum_squares(), update(row, step, row.random(seed, c)));
    });
    return OTTAVA_OK;
}

OTTAVA_CPU_END
