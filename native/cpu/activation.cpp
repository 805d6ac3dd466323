// SwiGLU.
#include "blocks.h"
#include "vector_math.h"

OTTAVA_CPU_BEGIN

// `if (parallel : ...)`, because a bare `if` would turn off the vectorisation, too.

template <class T>
static void swiglu(T* y, const T* gate, const T* up, int64_t count) {
#pragma omp parallel for simd if (parallel : count > parallel_from)
    for (int64_t i = 0; i < count; i++) {
        float x = load(gate[i]);
        store(y[i], x / (1.0f + vector_exp(-x)) * load(up[i]));
    }
}

int swiglu_forward(int64_t, int dtype, int64_t y, int64_t gate, int64_t up, int64_t count) {
    switch (dtype) {
        case OTTAVA_F32: swiglu(pointer<float>(y), pointer<float>(gate), pointer<float>(up), count); break;
        case OTTAVA_BF16: swiglu(pointer<bf16>(y), pointer<bf16>(gate), pointer<bf16>(up), count); break;
        default: refuse_dtype("swiglu_forward", dtype);
    }
    return OTTAVA_OK;
}

template <class T>
static void swiglu_gradient(T* d_gate, T* d_up, const T* d_y, const T* gate, const T* up, int64_t count) {
#pragma omp parallel for simd if (parallel : count > parallel_from)
    for (int64_t i = 0; i < count; i++) {
        float x = load(gate[i]), u = load(up[i]), d = load(d_y[i]);
        float s = 1.0f / (1.0f + vector_exp(-x));
        store(d_up[i], d * x * s);
        store(d_gate[i], d * u * s * (1.0f + x * (1.0f - s)));
    }
}

int swiglu_backward(int64_t, int dtype, int64_t d_gate, int64_t d_up, int64_t d_y, int64_t gate, int64_t up, int64_t count) {
    switch (dtype) {
        case OTTAVA_F32:
            swiglu_gradient(pointer<float>(d_gate), pointer<float>(d_up), pointer<float>(d_y), pointer<float>(gate), pointer<float>(up),
                            count);
            break;
        case OTTAVA_BF16:
            swiglu_gradient(pointer<bf16>(d_gate), pointer<bf16>(d_up), pointer<bf16>(d_y), pointer<bf16>(gate), pointer<bf16>(up), count);
            break;
        default: refuse_dtype("swiglu_backward", dtype);
    }
    return OTTAVA_OK;
}

OTTAVA_CPU_END
