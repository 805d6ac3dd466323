// The C ABI of the operations, but for updates of parameters: each goes to the table of the stream's device.
#include "check_gemm_fp8.h"
#include "check_saved.h"
#include "dispatch.h"
#include "error.h"

using namespace ottava;

int ottava_fill(int64_t stream, int dtype, int64_t x, int64_t count, double value) {
    return dispatch<&Operations::fill>(stream, dtype, x, count, value);
}

int ottava_cast(int64_t stream, int destination_dtype, int64_t destination, int source_dtype, int64_t source, int64_t count) {
    return dispatch<&Operations::cast>(stream, destination_dtype, destination, source_dtype, source, count);
}

int ottava_add(int64_t stream, int dtype, int64_t out, int64_t a, int64_t b, int64_t count) {
    return dispatch<&Operations::add>(stream, dtype, out, a, b, count);
}

int ottava_sum(int64_t stream, int64_t out, int64_t x, int64_t count) {
    return dispatch<&Operations::sum>(stream, out, x, count);
}

int ottava_sum_squares(int64_t stream, int64_t out, int dtype, int64_t x, int64_t count) {
    return dispatch<&Operations::sum_squares>(stream, out, dtype, x, count);
}

int ottava_column_sum(int64_t stream, int64_t out, int dtype, int64_t x, int64_t rows, int64_t columns, int accumulate) {
    return dispatch<&Operations::column_sum>(stream, out, dtype, x, rows, columns, accumulate);
}

int ottava_embedding_forward(int64_t stream, int dtype, int64_t out, int64_t weight, int64_t ids, int64_t tokens, int64_t vocabulary,
                             int64_t hidden) {
    return dispatch<&Operations::embedding_forward>(stream, dtype, out, weight, ids, tokens, vocabulary, hidden);
}

int ottava_embedding_backward(int64_t stream, int64_t d_weight, int dtype, int64_t d_out, int64_t ids, int64_t tokens, int64_t vocabulary,
                              int64_t hidden) {
    return dispatch<&Operations::embedding_backward>(stream, d_weight, dtype, d_out, ids, tokens, vocabulary, hidden);
}

int ottava_embedding_lomo(int64_t stream, int64_t control, int weight_dtype, int64_t weight, int dtype, int64_t d_out, int64_t ids,
                          int64_t tokens, int64_t vocabulary, int64_t hidden, double weight_decay, double max_value, int stochastic,
                          int64_t seed, int64_t tensor_index, int64_t sum_squares) {
    int status = guarded([&] {
        if (weight != 0 && control == 0)
            fail(OTTAVA_INVALID_ARGUMENT, "embedding_lomo: the address of the control is 0, which only a weight of 0 goes with");
    });
    if (status != OTTAVA_OK) return status;
    return dispatch<&Operations::embedding_lomo>(stream, control, weight_dtype, weight, dtype, d_out, ids, tokens, vocabulary, hidden,
                                                 weight_decay, max_value, stochastic, seed, tensor_index, sum_squares);
}

int ottava_rms_norm_forward(int64_t stream, int dtype, int64_t y, int64_t inverse_rms, int64_t x, int64_t weight, int64_t rows,
                            int64_t columns, double epsilon) {
    return dispatch<&Operations::rms_norm_forward>(stream, dtype, y, inverse_rms, x, weight, rows, columns, epsilon);
}

int ottava_rms_norm_backward(int64_t stream, int dtype, int64_t d_x, int accumulate_d_x, int64_t d_weight, int accumulate_d_weight,
                             int64_t d_y, int64_t x, int64_t x_pitch, int64_t x_scales, int64_t weight, int64_t inverse_rms, int64_t rows,
                             int64_t columns) {
    int status = guarded([&] { check_saved("rms_norm_backward", "x", x, x_pitch, x_scales, columns); });
    if (status != OTTAVA_OK) return status;
    return dispatch<&Operations::rms_norm_backward>(stream, dtype, d_x, accumulate_d_x, d_weight, accumulate_d_weight, d_y, x, x_pitch,
                                                    x_scales, weight, inverse_rms, rows, columns);
}

int ottava_gemm(int64_t stream, int d_dtype, int64_t d, int64_t d_pitch, int operand_dtype, int64_t a, int64_t a_pitch, int a_transposed,
                int64_t b, int64_t b_pitch, int b_transposed, int64_t bias, int64_t m, int64_t n, int64_t k, int accumulate) {
    return dispatch<&Operations::gemm>(stream, d_dtype, d, d_pitch, operand_dtype, a, a_pitch, a_transposed, b, b_pitch, b_transposed, bias,
                                       m, n, k, accumulate);
}

int ottava_rope(int64_t stream, int dtype, int64_t x, int64_t row_pitch, int64_t cosine, int64_t sine, int64_t tokens, int64_t sequence,
                int64_t first_position, int64_t positions, int64_t heads, int64_t head_dim, int inverse) {
    return dispatch<&Operations::rope>(stream, dtype, x, row_pitch, cosine, sine, tokens, sequence, first_position, positions, heads,
                                       head_dim, inverse);
}

