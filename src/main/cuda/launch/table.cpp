// The operations of every KernelDevice.
#include "activation.h"
#include "adalomo.h"
#include "attention.h"
#include "elementwise.h"
#include "embedding.h"
#include "fused_lomo.h"
#include "gemm.h"
#include "gemm_fp8.h"
#include "loss.h"
#include "norm.h"
#include "optimizer.h"
#include "quantize.h"
#include "rope.h"
#include "sale.h"

namespace ottava {

const Operations kernel_operations = {
    .fill = kernels::fill,
    .cast = kernels::cast,
    .add = kernels::add,
    .sum = kernels::sum,
    .sum_squares = kernels::sum_squares,
    .column_sum = kernels::column_sum,
    .embedding_forward = kernels::embedding_forward,
    .embedding_backward = kernels::embedding_backward,
    .embedding_lomo = kernels::embedding_lomo,
    .rms_norm_forward = kernels::rms_norm_forward,
    .rms_norm_backward = kernels::rms_norm_backward,
    .gemm = kernels::gemm,
    .gemm_fp8 = kernels::gemm_fp8,
    .gemm_fp8_quantize = kernels::gemm_fp8_quantize,
    .rope = kernels::rope,
    .attention_forward = kernels::attention_forward,
    .attention_backward = kernels::attention_backward,
    .swiglu_forward = kernels::swiglu_forward,
    .swiglu_backward = kernels::swiglu_backward,
    .cross_entropy = kernels::cross_entropy,
    .cross_entropy_tile = kernels::cross_entropy_tile,
    .cross_entropy_tile_gradient = kernels::cross_entropy_tile_gradient,
    .add_loss = kernels::add_loss,
    .clip_coefficient = kernels::clip_coefficient,
    .lomo_update = kernels::lomo_update,
    .lomo_update_fp8 = kernels::lomo_update_fp8,
    .gemm_lomo = kernels::gemm_lomo,
    .gemm_fp8_lomo = kernels::gemm_fp8_lomo,
    .adalomo_update_matrix = kernels::adalomo_update_matrix,
    .adalomo_update_vectors = kernels::adalomo_update_vectors,
    .adamw_update = kernels::adamw_update,
    .quantize = kernels::quantize,
    .dequantize = kernels::dequantize,
    .add_quantize = kernels::add_quantize,
    .transpose_codes = kernels::transpose_codes,
    .rms_norm_quantize = kernels::rms_norm_quantize,
    .swiglu_quantize = kernels::swiglu_quantize,
    .swiglu_backward_quantize = kernels::swiglu_backward_quantize,
    .sale_mean = kernels::sale_mean,
    .sale_quantize = kernels::sale_quantize,
    .sale_correction = kernels::sale_correction,
    .sale_thresholds = kernels::sale_thresholds,
    .sale_select = kernels::sale_select,
    .block_lists = kernels::block_lists,
};

}  // namespace ottava
