// The C ABI of sparse attention.
#include "check_sparse_attention.h"
#include "dispatch.h"
#include "error.h"

using namespace ottava;

int ottava_sale_mean(int64_t stream, int dtype, int64_t mean, int64_t x, int64_t batch, int64_t heads, int64_t head_dim, int64_t length,
                     int64_t batch_pitch) {
    int status = guarded([&] {
        check_sale_rows("sale_mean", {mean, x}, dtype, head_dim, length, 1);
        check_sale_batch("sale_mean", dtype, batch, heads, batch_pitch);
    });
    if (status != OTTAVA_OK) return status;
    return dispatch<&Operations::sale_mean>(stream, dtype, mean, x, batch, heads, head_dim, length, batch_pitch);
}

int ottava_sale_quantize(int64_t stream, int kind, int64_t codes, int64_t scales, int dtype, int64_t x, int64_t mean, int64_t batch,
                         int64_t heads, int64_t head_dim, int64_t first, int64_t length, int64_t capacity, int64_t batch_pitch) {
    int status = guarded([&] {
        check_sale_rows("sale_quantize", {codes, scales, x, mean}, dtype, head_dim, length, 0);
        check_sale_batch("sale_quantize", dtype, batch, heads, batch_pitch);
        check_sale_codes("sale_quantize", kind, first, length, capacity);
    });
    if (status != OTTAVA_OK) return status;
    return dispatch<&Operations::sale_quantize>(stream, kind, codes, scales, dtype, x, mean, batch, heads, head_dim, first, length,
                                                capacity, batch_pitch);
}

int ottava_sale_correction(int64_t stream, int64_t correction, int dtype, int64_t k, int64_t key_mean, int64_t query_mean, int64_t batch,
                           int64_t heads, int64_t kv_heads, int64_t head_dim, int64_t key_length, int64_t key_batch_pitch) {
    int status = guarded([&] {
        check_sale_rows("sale_correction", {correction, k, key_mean, query_mean}, dtype, head_dim, key_length, 0);
        check_sale_heads("sale_correction", heads, kv_heads);
        check_sale_batch("sale_correction", dtype, batch, heads, key_batch_pitch);
    });
    if (status != OTTAVA_OK) return status;
    return dispatch<&Operations::sale_correction>(stream, correction, dtype, k, key_mean, query_mean, batch, heads, kv_heads, head_dim,
                                                  key_length, key_batch_pitch);
}

int ottava_sale_thresholds(int64_t stream, int64_t thresholds, int dtype, int64_t q, int64_t k, int64_t key_mean, int64_t tau,
                           int64_t batch, int64_t heads, int64_t kv_heads, int64_t head_dim, int64_t query_length, int64_t key_length,
                           int64_t key_batch_pitch, int64_t local_keys, int64_t row_step, double scale) {
    int status = guarded([&] {
        check_sale_rows("sale_thresholds", {thresholds, q, k, key_mean, tau}, dtype, head_dim, key_length, 0);
        check_sale_heads("sale_thresholds", heads, kv_heads);
        check_sale_batch("sale_thresholds", dtype, batch, heads, key_batch_pitch);
        check_sale_selection("sale_thresholds", query_length, key_length, local_keys, row_step);
        check_sale_scale("sale_thresholds", scale);
    });
    if (status != OTTAVA_OK) return status;
    return dispatch<&Operations::sale_thresholds>(stream, thresholds, dtype, q, k, key_mean, tau, batch, heads, kv_heads, head_dim,
                                                  query_length, key_length, key_batch_pitch, local_keys, row_step, scale);
}

int ottava_sale_select(int64_t stream, int64_t blocks, int64_t thresholds, int64_t q_codes, int64_t q_scales, int64_t k_codes,
                       int64_t k_scales, int64_t correction, int64_t batch, int64_t heads, int64_t kv_heads, int64_t head_dim,
                       int64_t query_length, int64_t key_length, int64_t key_capacity, int64_t local_keys, int64_t row_step) {
    int status = guarded([&] {
        check_sale_rows("sale_select", {blocks, thresholds, q_codes, q_scales, k_codes, k_scales, correction}, OTTAVA_BF16, head_dim,
                        key_length, 0);
        check_sale_heads("sale_select", heads, kv_heads);
        check_sale_batch("sale_select", OTTAVA_BF16, batch, heads, 0);
        check_sale_selection("sale_select", query_length, key_length, local_keys, row_step);
        check_sale_codes("sale_select", OTTAVA_SALE_KEYS, 0, key_length, key_capacity);
    });
    if (status != OTTAVA_OK) return status;
    return dispatch<&Operations::sale_select>(stream, blocks, thresholds, q_codes, q_scales, k_codes, k_scales, correction, batch, heads,
                                              kv_heads, head_dim, query_length, key_length, key_capacity, local_keys, row_step);
}

int ottava_block_lists(int64_t stream, int64_t counts, int64_t indices, int64_t blocks, int64_t rows, int64_t columns) {
    int status = guarded([&] {
        if (rows < 0 || columns < 0 || rows > INT32_MAX || columns > INT32_MAX || (rows > 0 && (counts == 0 || blocks == 0)))
            fail(OTTAVA_INVALID_ARGUMENT, "block_lists: %lld rows of %lld blocks, or an address that is 0", static_cast<long long>(rows),
                 static_cast<long long>(columns));
    });
    if (status != OTTAVA_OK) return status;
    return dispatch<&Operations::block_lists>(stream, counts, indices, blocks, rows, columns);
}
