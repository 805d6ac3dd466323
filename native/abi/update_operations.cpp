// The C ABI of the updates of parameters, alone and as the epilogue of a product.
#include "check_fused_lomo.h"
#include "check_gemm_fp8.h"
#include "check_update.h"
#include "dispatch.h"
#include "error.h"

using namespace ottava;

int ottava_add_loss(int64_t stream, int64_t control, int64_t x) {
    return dispatch<&Operations::add_loss>(stream, control, x);
}

int ottava_clip_coefficient(int64_t stream, int64_t control, int64_t sums, int64_t count, double max_norm) {
    return dispatch<&Operations::clip_coefficient>(stream, control, sums, count, max_norm);
}

int ottava_lomo_update(int64_t stream, int64_t control, int weight_dtype, int gradient_dtype, const int64_t* tensors, int64_t count,
                       double max_value, int stochastic, int64_t seed) {
    int status = guarded([&] { check_lomo_update(control, weight_dtype, gradient_dtype, tensors, count); });
    if (status != OTTAVA_OK) return status;
    return dispatch<&Operations::lomo_update>(stream, control, weight_dtype, gradient_dtype, tensors, count, max_value, stochastic, seed);
}

int ottava_lomo_update_fp8(int64_t stream, int64_t control, int64_t weight, int64_t weight_pitch, int64_t weight_scales, int power_of_two,
                           int gradient_dtype, int64_t gradient, int64_t rows, int64_t columns, double weight_decay, double max_value,
                           int stochastic, int64_t seed, int64_t tensor_index, int64_t sum_squares) {
    int status = guarded([&] {
        check_lomo_weight("lomo_update_fp8", {control, OTTAVA_E4M3, weight, weight_pitch, weight_scales, rows, columns});
        check_lomo_dtype("lomo_update_fp8", "the gradient", gradient_dtype);
        if (weight == 0) fail(OTTAVA_INVALID_ARGUMENT, "lomo_update_fp8: the address of the weight is 0; sum_squares alone takes the sum");
    });
    if (status != OTTAVA_OK) return status;
    return dispatch<&Operations::lomo_update_fp8>(stream, control, weight, weight_pitch, weight_scales, power_of_two, gradient_dtype,
                                                  gradient, rows, columns, weight_decay, max_value, stochastic, seed, tensor_index,
                                                  sum_squares);
}

int ottava_gemm_lomo(int64_t stream, int64_t control, int weight_dtype, int64_t weight, int64_t weight_pitch, int64_t weight_scales,
                     int power_of_two, int64_t first_row, int operand_dtype, int64_t a, int64_t a_pitch, int64_t b, int64_t b_pitch,
                     int64_t m, int64_t n, int64_t k, double weight_decay, double max_value, int stochastic, int64_t seed,
                     int64_t tensor_index, int64_t sum_squares) {
    int status = guarded([&] {
        check_lomo_weight("gemm_lomo", {control, weight_dtype, weight, weight_pitch, weight_scales, m, n});
        check_lomo_dtype("gemm_lomo", "the operands", operand_dtype);
        check_lomo_operands("gemm_lomo", first_row, a_pitch, b_pitch, m, n, k);
    });
    if (status != OTTAVA_OK) return status;
    return dispatch<&Operations::gemm_lomo>(stream, control, weight_dtype, weight, weight_pitch, weight_scales, power_of_two, first_row,
                                            operand_dtype, a, a_pitch, b, b_pitch, m, n, k, weight_decay, max_value, stochastic, seed,
                                            tensor_index, sum_squares);
}

int ottava_gemm_fp8_lomo(int64_t stream, int64_t control, int weight_dtype, int64_t weight, int64_t weight_pitch, int64_t weight_scales,
                         int power_of_two, int64_t first_row, int64_t a, int64_t a_pitch, int64_t a_scales, int64_t a_scale_row_stride,
                         int64_t a_scale_k_stride, int64_t b, int64_t b_pitch, int64_t b_scales, int64_t b_scale_row_stride,
                         int64_t b_scale_k_stride, int64_t m, int64_t n, int64_t k, double weight_decay, double max_value, int stochastic,
                         int64_t seed, int64_t tensor_index, int64_t sum_squares) {
    int status = guarded([&] {
        check_lomo_weight("gemm_fp8_lomo", {control, weight_dtype, weight, weight_pitch, weight_scales, m, n});
        check_gemm_fp8_operands("gemm_fp8_lomo", {OTTAVA_E5M2, a, a_pitch, a_scales}, {OTTAVA_E4M3, b, b_pitch, b_scales}, OTTAVA_F32, 0, m,
                                n, k);
    });
    if (status != OTTAVA_OK) return status;
    return dispatch<&Operations::gemm_fp8_lomo>(stream, control, weight_dtype, weight, weight_pitch, weight_scales, power_of_two, first_row,
                                                a, a_pitch, a_scales, a_scale_row_stride, a_scale_k_stride, b, b_pitch, b_scales,
                                                b_scale_row_stride, b_scale_k_stride, m, n, k, weight_decay, max_value, stochastic, seed,
                                                tensor_index, sum_squares);
}

int ottava_adalomo_update_matrix(int64_t stream, int64_t control, int weight_dtype, int64_t weight, int64_t gradient, int64_t row,
                                 int64_t column, int64_t rows, int64_t columns, double weight_decay, double max_value, int stochastic,
                                 int64_t seed, int64_t tensor_index, int64_t sum_squares) {
    return dispatch<&Operations::adalomo_update_matrix>(stream, control, weight_dtype, weight, gradient, row, column, rows, columns,
                                                        weight_decay, max_value, stochastic, seed, tensor_index, sum_squares);
}

int ottava_adalomo_update_vectors(int64_t stream, int64_t control, int weight_dtype, const int64_t* tensors, int64_t count,
                                  double max_value, int stochastic, int64_t seed) {
    int status = guarded([&] { check_adalomo_update_vectors(control, weight_dtype, tensors, count); });
    if (status != OTTAVA_OK) return status;
    return dispatch<&Operations::adalomo_update_vectors>(stream, control, weight_dtype, tensors, count, max_value, stochastic, seed);
}

int ottava_adamw_update(int64_t stream, int64_t control, int weight_dtype, int gradient_dtype, int moment_dtype, const int64_t* tensors,
                        int64_t count, double beta1, double beta2, double epsilon, double max_value, int stochastic, int64_t seed) {
    int status = guarded([&] { check_adamw_update(control, weight_dtype, gradient_dtype, moment_dtype, tensors, count, stochastic); });
    if (status != OTTAVA_OK) return status;
    return dispatch<&Operations::adamw_update>(stream, control, weight_dtype, gradient_dtype, moment_dtype, tensors, count, beta1, beta2,
                                               epsilon, max_value, stochastic, seed);
}
