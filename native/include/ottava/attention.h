/* Causal grouped-query attention in the flash style (Dao et al., 2022): no score matrix in memory. */
#ifndef OTTAVA_ATTENTION_H
#define OTTAVA_ATTENTION_H

#include "ottava/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * out[b, i, h, :] = softmax_j(scale * q[b, i, h, :] . k[b, j, g, :]) v[b, j, g, :] over the keys j <= i + key_length - query_length that
 * `blocks` lists, g = h / (heads / kv_heads). One call serves training (equal lengths), prefill, decoding (query_length 1), and sparse
 * prefill.
 *
 * q, out [batch, query_length, heads, head_dim]: dtype, F32 or BF16, contiguous.
 * k, v [batch, capacity, kv_heads, head_dim]: dtype; sequences lie key_batch_pitch elements apart (a cache is longer than what it holds).
 * log_sum_exp [batch, heads, query_length]: F32, optional; natural logarithm of the softmax's denominator, scale included.
 * blocks: optional; 0 lists every block. 32-bit words [batch, heads, ceil(query_length / 64), ceil(key_length / 2048)]: bit (J % 32) of
 *   word J / 32 lists keys 64 J to 64 J + 63 for queries 64 I to 64 I + 63 of the call (ottava/sparse_attention.h makes them). Bits of
 *   blocks behind the last key that the queries see change nothing. Every block listed gives the bits of no list. A query that sees no
 *   listed key has zeros in out and -infinity in log_sum_exp.
 *
 * head_dim is a multiple of 16 up to 128; query_length <= key_length; heads is a multiple of kv_heads.
 */
OTTAVA_API int ottava_attention_forward(int64_t stream, int dtype, int64_t out, int64_t log_sum_exp, int64_t q, int64_t k, int64_t v,
                                        int64_t blocks, int64_t batch, int64_t heads, int64_t kv_heads, int64_t head_dim,
                                        int64_t query_length, int64_t key_length, int64_t key_batch_pitch, double scale);

/*
 * Gradients of the above for query_length = key_length = length and contiguous tensors. d_q, d_k and d_v are overwritten;
 * d_k and d_v are summed over the query heads of a group in a fixed order.
 */
OTTAVA_API int ottava_attention_backward(int64_t stream, int dtype, int64_t d_q, int64_t d_k, int64_t d_v, int64_t d_out, int64_t q,
                                         int64_t k, int64_t v, int64_t out, int64_t log_sum_exp, int64_t batch, int64_t heads,
                                         int64_t kv_heads, int64_t head_dim, int64_t length, double scale);

#ifdef __cplusplus
}
#endif

#endif
