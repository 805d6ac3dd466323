// Attention, forward and backward, by kernels.
#pragma once

#include <algorithm>

#include "../attention/kernels.h"
#include "launch.h"

namespace ottava {

OTTAVA_ATTENTION_KERNELS(OTTAVA_NAME)

namespace kernels {

struct AttentionCall {
    int64_t stream;
    const char* operation;
    int dtype;
    int64_t batch;
    AttentionShape shape;

    AttentionCall(int64_t stream, const char* operation, int dtype, int64_t batch, int64_t heads, int64_t kv_heads, int64_t head_dim,
                  int64_t query_length, int64_t key_length, int64_t key_batch_pitch, double scale)
        : stream(stream), operation(operation), dtype(dtype), batch(batch) {
        if (dtype != OTTAVA_F32 && dtype != OTTAVA_BF16) refuse_dtype(stream, operation, dtype);
        if (kv_heads < 1 || heads < 1 || heads % kv_heads != 0)
            fail(OTTAVA_INVALID_ARGUMENT, "%s: %lld query heads are no multiple of %lld key/value heads", operation,
                 static_cast<long long>(heads), static_cast<long long>(kv_heads));
        if (head_dim < 16 || head_dim > 128 || head_dim % 16 != 0)
            fail(OTTAVA_INVALID_ARGUMENT, "%s: head_dim %lld is not a multiple of 16 up to 128", operation,
                 static_cast<long long>(head_dim));
        if (query_length > key_length)
            fail(OTTAVA_INVALID_ARGUMENT, "%s: %lld queries for %lld keys; there may not be more queries than keys", operation,
                 static_cast<long long>(query_length), static_cast<long long>(key_length));
        // Rows and keys of a sequence are counted in 32 bits, and divided by the group.
        int64_t group = heads / kv_heads;
        if (key_length * heads > INT32_MAX / 2 || (key_length + 256) * group * group > INT64_C(0xffffffff))
            fail(OTTAVA_UNSUPPORTED, "%s: %lld keys are too many for %lld heads", operation, static_cast<long long>(key_length),
                 static_cast<long long>(heads));
        shape = AttentionShape{static_cast<int>(heads),
                               static_cast<int>(kv_heads),
                               static_cast<int>(group),
                               static_cast<int>(head_dim),
                               static_cast<int>(query_length),
                               static_cast<int>(key_length),
                               static_cast<int>(kv_heads),
                               key_batch_pitch,
                               static_cast<uint64_t>(ceil_div(int64_t{1} << 32, group)),
                               static_cast<float>(scale)};
    }

    void check_aligned(const char* name, int64_t address) const {
        if (address % 16 != 0) fail(OTTAVA_INVALID_ARGUMENT, "%s: the address of %s is no multiple of 16 bytes", operation, name);
    }

    // Blocks for tiles of `rows` rows in each key/value head of each sequence.
    int64_t blocks(int64_t rows) const {
        int64_t blocks = ceil_div(rows, block_rows) * shape.row_heads * batch;
        if (blocks > INT32_MAX) fail(OTTAVA_UNSUPPORTED, "%s: a batch of %lld is too large", operation, static_cast<long long>(batch));
        return blocks;
    }

    // How many keys a block of the forward pass takes: as many blocks as a large GPU holds at a time are wanted, with 128 keys at least.
    // The shape alone decides, not the device, so that results are the same everywhere.
    int64_t keys_of_split(int64_t blocks) const {
        int64_t splits = std::min(ceil_div(256, blocks), ceil_div(shape.key_length, 128));
        return ceil_div(ceil_div(shape.key_length, splits), 128) * 128;
    }

