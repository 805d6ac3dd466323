#include "case.h"

namespace ottava::cases {

OTTAVA_CASE(attention) {
    for (int dtype : FLOATS)
        for (int64_t width : {32, 64, 96, 128}) {  // those of the kernels: head_dim is padded to the next
            int64_t head_dim = width - 16 * c.size(0, 1), kv_heads = c.size(1, 2), heads = kv_heads * c.size(1, 2), length = c.size(1, 64);
            int64_t q_count = length * heads * head_dim, k_count = length * kv_heads * head_dim;
            int64_t q = c.numbers(dtype, q_count), k = c.numbers(dtype, k_count), v = c.numbers(dtype, k_count);
            int64_t out = c.empty(dtype, q_count), sums = c.empty(OTTAVA_F32, heads * length);
            c.run.attention_forward(c.stream, dtype, out, sums, q, k, v, 0, 1, heads, kv_heads, head_dim, length, length, k_count, 0.2);
            int64_t d_q = c.empty(dtype, q_count), d_k = c.empty(dtype, k_count), d_v = c.empty(dtype, k_count);
            c.run.attention_backward(c.stream, dtype, d_q, d_k, d_v, c.numbers(dtype, q_count), q, k, v, out, sums, 1, heads, kv_heads,
                                     head_dim, length, 0.2);
        }
}

// Few queries and many keys, which blocks share.
OTTAVA_CASE(attention_of_a_cache) {
    for (int dtype : FLOATS) {
        int64_t heads = 4, head_dim = 32, batch = 2, queries = c.size(1, 3), keys = c.size(257, 300), capacity = keys + c.size(0, 8);
        int64_t k_count = batch * capacity * head_dim, q_count = batch * queries * heads * head_dim;
        int64_t sums = c.empty(OTTAVA_F32, batch * heads * queries), out = c.empty(dtype, q_count);
        int64_t q = c.numbers(dtype, q_count), k = c.numbers(dtype, k_count), v = c.numbers(dtype, k_count);
        c.run.attention_forward(c.stream, dtype, out, sums, q, k, v, 0, batch, heads, 1, head_dim, queries, keys, capacity * head_dim, 0.2);
    }
}

// What the kernels of Hopper take: more than 64 queries, with a list or without.
OTTAVA_CASE(attention_on_hopper) {
    for (int64_t head_dim : {64, 128})
        for (bool listed : {false, true}) {
            int64_t kv_heads = c.size(1, 2), heads = kv_heads * c.size(1, 2), queries = c.size(65, 200), keys = queries + c.size(0, 130);
            int64_t capacity = keys + c.size(0, 8), q_count = queries * heads * head_dim, k_count = capacity * kv_heads * head_dim;
            int64_t blocks = c.ids(heads * ((queries + 63) / 64), 0, 64);  // of up to 6 blocks of keys
            c.run.attention_forward(c.stream, OTTAVA_BF16, c.empty(OTTAVA_BF16, q_count), c.empty(OTTAVA_F32, heads * queries),
                                    c.numbers(OTTAVA_BF16, q_count), c.numbers(OTTAVA_BF16, k_count), c.numbers(OTTAVA_BF16, k_count),
                                    listed ? blocks : 0, 1, heads, kv_heads, head_dim, queries, keys, k_count, listed ? 0.2 : -0.2);
        }
}

}  // namespace ottava::cases
