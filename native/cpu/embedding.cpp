// Token embedding.
#include <omp.h>

#include "blocks.h"

OTTAVA_CPU_BEGIN

static void check_ids(const char* operation, const int32_t* ids, int64_t tokens, int64_t vocabulary) {
    for (int64_t t = 0; t < tokens; t++)
        if (ids[t] < 0 || ids[t] >= vocabulary)
            fail(OTTAVA_INVALID_ARGUMENT, "%s on cpu: id %d at position %lld is not in the vocabulary of %lld", operation,
                 static_cast<int>(ids[t]), static_cast<long long>(t), static_cast<long long>(vocabulary));
}

template <class T>
static void look_up(T* out, const T* weight, const int32_t* ids, int64_t tokens, int64_t hidden) {
#pragma omp parallel for if (tokens * hidden > parallel_from)
    for (int64_t t = 0; t < tokens; t++) memcpy(out + t * hidden, weight + ids[t] * hidden, static_cast<size_t>(hidden) * sizeof(T));
}

int embedding_forward(int64_t, int dtype, int64_t out, int64_t weight, int64_t ids, int64_t tokens, int64_t vocabulary, int64_t hidden) {
    const int32_t* id = pointer<int32_t>(ids);
    check_ids("embedding_forward", id, tokens, vocabulary);
    switch (dtype) {
        case OTTAVA_F32: look_up(pointer<float>(out), pointer<float>(weight), id, tokens, hidden); break;
        case OTTAVA_BF16: look_up(pointer<bf16>(out), pointer<bf16>(weight), id, tokens, hidden); break;
        default: refuse_dtype("embedding_forward", dtype);
    }
    return OTTAVA_OK;
}

// Each thread adds all tokens, in order, in a range of columns of its own.
template <class T>
static void scatter_add(float* d_weight, const T* d_out, const int32_t* ids, int64_t tokens, int64_t hidden) {
#pragma omp parallel if (tokens * hidden > parallel_from)
    {
        int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
        constexpr int64_t line = 32;  // columns: no two threads write, or read, the same cache line
        int64_t lines = (hidden + line - 1) / line;
        int64_t first = lines * thread / threads * line, last = lines * (thread + 1) / threads * line;
        if (last > hidden) last = hidden;
        for (int64_t t = 0; t < tokens; t++) {
            float* d = d_weight + ids[t] * hidden;
            const T* s = d_out + t * hidden;
#pragma omp simd
            for (int64_t j = first; j < last; j++) d[j] += load(s[j]);
        }
    }
}

int embedding_backward(int64_t, int64_t d_weight, int dtype, int64_t d_out, int64_t ids, int64_t tokens, int64_t vocabulary,
                       int64_t hidden) {
    const int32_t* id = pointer<int32_t>(ids);
    check_ids("embedding_backward", id, tokens, vocabulary);
    switch (dtype) {
        case OTTAVA_F32: scatter_add(pointer<float>(d_weight), pointer<float>(d_out), id, tokens, hidden); break;
        case OTTAVA_BF16: scatter_add(pointer<float>(d_weight), pointer<bf16>(d_out), id, tokens, hidden); break;
        default: refuse_dtype("embedding_backward", dtype);
    }
    return OTTAVA_OK;
}

OTTAVA_CPU_END
