/* Cross-entropy over a chunk of logits, so that the logits of a batch are never in memory at once. */
#ifndef OTTAVA_LOSS_H
#define OTTAVA_LOSS_H

#include "ottava/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * losses[i] = logsumexp(logits[i, :]) - logits[i, targets[i]], and 0 where targets[i] is negative (masked).
 * d_logits[i, j] = (softmax(logits[i, :])[j] - (j == targets[i])) * scale[0], and 0 in a masked row.
 *   logits [rows, vocabulary]: F32. targets [rows]: I32 below vocabulary. losses [rows]: F32. scale: F32, one element.
 *   d_logits [rows, vocabulary]: d_dtype, F32 or BF16; optional (scale too, then); in F32 it may be logits.
 * The cpu device refuses a target that is not below vocabulary; others give its row a loss of NaN.
 */
OTTAVA_API int ottava_cross_entropy(int64_t stream, int64_t losses, int d_dtype, int64_t d_logits, int64_t logits, int64_t targets,
                                    int64_t scale, int64_t rows, int64_t vocabulary);

#ifdef __cplusplus
}
#endif

#endif
