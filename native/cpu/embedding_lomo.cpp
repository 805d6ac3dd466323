// LOMO of an embedding: its gradient exists a row at a time. Compiled without contraction of products and sums, as optimizer.cpp is.
#include "update.h"

OTTAVA_CPU_BEGIN

namespace {

// For each id its tokens, in order: first[id], then next[token]; -1 ends.
struct TokensOfIds {
    Scratch scratch;
    int32_t *first, *next;

    TokensOfIds(const int32_t* ids, int64_t tokens, int64_t vocabulary)
        : scratch("embedding_lomo", (tokens + vocabulary) * static_cast<int64_t>(sizeof(int32_t))) {
        first = scratch.take<int32_t>(vocabulary);
        next = scratch.take<int32_t>(tokens);
        for (int64_t v = 0; v < vocabulary; v++) first[v] = -1;
        for (int64_t t = tokens - 1; t >= 0; t--) {
            if (ids[t] < 0 || ids[t] >= vocabulary)
                fail(OTTAVA_INVALID_ARGUMENT, "embedding_lomo on cpu: id %d at position %lld is not in the vocabulary of %lld",
                     static_cast<int>(ids[t]), static_cast<long long>(t), static_cast<long long>(vocabulary));
            next[t] = first[ids[t]];
            first[ids[t]] = static_cast<int32_t>(t);
        }
    }
};

template <bool Stochastic>
struct Rounded {
    static constexpr bool value = Stochastic;
};

struct Rule {
    bool writes;
    float rate, decay;
    Clip clip;
    RandomBits bits;
};

template <bool Stochastic, class W, class T>
double lomo_of_rows(W* weight, const T* d_out, const TokensOfIds& of, int64_t vocabulary, int64_t hidden, Rule rule) {
    RowGroups groups(vocabulary);
    Scratch scratch("embedding_lomo", groups.count * hidden * static_cast<int64_t>(sizeof(float)));
    float* gradients = scratch.take<float>(groups.count * hidden);
    double partial[32];
    // A row without a token changes by the decay alone.
    bool all = rule.writes && rule.decay != 1.0f;
#pragma omp parallel for if (vocabulary * hidden > parallel_from)
    for (int64_t group = 0; group < groups.count; group++) {
        float* gradient = gradients + group * hidden;
        double sum = 0;
        for (int64_t v = groups.begin(group); v < groups.end(group); v++) {
            if (of.first[v] < 0 && !all) continue;
            memset(gradient, 0, static_cast<size_t>(hidden) * sizeof(float));
            for (int32_t t = of.first[v]; t >= 0; t = of.next[t]) {
                const T* s = d_out + t * hidden;
#pragma omp simd
                for (int64_t j = 0; j < hidden; j++) gradient[j] += load(s[j]);
            }
            sum += squares_of(gradient, 0, hidden);
            if (!rule.writes) continue;
            const float* g = gradient - v * hidden;
            float rate = rule.rate;
            Clip clip = rule.clip;
            apply<Stochastic>(
                weight, v * hidden, (v + 1) * hidden, rule.decay,
                rule.bits, [=](int64_t i) __attribute__((always_inline)) { return rate * clip(g[i]); });
        }
        partial[group] = sum;
    }
    double sum = 0;
    for (int64_t group = 0; group < groups.count; group++) sum += partial[group];
    return sum;
}

}  // namespace

int embedding_lomo(int64_t, int64_t control, int weight_dtype, int64_t weight, int dtype, int64_t d_out, int64_t ids, int64_t tokens,
                   int64_t vocabulary, int64_t hidden, double weight_decay, double max_value, int stochastic, int64_t seed,
                   int64_t tensor_index, int64_t squares) {
    if (weight_dtype != OTTAVA_F32 && weight_dtype != OTTAVA_BF16) refuse_dtype("embedding_lomo", weight_dtype);
    if (dtype != OTTAVA_F32 && dtype != OTTAVA_BF16) refuse_dtype("embedding_lomo", dtype);
    Control c = weight == 0 ? Control{} : *pointer<Control>(control);
    Rule rule{weight != 0 && c.ok != 0, c.learning_rate, decay_of(static_cast<double>(c.learning_rate), weight_decay), Clip(max_value, c),
              RandomBits{static_cast<uint64_t>(seed), static_cast<uint32_t>(tensor_index), static_cast<uint32_t>(c.step)}};
    TokensOfIds of(pointer<int32_t>(ids), tokens, vocabulary);
    auto run = [&](auto rounded, auto* w) {
        constexpr bool stochastically = decltype(rounded)::value;
        return dtype == OTTAVA_F32 ? lomo_of_rows<stochastically>(w, pointer<float>(d_out), of, vocabulary, hidden, rule)
                                   : lomo_of_rows<stochastically>(w, pointer<bf16>(d_out), of, vocabulary, hidden, rule);
    };
    double sum = weight_dtype == OTTAVA_F32 ? run(Rounded<false>(), pointer<float>(weight))
                 : stochastic               ? run(Rounded<true>(), pointer<bf16>(weight))
                                            : run(Rounded<false>(), pointer<bf16>(weight));
    write_sum(squares, sum);
    return OTTAVA_OK;
}

OTTAVA_CPU_END
