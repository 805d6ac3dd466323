/*
 * Which blocks of attention matter, from an estimate of the scores in 4 bits: SALE (arXiv 2505.24179), sections on quantisation and
 * selection. ottava_attention_forward then takes the blocks that were kept. docs/sale.md has the formats byte by byte, and the reasons.
 *
 * A block is 64 queries, counted from the first of the call, by 64 keys, counted from key 0. Query i of a call is at position
 * p(i) = i + key_length - query_length. For the 64 queries of block I,
 *   sink:  key block 0;
 *   local: the key blocks from that of position p(64 I) - local_keys + 1 (or 0) to that of the block's last query.
 * With K' = K - key_mean and Q' = Q - query_mean in F32, for query i of head h, key j of head g = h / (heads / kv_heads):
 *
 *   S_ij = q_i . K'_j: exact scores, not scaled;
 *
 *   E_ij = fma(sum_d a_id b_jd, s_i s_j, c_hj): the estimate, of 4-bit codes a of Q'_i and b of K'_j, their scales s, and
 *     c_hj = query_mean_h . K'_j;
 *
 *   T_i = max_j S_ij + ln(tau_h sum_j exp(scale (S_ij - max S_i))) / scale, over the keys j <= p(i) of sink and local blocks.
 *
 * A block is kept if it is sink or local, or if E_ij > T_i for any of its keys j and any of its estimated queries i, those with
 * i % row_step = 0. So E_ij > T_i says that exp(scale E_ij) is more than tau of what sink and local keys sum up to. All in F32; a block
 * with a NaN in E or T is kept. tau_h < 1e-5 makes T NaN: every block up to the last local one is kept, and attention is dense.
 *
 * Subtracting any vector from all keys of a head adds the same to all scores of a query, so key_mean may be any fixed vector: the mean of a
 * first chunk serves all later ones. query_mean may be another one for each call; c is made with it.
 *
 * Everywhere: dtype BF16, on cpu F32 too; head_dim 64 or 128; query_length <= key_length; heads a multiple of kv_heads; local_keys >= 1;
 * row_step 1, 2, 4 or 8; scale > 0; addresses are multiples of 16 bytes,
 * and so are the pitches of sequences where there is more than one.
 */
#ifndef OTTAVA_SPARSE_ATTENTION_H
#define OTTAVA_SPARSE_ATTENTION_H

#include "ottava/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whose codes: they differ in the rows that share a scale. */
enum {
    OTTAVA_SALE_QUERIES = 0, /* rows r and r + 8 of each 16: 8 scales for 16 rows */
    OTTAVA_SALE_KEYS = 1,    /* of each 32 rows those with r % 8 in {2 n, 2 n + 1}: 4 scales for 32 rows */
};

/* mean [batch, heads, head_dim], F32: of x [batch, capacity, heads, head_dim] over its first `length` rows, at least one; sequences of x
 * lie batch_pitch elements apart. */
OTTAVA_API int ottava_sale_mean(int64_t stream, int dtype, int64_t mean, int64_t x, int64_t batch, int64_t heads, int64_t head_dim,
                                int64_t length, int64_t batch_pitch);

/*
 * Codes and scales of rows [first, length) of x - mean. x as in ottava_sale_mean; mean [batch, heads, head_dim] F32.
 * codes [batch, heads, capacity, head_dim / 2] bytes: channels 2 n and 2 n + 1 of a row in byte n, the even one in its low half, two's
 *   complement, -7 to 7.
 * scales [batch, heads, scales of `capacity` rows] F32: ceil(capacity / 16) * 8 for queries, ceil(capacity / 32) * 4 for keys; that of row
 * r is number (r / 16) * 8 + r % 8, or (r / 32) * 4 + r % 8 / 2. With amax the largest |x - mean| that shares it: scale = max(amax / 7,
 * 2^-126), 1 if amax is 0, NaN (and codes 0) if any is NaN or infinite; code = (x - mean) / scale, rounded to nearest even. first is a
 * multiple of 32: rows that share a scale with later ones have to be made again with them. Rows outside are not touched.
 */
OTTAVA_API int ottava_sale_quantize(int64_t stream, int kind, int64_t codes, int64_t scales, int dtype, int64_t x, int64_t mean,
                                    int64_t batch, int64_t heads, int64_t head_dim, int64_t first, int64_t length, int64_t capacity,
                                    int64_t batch_pitch);

/* correction [batch, heads, ceil(key_length / 64) * 64], F32: c of the first key_length keys; what is behind is not touched. */
OTTAVA_API int ottava_sale_correction(int64_t stream, int64_t correction, int dtype, int64_t k, int64_t key_mean, int64_t query_mean,
                                      int64_t batch, int64_t heads, int64_t kv_heads, int64_t head_dim, int64_t key_length,
                                      int64_t key_batch_pitch);

/* thresholds [batch, heads, ceil(query_length / row_step)], F32: T of the estimated queries. q, k as in ottava_attention_forward; key_mean
 * [batch, kv_heads, head_dim] and tau [heads], F32. */
OTTAVA_API int ottava_sale_thresholds(int64_t stream, int64_t thresholds, int dtype, int64_t q, int64_t k, int64_t key_mean, int64_t tau,
                                      int64_t batch, int64_t heads, int64_t kv_heads, int64_t head_dim, int64_t query_length,
                                      int64_t key_length, int64_t key_batch_pitch, int64_t local_keys, int64_t row_step, double scale);

/* blocks: as ottava_attention_forward takes them; bits behind the last local block are 0. Codes and scales as ottava_sale_quantize makes
 * them, those of the queries with a capacity of query_length, those of the keys with key_capacity. */
OTTAVA_API int ottava_sale_select(int64_t stream, int64_t blocks, int64_t thresholds, int64_t q_codes, int64_t q_scales, int64_t k_codes,
                                  int64_t k_scales, int64_t correction, int64_t batch, int64_t heads, int64_t kv_heads, int64_t head_dim,
                                  int64_t query_length, int64_t key_length, int64_t key_capacity, int64_t local_keys, int64_t row_step);

/* counts [rows], I32: how many bits are set in each row of blocks [rows, ceil(columns / 32)]. indices [rows, columns], I32, optional:
 * which, ascending; what is behind counts is not touched. */
OTTAVA_API int ottava_block_lists(int64_t stream, int64_t counts, int64_t indices, int64_t blocks, int64_t rows, int64_t columns);

#ifdef __cplusplus
}
#endif

#endif