    // Calls body(element, width) for the type of the elements and the width that head_dim is padded to.
    template <class Body>
    void choose(Body&& body) const {
        auto with = [&](auto element) {
            if (shape.head_dim <= 32) return body(element, std::integral_constant<int, 32>{});
            if (shape.head_dim <= 64) return body(element, std::integral_constant<int, 64>{});
            if (shape.head_dim <= 96) return body(element, std::integral_constant<int, 96>{});
            return body(element, std::integral_constant<int, 128>{});
        };
        dtype == OTTAVA_BF16 ? with(bf16{}) : with(float{});
    }
};

// By the sm_90a kernel (attention_sm90.cpp), where the shape suits it. What the kernel needs of addresses was checked.
bool sm90_attention_suits(const AttentionCall& call);
void attention_forward_by_sm90(const AttentionCall& call, int64_t out, int64_t log_sum_exp, int64_t q, int64_t k, int64_t v,
                               int64_t listed);

inline int attention_forward(int64_t stream, int dtype, int64_t out, int64_t log_sum_exp, int64_t q, int64_t k, int64_t v, int64_t listed,
                             int64_t batch, int64_t heads, int64_t kv_heads, int64_t head_dim, int64_t query_length, int64_t key_length,
                             int64_t key_batch_pitch, double scale) {
    AttentionCall call(stream, "attention_forward", dtype, batch, heads, kv_heads, head_dim, query_length, key_length, key_batch_pitch,
                       scale);
    if (batch == 0 || query_length == 0) return OTTAVA_OK;
    call.check_aligned("out", out);
    call.check_aligned("q", q);
    call.check_aligned("k", k);
    call.check_aligned("v", v);
    call.check_aligned("a sequence of k", batch > 1 ? key_batch_pitch * (dtype == OTTAVA_BF16 ? 2 : 4) : 0);
    if (sm90_attention_suits(call)) {
        attention_forward_by_sm90(call, out, log_sum_exp, q, k, v, listed);
        return OTTAVA_OK;
    }
    // The same splits with and without a list, so that the results are the same if every block is listed.
    int64_t keys = call.keys_of_split(call.blocks(call.shape.rows())), splits = ceil_div(key_length, keys);
    if (listed != 0) call.shape.one_head_at_a_time();
    int64_t blocks = call.blocks(call.shape.rows());
    call.choose([&](auto element, auto width) {
        using T = decltype(element);
        using Kernel = any_attention_forward<T, width>;
        using Combine = any_attention_combine<T>;
        Kernel kernel{pointer<T>(out),
                      pointer<float>(log_sum_exp),
                      pointer<const T>(q),
                      pointer<const T>(k),
                      pointer<const T>(v),
                      pointer<const uint32_t>(listed),
                      call.shape,
                      1,
                      static_cast<int>(key_length),
                      nullptr,
                      nullptr,
                      batch * query_length * heads};
        if (splits == 1) return launch(stream, kernel, blocks, Kernel::threads, Kernel::shared_bytes);
        Scratch scratch(stream, call.operation);
        kernel.splits = static_cast<int>(splits);
        kernel.keys_of_split = static_cast<int>(keys);
        kernel.partial_out = scratch.take<float>(splits * kernel.rows_of_split * head_dim);
        kernel.partial_sums = scratch.take<float>(splits * kernel.rows_of_split);
        launch(stream, kernel, blocks * splits, Kernel::threads, Kernel::shared_bytes);
        launch(stream,
               Combine{kernel.out, kernel.log_sum_exp, kernel.partial_out, kernel.partial_sums, kernel.rows_of_split, kernel.splits,
                       call.shape.heads, call.shape.query_length, call.shape.head_dim},
               ceil_div(kernel.rows_of_split, Combine::threads / 32), Combine::threads);
    });
    return OTTAVA_OK;
}

inline int attention_backward(int64_t stream, int dtype, int64_t d_q, int64_t d_k, int64_t d_v, int64_t d_out, int64_t q, int64_t k,
                              int64_t v, int64_t out, int64_t log_sum_exp, int64_t batch, int64_t heads, int64_t kv_heads, int64_t head_dim,
                              int64_t length, double scale) {
    AttentionCall call(stream, "attention_backward", dtype, batch, heads, kv_heads, head_dim, length, length, length * kv_heads * head_dim,
                       scale);
    if (batch == 0 || length == 0) return OTTAVA_OK;
    call.check_aligned("d_q", d_q);
    call.check_aligned("d_k", d_k);
    call.check_aligned("d_v", d_v);
    call.check_aligned("d_out", d_out);
    call.check_aligned("q", q);
    call.check_aligned("k", k);
    call.check_aligned("v", v);
    call.check_aligned("out", out);
    call.choose([&](auto element, auto width) {
        using T = decltype(element);
        using Delta = any_attention_delta<T>;
        using Keys = any_attention_backward_keys<T, width>;
        using Queries = any_attention_backward_queries<T, width>;
        int64_t rows = batch * length * heads;
        launch(stream, Delta{pointer<T>(d_q), pointer<const T>(d_out), pointer<const T>(out), rows, call.shape.head_dim},
               ceil_div(rows, Delta::threads / 8), Delta::threads);
        launch(stream,
               Keys{pointer<T>(d_k), pointer<T>(d_v), pointer<const T>(d_q), pointer<const T>(d_out), pointer<const T>(q),
                    pointer<const T>(k), pointer<const T>(v), pointer<const float>(log_sum_exp), call.shape},
               call.blocks(length), Keys::threads, Keys::shared_bytes);
        launch(stream,
               Queries{pointer<T>(d_q), pointer<const T>(d_out), pointer<const T>(q), pointer<const T>(k), pointer<const T>(v),
                       pointer<const float>(log_sum_exp), call.shape},
               call.blocks(call.shape.rows()), Queries::threads, Queries::shared_bytes);
    });
    return OTTAVA_OK;
}

}  // namespace kernels
}  // namespace ottava
