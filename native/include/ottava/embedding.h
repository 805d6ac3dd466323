/* Token embedding. */
#ifndef OTTAVA_EMBEDDING_H
#define OTTAVA_EMBEDDING_H

#include "ottava/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * out[t, :] = weight[ids[t], :].
 *   out [tokens, hidden], weight [vocabulary, hidden]: F32 or BF16; ids [tokens]: I32 in [0, vocabulary).
 * The cpu device refuses an id out of range; others leave the row undefined, so ids are checked where data is read.
 */
OTTAVA_API int ottava_embedding_forward(int64_t stream, int dtype, int64_t out, int64_t weight, int64_t ids, int64_t tokens,
                                        int64_t vocabulary, int64_t hidden);

/*
 * d_weight[ids[t], :] += d_out[t, :], in the order of t, so that the result is repeatable.
 *   d_weight [vocabulary, hidden]: F32; d_out [tokens, hidden]: F32 or BF16.
 */
OTTAVA_API int ottava_embedding_backward(int64_t stream, int64_t d_weight, int dtype, int64_t d_out, int64_t ids, int64_t tokens,
                                         int64_t vocabulary, int64_t hidden);

#ifdef __cplusplus
}
#endif

#endif