int ottava_attention_forward(int64_t stream, int dtype, int64_t out, int64_t log_sum_exp, int64_t q, int64_t k, int64_t v, int64_t blocks,
                             int64_t batch, int64_t heads, int64_t kv_heads, int64_t head_dim, int64_t query_length, int64_t key_length,
                             int64_t key_batch_pitch, double scale) {
    return dispatch<&Operations::attention_forward>(stream, dtype, out, log_sum_exp, q, k, v, blocks, batch, heads, kv_heads, head_dim,
                                                    query_length, key_length, key_batch_pitch, scale);
}

int ottava_attention_backward(int64_t stream, int dtype, int64_t d_q, int64_t d_k, int64_t d_v, int64_t d_out, int64_t q, int64_t k,
                              int64_t v, int64_t out, int64_t log_sum_exp, int64_t batch, int64_t heads, int64_t kv_heads, int64_t head_dim,
                              int64_t length, double scale) {
    return dispatch<&Operations::attention_backward>(stream, dtype, d_q, d_k, d_v, d_out, q, k, v, out, log_sum_exp, batch, heads, kv_heads,
                                                     head_dim, length, scale);
}

int ottava_swiglu_forward(int64_t stream, int dtype, int64_t y, int64_t gate, int64_t up, int64_t count) {
    return dispatch<&Operations::swiglu_forward>(stream, dtype, y, gate, up, count);
}

int ottava_swiglu_backward(int64_t stream, int dtype, int64_t d_gate, int64_t d_up, int64_t d_y, int64_t gate, int64_t up, int64_t count) {
    return dispatch<&Operations::swiglu_backward>(stream, dtype, d_gate, d_up, d_y, gate, up, count);
}

int ottava_cross_entropy(int64_t stream, int64_t losses, int d_dtype, int64_t d_logits, int64_t logits, int64_t targets, int64_t scale,
                         int64_t rows, int64_t vocabulary) {
    return dispatch<&Operations::cross_entropy>(stream, losses, d_dtype, d_logits, logits, targets, scale, rows, vocabulary);
}

int ottava_cross_entropy_tile(int64_t stream, int64_t losses, int64_t running, int64_t logits, int64_t targets, int64_t rows,
                              int64_t vocabulary, int64_t first, int64_t columns) {
    return dispatch<&Operations::cross_entropy_tile>(stream, losses, running, logits, targets, rows, vocabulary, first, columns);
}

int ottava_cross_entropy_tile_gradient(int64_t stream, int d_dtype, int64_t d_logits, int64_t logits, int64_t targets, int64_t running,
                                       int64_t scale, int64_t rows, int64_t first, int64_t columns) {
    return dispatch<&Operations::cross_entropy_tile_gradient>(stream, d_dtype, d_logits, logits, targets, running, scale, rows, first,
                                                              columns);
}

int ottava_gemm_fp8(int64_t stream, int d_dtype, int64_t d, int64_t d_pitch, int64_t d_amax, int a_dtype, int64_t a, int64_t a_pitch,
                    int64_t a_scales, int64_t a_scale_row_stride, int64_t a_scale_k_stride, int b_dtype, int64_t b, int64_t b_pitch,
                    int64_t b_scales, int64_t b_scale_row_stride, int64_t b_scale_k_stride, int bias_dtype, int64_t bias, int64_t addend,
                    int64_t addend_pitch, int64_t m, int64_t n, int64_t k, int exact) {
    int status = guarded([&] {
        check_gemm_fp8_operands("gemm_fp8", {a_dtype, a, a_pitch, a_scales}, {b_dtype, b, b_pitch, b_scales}, bias_dtype, bias, m, n, k);
        check_gemm_fp8_result("gemm_fp8", d_dtype, d, d_pitch, addend, addend_pitch, n);
    });
    if (status != OTTAVA_OK) return status;
    return dispatch<&Operations::gemm_fp8>(stream, d_dtype, d, d_pitch, d_amax, a_dtype, a, a_pitch, a_scales, a_scale_row_stride,
                                           a_scale_k_stride, b_dtype, b, b_pitch, b_scales, b_scale_row_stride, b_scale_k_stride,
                                           bias_dtype, bias, addend, addend_pitch, m, n, k, exact);
}

int ottava_gemm_fp8_quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int scaling, int64_t q_scales, int a_dtype, int64_t a,
                             int64_t a_pitch, int64_t a_scales, int64_t a_scale_row_stride, int64_t a_scale_k_stride, int b_dtype,
                             int64_t b, int64_t b_pitch, int64_t b_scales, int64_t b_scale_row_stride, int64_t b_scale_k_stride,
                             int bias_dtype, int64_t bias, int64_t m, int64_t n, int64_t k, int exact) {
    int status = guarded([&] {
        check_gemm_fp8_operands("gemm_fp8_quantize", {a_dtype, a, a_pitch, a_scales}, {b_dtype, b, b_pitch, b_scales}, bias_dtype, bias, m,
                                n, k);
        check_gemm_fp8_quantized("gemm_fp8_quantize", q_dtype, q, q_pitch, scaling, q_scales, n);
    });
    if (status != OTTAVA_OK) return status;
    return dispatch<&Operations::gemm_fp8_quantize>(stream, q_dtype, q, q_pitch, scaling, q_scales, a_dtype, a, a_pitch, a_scales,
                                                    a_scale_row_stride, a_scale_k_stride, b_dtype, b, b_pitch, b_scales, b_scale_row_stride,
                                                    b_scale_k_stride, bias_dtype, bias, m, n, k, exact);
}

