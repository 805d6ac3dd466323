// Cross-entropy.
#include "blocks.h"
#include "vector_math.h"

OTTAVA_CPU_BEGIN

// max_j x[j] and sum_j exp(x[j] - max), in one pass: each chunk is read from memory for its maximum and from the cache for its sum.
struct Softmax {
    // Not -inf, so that a chunk of -inf (forbidden tokens) adds 0 and not exp(-inf + inf).
    float maximum = -0x1.fffffep127f, sum = 0;

    void add(const float* x, int64_t count) {
        constexpr int64_t chunk = 2048;
        for (int64_t first = 0; first < count; first += chunk) add_chunk(x + first, first + chunk < count ? chunk : count - first);
    }

  private:
    void add_chunk(const float* x, int64_t count) {
        float largest = maximum;
#pragma omp simd reduction(max : largest)
        for (int64_t j = 0; j < count; j++) largest = x[j] > largest ? x[j] : largest;
        float added = 0;
#pragma omp simd reduction(+ : added)
        for (int64_t j = 0; j < count; j++) added += vector_exp(x[j] - largest);
        sum = sum * vector_exp(maximum - largest) + added;
        maximum = largest;
    }
};

template <class D>
static void cross_entropy_rows(float* losses, D* d_logits, const float* logits, const int32_t* targets, float scale, int64_t rows,
                               int64_t vocabulary) {
#pragma omp parallel for if (rows * vocabulary > parallel_from)
    for (int64_t i = 0; i < rows; i++) {
        const float* x = logits + i * vocabulary;
        D* d = d_logits == nullptr ? nullptr : d_logits + i * vocabulary;
        int32_t target = targets[i];
        if (target < 0) {
            losses[i] = 0;
            if (d != nullptr) memset(d, 0, static_cast<size_t>(vocabulary) * sizeof(D));
            continue;
        }
        Softmax softmax;
        softmax.add(x, vocabulary);
        float maximum = softmax.maximum, at_target = x[target];
        losses[i] = logf(softmax.sum) + (maximum - at_target);
        if (d == nullptr) continue;
        float factor = scale / softmax.sum;
#pragma omp simd
        for (int64_t j = 0; j < vocabulary; j++) store(d[j], vector_exp(x[j] - maximum) * factor);
        store(d[target], (vector_exp(at_target - maximum) / softmax.sum - 1.0f) * scale);
    }
}

static void check_targets(const int32_t* targets, int64_t rows, int64_t vocabulary) {
    for (int64_t i = 0; i < rows; i++)
        if (targets[i] >= vocabulary)
            fail(OTTAVA_INVALID_ARGUMENT, "cross_entropy on cpu: target %d at position %lld is not in the vocabulary of %lld",
                 static_cast<int>(targets[i]), static_cast<long long>(i), static_cast<long long>(vocabulary));
}

int cross_entropy(int64_t, int64_t losses, int d_dtype, int64_t d_logits, int64_t logits, int64_t targets, int64_t scale, int64_t rows,
                  int64_t vocabulary) {
    const int32_t* target = pointer<int32_t>(targets);
    check_targets(target, rows, vocabulary);
    if (d_logits != 0 && scale == 0) fail(OTTAVA_INVALID_ARGUMENT, "cross_entropy on cpu: d_logits is wanted but scale is absent");
    float factor = d_logits != 0 ? *pointer<float>(scale) : 0;
    const float* x = pointer<float>(logits);
    if (d_logits == 0 || d_dtype == OTTAVA_F32) {
        cross_entropy_rows(pointer<float>(losses), pointer<float>(d_logits), x, target, factor, rows, vocabulary);
    } else if (d_dtype == OTTAVA_BF16) {
        cross_entropy_rows(pointer<float>(losses), pointer<bf16>(d_logits), x, target, factor, rows, vocabulary);
    } else {
        refuse_dtype("cross_entropy", d_dtype);
    }
    return OTTAVA_OK;
}

int cross_entropy_tile(int64_t, int64_t losses, int64_t running, int64_t logits, int64_t targets, int64_t rows, int64_t vocabulary,
                       int64_t first, int64_t columns) {
    const int32_t* target = pointer<int32_t>(targets);
    if (first == 0) check_targets(target, rows, vocabulary);
    const float* all = pointer<float>(logits);
    float *loss = pointer<float>(losses), *state = pointer<float>(running);
#pragma omp parallel for if (rows * columns > parallel_from)
    for (int64_t i = 0; i < rows; i++) {
        const float* x = all + i * columns;
        float* row = state + i * 3;
        Softmax softmax;
        if (first > 0) {
            softmax.maximum = row[0];
            softmax.sum = row[1];
        }
        softmax.add(x, columns);
        row[0] = softmax.maximum;
        row[1] = softmax.sum;
        int64_t at = target[i] - first;
        if (first == 0) row[2] = 0;
        if (at >= 0 && at < columns) row[2] = x[at];
        loss[i] = target[i] < 0 ? 0 : logf(softmax.sum) + (softmax.maximum - row[2]);
    }
    return OTTAVA_OK;
}

template <class D>
static void tile_gradient(D* d_logits, const float* logits, const int32_t* targets, const float* running, float scale, int64_t rows,
                          int64_t first, int64_t columns) {
#pragma omp parallel for if (rows * columns > parallel_from)
    for (int64_t i = 0; i < rows; i++) {
        const float* x = logits + i * columns;
        D* d = d_logits + i * columns;
        if (targets[i] < 0) {
            memset(d, 0, static_cast<size_t>(columns) * sizeof(D));
            continue;
        }
        float maximum = running[i * 3], sum = running[i * 3 + 1], at_target = running[i * 3 + 2], factor = scale / sum;
#pragma omp simd
        for (int64_t j = 0; j < columns; j++) store(d[j], vector_exp(x[j] - maximum) * factor);
        int64_t at = targets[i] - first;
        if (at >= 0 && at < columns) store(d[at], (vector_exp(at_target - maximum) / sum - 1.0f) * scale);
    }
}

int cross_entropy_tile_gradient(int64_t, int d_dtype, int64_t d_logits, int64_t logits, int64_t targets, int64_t running, int64_t scale,
                                int64_t rows, int64_t first, int64_t columns) {
    const float *x = pointer<float>(logits), *state = pointer<float>(running);
    const int32_t* target = pointer<int32_t>(targets);
    float factor = *pointer<float>(scale);
    switch (d_dtype) {
        case OTTAVA_F32: tile_gradient(pointer<float>(d_logits), x, target, state, factor, rows, first, columns); break;
        case OTTAVA_BF16: tile_gradient(pointer<bf16>(d_logits), x, target, state, factor, rows, first, columns); break;
        default: refuse_dtype("cross_entropy_tile_gradient", d_dtype);
    }
    return OTTAVA_OK;
}

OTTAVA_CPU_END
