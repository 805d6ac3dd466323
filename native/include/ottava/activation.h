/* The gated activation of Llama's feed-forward layer (Shazeer, 2020). */
#ifndef OTTAVA_ACTIVATION_H
#define OTTAVA_ACTIVATION_H

#include "ottava/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y[i] = silu(gate[i]) * up[i], silu(x) = x / (1 + exp(-x)). All [count] of F32 or BF16. y may be gate or up. */
OTTAVA_API int ottava_swiglu_forward(int64_t stream, int dtype, int64_t y, int64_t gate, int64_t up, int64_t count);

/*
 * With s = sigmoid(gate[i]): d_up[i] = d_y[i] * gate[i] * s;  d_gate[i] = d_y[i] * up[i] * s * (1 + gate[i] * (1 - s)).
 * d_gate may be gate and d_up may be up.
 */
OTTAVA_API int ottava_swiglu_backward(int64_t stream, int dtype, int64_t d_gate, int64_t d_up, int64_t d_y, int64_t gate, int64_t up,
                                      int64_t count);

#ifdef __cplusplus
}
#endif

#endif
