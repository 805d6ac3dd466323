/* Rotary position embedding (Su et al., 2021), in the half-split layout of Hugging Face Llama. */
#ifndef OTTAVA_ROPE_H
#define OTTAVA_ROPE_H

#include "ottava/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Rotates x in place. For token t at position p = first_position + t % sequence, and i < head_dim / 2:
 *   x[t, h, i], x[t, h, i + head_dim/2] = a * c - b * s, b * c + a * s   with a, b the two values, c = cosine[p, i], s = sine[p, i].
 *   x [tokens, heads, head_dim]: F32 or BF16, tokens row_pitch apart. cosine, sine [positions, head_dim / 2]: F32.
 *   inverse: rotate back (s becomes -s), which is the gradient.
 */
OTTAVA_API int ottava_rope(int64_t stream, int dtype, int64_t x, int64_t row_pitch, int64_t cosine, int64_t sine, int64_t tokens,
                           int64_t sequence, int64_t first_position, int64_t positions, int64_t heads, int64_t head_dim, int inverse);

#ifdef __cplusplus
}
#endif

#endif
