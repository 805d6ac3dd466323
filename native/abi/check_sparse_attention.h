// The arguments of sparse attention, checked before they go to a device. See ottava/sparse_attention.h.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace ottava {

// What every operation on rows of queries or keys asks; no address may be 0.
void check_sale_rows(const char* operation, std::initializer_list<int64_t> addresses, int dtype, int64_t head_dim, int64_t length,
                     int64_t least_length);
// The sequences of a batch, `pitch` numbers apart, which are read 16 bytes at a time.
void check_sale_batch(const char* operation, int dtype, int64_t batch, int64_t heads, int64_t pitch);
void check_sale_heads(const char* operation, int64_t heads, int64_t kv_heads);
void check_sale_codes(const char* operation, int kind, int64_t first, int64_t length, int64_t capacity);
void check_sale_selection(const char* operation, int64_t query_length, int64_t key_length, int64_t local_keys, int64_t row_step);
void check_sale_scale(const char* operation, double scale);

}  // namespace ottava
