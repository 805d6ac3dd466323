// The loss that updates depend on, the coefficient of clipping, and LOMO of many tensors. See ottava/optimizer.h.
// Grid: the blocks of the table; block: 256 threads. Every byte is read once and written once; the sums of squares of the gradients are
// taken on the way, a partial sum for each block. Shared memory: 256 bytes.
#pragma once

#include "update.cuh"

namespace ottava {

// x: F32 [1]. One thread.
struct any_add_loss {
    static constexpr int threads = 32;
    Control* control;
    const float* x;

    __device__ __forceinline__ void operator()() const {
        constexpr double most = 0x1.fffffffffffffp1023;
        if (threadIdx.x != 0) return;
        double loss = control->loss;
        if (fabs(loss) <= most) control->loss = loss += static_cast<double>(*x);
        if (!(fabs(loss) <= most)) control->ok = 0;
    }
};

// sums: F32 [count]. One block.
struct any_clip_coefficient {
    static constexpr int threads = 256;
    Control* control;
    const float* sums;
    int64_t count;
    double max_norm;

    __device__ __forceinline__ void operator()() const {
        double total = 0;
        for (int64_t i = threadIdx.x; i < count; i += blockDim.x) total += static_cast<double>(sums[i]);
        total = block_sum(total);
        if (threadIdx.x != 0) return;
        double norm = sqrt(total), coefficient = max_norm / (norm + 1e-6);
        control->gradient_norm = static_cast<float>(norm);
        control->coefficient = max_norm == 0 || coefficient > 1 ? 1.0f : static_cast<float>(coefficient);
        if (!(control->gradient_norm <= 0x1.fffffep127f)) control->ok = 0;
    }
};

// What every update of a table is told besides.
struct UpdateOptions {
    const Control* control;
    double* partial;  // [blocks], or null: nobody wants sums of squares
    uint64_t seed;
    float max_value;  // infinity: no clamp
};

// row[i].out[0] = the sum of the partial sums of its blocks. A block for each row.
struct any_finish_sums {
    static constexpr int threads = 256;
    SumTable<192> sums;
    const double* partial;

    __device__ __forceinline__ void operator()() const {
        uint32_t r = blockIdx.x;
        if (sums.row[r].out == nullptr) return;
        int32_t end = static_cast<int32_t>(r) + 1 < sums.rows ? sums.row[r + 1].first_block : sums.blocks;
        double sum = 0;
        for (int32_t i = sums.row[r].first_block + static_cast<int32_t>(threadIdx.x); i < end; i += threads) sum += partial[i];
        sum = block_sum(sum);
        if (threadIdx.x == 0) sums.row[r].out[0] = static_cast<float>(sum);
    }
};

template <class W, class G>
struct LomoRow {
    W* weight;
    const G* gradient;
    int64_t count;
    double weight_decay;
    uint32_t tensor;
    int32_t first_block;
};

template <class W, class G, bool Stochastic>
struct any_lomo_update {
    static constexpr int threads = 256;
    using Row = LomoRow<W, G>;
    TensorTable<Row, 96> tensors;
    UpdateOptions options;

    __device__ __forceinline__ void operator()() const {
        Control c = *options.control;
        double* partial = options.partial;
        if (c.ok == 0 && partial == nullptr) return;
        int r = tensors.of(blockIdx.x);
        Row row = tensors.row[r];
        auto runs = tensors.runs(r);
        bool aligned = all_aligned_16(row.weight, row.gradient);
        float decay = decay_of(static_cast<double>(c.learning_rate), row.weight_decay);
        RandomBits random{options.seed, row.tensor, static_cast<uint32_t>(c.step)};
        double sum = 0;
        for (int64_t i = runs.first; i < row.count; i += runs.step) {
            int64_t left = row.count - i;
            float g[update_run], w[update_run];
            load_run<update_run>(g, row.gradient + i, left, aligned);
            if (partial != nullptr) sum += static_cast<double>(squares_of(g));
            if (c.ok == 0) continue;
            load_run<update_run>(w, row.weight + i, left, aligned);
#pragma unroll
            for (int k = 0; k < update_run; k++) w[k] = lomo_of(w[k], decay, c.learning_rate, clip(g[k], options.max_value, c.coefficient));
            store_weights<Stochastic>(row.weight, i, w, left, aligned, random);
        }
        if (partial == nullptr) return;
        sum = block_sum(sum);
        if (threadIdx.x == 0) partial[blockIdx.x] = sum;
    }
};

}  // namespace ottava
