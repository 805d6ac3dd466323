// LOMO of an embedding, whose gradient exists in registers, a row at a time. See ottava/embedding.h.
#pragma once

#include "../optimizer/update.cuh"
#include "rows_of_id.cuh"

namespace ottava {

// weight: [vocabulary, hidden] of W, or null; d_out: [tokens, hidden] of T; ids: I32 [tokens]; partial: F64 [grid], or null. A row of the
// weight looks through all ids, which are few beside the weight and stay in L2. Grid: (any number of blocks, one per row; ceil(hidden /
// 2048)); block: 256 threads, a run of 8 columns each. Shared memory: 1.3 KiB.
template <class W, class T, bool Stochastic>
struct any_embedding_lomo {
    static constexpr int threads = rows_at_once;
    static constexpr int run = update_run;
    W* weight;
    const T* d_out;
    const int32_t* ids;
    double* partial;
    const Control* control;
    int64_t tokens, vocabulary, hidden;
    double weight_decay;
    float max_value;  // infinity: no clamp
    uint32_t tensor;
    uint64_t seed;
    bool aligned;

    __device__ __forceinline__ void operator()() const {
        OTTAVA_SHARED(uint32_t, ballots, 8);
        OTTAVA_SHARED(int32_t, list, threads);
        Control c{};
        if (weight != nullptr) c = *control;
        bool writes = c.ok != 0;
        if (!writes && partial == nullptr) return;
        float decay = decay_of(static_cast<double>(c.learning_rate), weight_decay);
        RandomBits random{seed, tensor, static_cast<uint32_t>(c.step)};
        int64_t j = (static_cast<int64_t>(blockIdx.y) * threads + threadIdx.x) * run;
        double squares = 0;
        for (int64_t v = blockIdx.x; v < vocabulary; v += gridDim.x) {
            float g[run] = {};
            int32_t rows = 0;
            for (int64_t base = 0; base < tokens; base += rows_at_once) {
                int32_t matches = collect_rows(ballots, list, ids, tokens, static_cast<int32_t>(v), base);
                add_rows<run>(g, d_out + base * hidden + j, list, matches, hidden, hidden - j, aligned);
                rows += matches;
            }
            if (partial != nullptr) squares += static_cast<double>(squares_of(g));
            // A row without a token changes by the decay alone.
            if (!writes || (rows == 0 && decay == 1.0f)) continue;
            float w[run];
            int64_t i = v * hidden + j;
            load_run<run>(w, weight + i, hidden - j, aligned);
#pragma unroll
            for (int k = 0; k < run; k++) w[k] = lomo_of(w[k], decay, c.learning_rate, clip(g[k], max_value, c.coefficient));
            store_weights<Stochastic>(weight, i, w, hidden - j, aligned, random);
        }
        if (partial == nullptr) return;
        squares = block_sum(squares);
        if (threadIdx.x == 0) partial[static_cast<int64_t>(blockIdx.y) * gridDim.x + blockIdx.x] = squares;
    }
};

}  // namespace ottava
