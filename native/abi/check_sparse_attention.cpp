#include "check_sparse_attention.h"

#include <cmath>

#include "error.h"
#include "ottava/sparse_attention.h"

namespace ottava {

// Rows of a chunk of 512 queries, and of a tile behind the last key, are counted in 32 bits.
static constexpr int64_t most_rows = INT32_MAX - 4096;

static long long shown(int64_t value) {
    return static_cast<long long>(value);
}

void check_sale_rows(const char* operation, std::initializer_list<int64_t> addresses, int dtype, int64_t head_dim, int64_t length,
                     int64_t least_length) {
    if (dtype != OTTAVA_F32 && dtype != OTTAVA_BF16)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: dtype %d is neither F32 (%d) nor BF16 (%d)", operation, dtype, OTTAVA_F32, OTTAVA_BF16);
    if (head_dim != 64 && head_dim != 128)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: head_dim %lld is neither 64 nor 128", operation, shown(head_dim));
    if (length < least_length || length > most_rows)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: length %lld is not between %lld and %lld", operation, shown(length), shown(least_length),
             shown(most_rows));
    int position = 0;
    for (int64_t address : addresses) {
        position++;
        if (address == 0) fail(OTTAVA_INVALID_ARGUMENT, "%s: address %d is 0", operation, position);
        if (address % 16 != 0) fail(OTTAVA_INVALID_ARGUMENT, "%s: address %d is not a multiple of 16", operation, position);
    }
}

void check_sale_batch(const char* operation, int dtype, int64_t batch, int64_t heads, int64_t pitch) {
    if (batch < 0 || heads < 1) fail(OTTAVA_INVALID_ARGUMENT, "%s: %lld sequences of %lld heads", operation, shown(batch), shown(heads));
    if (batch > 1 && pitch * (dtype == OTTAVA_F32 ? 4 : 2) % 16 != 0)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: sequences are %lld numbers apart, which is no multiple of 16 bytes", operation, shown(pitch));
}

void check_sale_heads(const char* operation, int64_t heads, int64_t kv_heads) {
    if (kv_heads < 1 || heads < 1 || heads % kv_heads != 0)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: %lld query heads are no multiple of %lld key/value heads", operation, shown(heads),
             shown(kv_heads));
}

void check_sale_codes(const char* operation, int kind, int64_t first, int64_t length, int64_t capacity) {
    if (kind != OTTAVA_SALE_QUERIES && kind != OTTAVA_SALE_KEYS)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: kind %d is neither of queries (%d) nor of keys (%d)", operation, kind, OTTAVA_SALE_QUERIES,
             OTTAVA_SALE_KEYS);
    if (first < 0 || first > length || first % 32 != 0)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: the first row %lld is not a multiple of 32 up to the length %lld", operation, shown(first),
             shown(length));
    if (capacity < length)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: a capacity of %lld rows is less than the length %lld", operation, shown(capacity),
             shown(length));
}

void check_sale_selection(const char* operation, int64_t query_length, int64_t key_length, int64_t local_keys, int64_t row_step) {
    if (query_length < 0 || query_length > key_length)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: %lld queries for %lld keys; there may not be more queries than keys", operation,
             shown(query_length), shown(key_length));
    if (local_keys < 1 || local_keys > most_rows)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: local_keys %lld is not between 1 and %lld", operation, shown(local_keys), shown(most_rows));
    if (row_step != 1 && row_step != 2 && row_step != 4 && row_step != 8)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: row_step %lld is none of 1, 2, 4 and 8", operation, shown(row_step));
}

void check_sale_scale(const char* operation, double scale) {
    float used = static_cast<float>(scale);
    if (!(used > 0) || std::isinf(used)) fail(OTTAVA_INVALID_ARGUMENT, "%s: scale %g is not a positive number", operation, scale);
}

}  // namespace ottava
