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

/*
 * LOMO of an embedding whose gradient G, that of embedding_backward, is never in memory: row by row, weight = round((1 - learning_rate *
 * weight_decay) * weight - learning_rate * g), with g, control, max_value, rounding and sum_squares as in optimizer.h. The weight has the
 * bits of embedding_backward into zeros and ottava_lomo_update.
 *   weight [vocabulary, hidden] of weight_dtype, d_out [tokens, hidden] of dtype: F32 or BF16. weight 0: control is not read, only
 * sum_squares is written.
 */
OTTAVA_API int ottava_embedding_lomo(int64_t stream, int64_t control, int weight_dtype, int64_t weight, int dtype, int64_t d_out,
                                     int64_t ids, int64_t tokens, int64_t vocabulary, int64_t hidden, double weight_decay, double max_value,
                                     int stochastic, int64_t seed, int64_t tensor_index, int64_t sum_squares);

#ifdef __cplusplus
}
#endif

#endif