int ottava_quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int64_t q_transposed, int64_t q_transposed_pitch, int scaling,
                    int64_t scales, int scales_given, int dtype, int64_t x, int64_t x_pitch, int64_t rows, int64_t columns) {
    return dispatch<&Operations::quantize>(stream, q_dtype, q, q_pitch, q_transposed, q_transposed_pitch, scaling, scales, scales_given,
                                           dtype, x, x_pitch, rows, columns);
}

int ottava_dequantize(int64_t stream, int dtype, int64_t y, int64_t y_pitch, int q_dtype, int64_t q, int64_t q_pitch, int scaling,
                      int64_t scales, int64_t rows, int64_t columns) {
    return dispatch<&Operations::dequantize>(stream, dtype, y, y_pitch, q_dtype, q, q_pitch, scaling, scales, rows, columns);
}

int ottava_add_quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int64_t scales, int dtype, int64_t y, int64_t a, int64_t b,
                        int64_t rows, int64_t columns) {
    int status = guarded([&] {
        if (q != 0 && (q % 16 != 0 || q_pitch % 16 != 0))
            fail(OTTAVA_INVALID_ARGUMENT, "add_quantize: address and pitch of codes have to be multiples of 16");
    });
    if (status != OTTAVA_OK) return status;
    return dispatch<&Operations::add_quantize>(stream, q_dtype, q, q_pitch, scales, dtype, y, a, b, rows, columns);
}

int ottava_transpose_codes(int64_t stream, int64_t y, int64_t y_pitch, int64_t x, int64_t x_pitch, int64_t rows, int64_t columns) {
    int status = guarded([&] {
        if (x % 16 != 0 || y % 16 != 0 || x_pitch % 16 != 0 || y_pitch % 16 != 0)
            fail(OTTAVA_INVALID_ARGUMENT, "transpose_codes: addresses and pitches of codes have to be multiples of 16");
    });
    if (status != OTTAVA_OK) return status;
    return dispatch<&Operations::transpose_codes>(stream, y, y_pitch, x, x_pitch, rows, columns);
}

int ottava_rms_norm_quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int64_t q_transposed, int64_t q_transposed_pitch,
                             int scaling, int64_t scales, int scales_given, int64_t inverse_rms, int dtype, int64_t x, int64_t x_pitch,
                             int64_t x_scales, int64_t weight, int64_t rows, int64_t columns, double epsilon) {
    int status = guarded([&] { check_saved("rms_norm_quantize", "x", x, x_pitch, x_scales, columns); });
    if (status != OTTAVA_OK) return status;
    return dispatch<&Operations::rms_norm_quantize>(stream, q_dtype, q, q_pitch, q_transposed, q_transposed_pitch, scaling, scales,
                                                    scales_given, inverse_rms, dtype, x, x_pitch, x_scales, weight, rows, columns, epsilon);
}

int ottava_swiglu_quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int64_t q_transposed, int64_t q_transposed_pitch,
                           int scaling, int64_t scales, int scales_given, int dtype, int64_t gate, int64_t up, int64_t gate_pitch,
                           int64_t gate_scales, int64_t up_scales, int64_t rows, int64_t columns) {
    int status = guarded([&] { check_saved_pair("swiglu_quantize", gate, up, gate_pitch, gate_scales, up_scales, columns); });
    if (status != OTTAVA_OK) return status;
    return dispatch<&Operations::swiglu_quantize>(stream, q_dtype, q, q_pitch, q_transposed, q_transposed_pitch, scaling, scales,
                                                  scales_given, dtype, gate, up, gate_pitch, gate_scales, up_scales, rows, columns);
}

int ottava_swiglu_backward_quantize(int64_t stream, int q_dtype, int64_t d_gate, int64_t d_gate_transposed, int64_t d_gate_scales,
                                    int64_t d_up, int64_t d_up_transposed, int64_t d_up_scales, int64_t q_pitch, int64_t q_transposed_pitch,
                                    int scaling, int dtype, int64_t d_y, int64_t gate, int64_t up, int64_t gate_pitch, int64_t gate_scales,
                                    int64_t up_scales, int64_t rows, int64_t columns) {
    int status = guarded([&] { check_saved_pair("swiglu_backward_quantize", gate, up, gate_pitch, gate_scales, up_scales, columns); });
    if (status != OTTAVA_OK) return status;
    return dispatch<&Operations::swiglu_backward_quantize>(stream, q_dtype, d_gate, d_gate_transposed, d_gate_scales, d_up, d_up_transposed,
                                                           d_up_scales, q_pitch, q_transposed_pitch, scaling, dtype, d_y, gate, up,
                                                           gate_pitch, gate_scales, up_scales, rows, columns);
}
