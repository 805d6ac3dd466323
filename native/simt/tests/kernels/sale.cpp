#include "case.h"
#include "ottava/sparse_attention.h"

namespace ottava::cases {

// All of it, from numbers to the attention over the blocks that were kept.
static void estimate_and_attend(Case& c, int64_t head_dim) {
    int64_t kv_heads = 1, heads = c.size(1, 2), queries = c.size(65, 140), keys = queries + c.size(200, 260),
            capacity = keys + c.size(0, 40);
    int64_t batch = 1, row_step = int64_t{1} << c.size(0, 3), local_keys = c.size(1, 80);
    int64_t key_pitch = capacity * kv_heads * head_dim, query_pitch = queries * heads * head_dim;
    int64_t q = c.numbers(OTTAVA_BF16, batch * query_pitch), k = c.numbers(OTTAVA_BF16, batch * key_pitch);
    int64_t key_mean = c.empty(OTTAVA_F32, kv_heads * head_dim), query_mean = c.empty(OTTAVA_F32, heads * head_dim);
    c.run.sale_mean(c.stream, OTTAVA_BF16, key_mean, k, batch, kv_heads, head_dim, keys, key_pitch);
    c.run.sale_mean(c.stream, OTTAVA_BF16, query_mean, q, batch, heads, head_dim, queries, query_pitch);
    int64_t q_codes = c.empty(OTTAVA_I32, heads * queries * head_dim / 8),
            k_codes = c.empty(OTTAVA_I32, kv_heads * capacity * head_dim / 8);
    int64_t q_scales = c.empty(OTTAVA_F32, heads * ((queries + 15) / 16 * 8)),
            k_scales = c.empty(OTTAVA_F32, kv_heads * ((capacity + 31) / 32 * 4));
    c.run.sale_quantize(c.stream, OTTAVA_SALE_QUERIES, q_codes, q_scales, OTTAVA_BF16, q, query_mean, batch, heads, head_dim, 0, queries,
                        queries, query_pitch);
    c.run.sale_quantize(c.stream, OTTAVA_SALE_KEYS, k_codes, k_scales, OTTAVA_BF16, k, key_mean, batch, kv_heads, head_dim, 0, keys,
                        capacity, key_pitch);
    int64_t correction = c.zeros(OTTAVA_F32, heads * ((keys + 63) / 64 * 64));
    c.run.sale_correction(c.stream, correction, OTTAVA_BF16, k, key_mean, query_mean, batch, heads, kv_heads, head_dim, keys, key_pitch);
    int64_t thresholds = c.empty(OTTAVA_F32, heads * ((queries + row_step - 1) / row_step));
    c.run.sale_thresholds(c.stream, thresholds, OTTAVA_BF16, q, k, key_mean, c.numbers(OTTAVA_F32, heads, 0.01), batch, heads, kv_heads,
                          head_dim, queries, keys, key_pitch, local_keys, row_step, 0.2);
    int64_t query_blocks = (queries + 63) / 64, words = (keys + 2047) / 2048;
    int64_t blocks = c.empty(OTTAVA_I32, heads * query_blocks * words);
    c.run.sale_select(c.stream, blocks, thresholds, q_codes, q_scales, k_codes, k_scales, correction, batch, heads, kv_heads, head_dim,
                      queries, keys, capacity, local_keys, row_step);
    int64_t rows = heads * query_blocks, columns = (keys + 63) / 64;
    c.run.block_lists(c.stream, c.empty(OTTAVA_I32, rows), c.empty(OTTAVA_I32, rows * columns), blocks, rows, columns);
    c.run.attention_forward(c.stream, OTTAVA_BF16, c.empty(OTTAVA_BF16, batch * query_pitch), 0, q, k, k, blocks, batch, heads, kv_heads,
                            head_dim, queries, keys, key_pitch, 0.2);
}

OTTAVA_CASE(sale_64) {
    estimate_and_attend(c, 64);
}
OTTAVA_CASE(sale_128) {
    estimate_and_attend(c, 128);
}
OTTAVA_CASE_ON("simt:sm_80", sale_of_4_bits_64) {
    estimate_and_attend(c, 64);
}
OTTAVA_CASE_ON("simt:sm_80", sale_of_4_bits_128) {
    estimate_and_attend(c, 128);
}

}  // namespace ottava::cases
