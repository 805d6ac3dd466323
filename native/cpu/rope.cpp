// Rotary position embedding.
#include "blocks.h"

OTTAVA_CPU_BEGIN

template <class T>
static void rotate(T* x, int64_t row_pitch, const float* cosine, const float* sine, int64_t tokens, int64_t sequence,
                   int64_t first_position, int64_t heads, int64_t head_dim, float direction) {
    int64_t half = head_dim / 2;
#pragma omp parallel for if (tokens * heads * head_dim > parallel_from)
    for (int64_t t = 0; t < tokens; t++) {
        int64_t position = first_position + t % sequence;
        const float* c = cosine + position * half;
        const float* s = sine + position * half;
        for (int64_t h = 0; h < heads; h++) {
            T* low = x + t * row_pitch + h * head_dim;
            T* high = low + half;
#pragma omp simd
            for (int64_t i = 0; i < half; i++) {
                float a = load(low[i]), b = load(high[i]), turn = direction * s[i];
                store(low[i], a * c[i] - b * turn);
                store(high[i], b * c[i] + a * turn);
            }
        }
    }
}

int rope(int64_t, int dtype, int64_t x, int64_t row_pitch, int64_t cosine, int64_t sine, int64_t tokens, int64_t sequence,
         int64_t first_position, int64_t positions, int64_t heads, int64_t head_dim, int inverse) {
    if (tokens == 0) return OTTAVA_OK;
    if (head_dim % 2 != 0)
        fail(OTTAVA_INVALID_ARGUMENT, "rope on cpu: head_dim %lld is odd; pairs are rotated", static_cast<long long>(head_dim));
    if (sequence <= 0) fail(OTTAVA_INVALID_ARGUMENT, "rope on cpu: sequence %lld is not positive", static_cast<long long>(sequence));
    int64_t last = first_position + (tokens < sequence ? tokens : sequence) - 1;
    if (first_position < 0 || last >= positions)
        fail(OTTAVA_INVALID_ARGUMENT, "rope on cpu: positions %lld to %lld are needed, the tables have %lld: make them longer",
             static_cast<long long>(first_position), static_cast<long long>(last), static_cast<long long>(positions));
    const float* c = pointer<float>(cosine);
    const float* s = pointer<float>(sine);
    float direction = inverse ? -1.0f : 1.0f;
    switch (dtype) {
        case OTTAVA_F32: rotate(pointer<float>(x), row_pitch, c, s, tokens, sequence, first_position, heads, head_dim, direction); break;
        case OTTAVA_BF16: rotate(pointer<bf16>(x), row_pitch, c, s, tokens, sequence, first_position, heads, head_dim, direction); break;
        default: refuse_dtype("rope", dtype);
    }
    return OTTAVA_OK;
}

OTTAVA_CPU_END
