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

/*
 * The same over tiles of the vocabulary: logits [rows, columns] are those of the vocabulary from `first`, and the tiles come in order.
 * After the last, losses are as above; before it they are those of a vocabulary that ends with the tile. running [rows, 3]: F32, of the
 * tiles so far, begun anew where first is 0: the largest logit, the sum of exp(logit - largest) (online softmax: Milakov and Gimelshein,
 * 2018), and the logit of the target.
 */
OTTAVA_API int ottava_cross_entropy_tile(int64_t stream, int64_t losses, int64_t running, int64_t logits, int64_t targets, int64_t rows,
                                         int64_t vocabulary, int64_t first, int64_t columns);

/* d_logits [rows, columns] of a tile: d_dtype, F32 or BF16; in F32 it may be logits. running is that of the whole vocabulary. */
OTTAVA_API int ottava_cross_entropy_tile_gradient(int64_t stream, int d_dtype, int64_t d_logits, int64_t logits, int64_t targets,
                                                  int64_t running, int64_t scale, int64_t rows, int64_t first, int64_t columns);

#ifdef __cplusplus
}
#endif

#endif
