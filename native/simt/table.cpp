// The operations of the simt device. A null member is not written yet: calling it fails with its name.
#include "launch/attention.h"
#include "launch/gemm.h"

namespace ottava::simt {

extern const Operations table;
const Operations table = {
    .fill = nullptr,
    .cast = nullptr,
    .add = nullptr,
    .sum = nullptr,
    .sum_squares = nullptr,
    .column_sum = nullptr,
    .embedding_forward = nullptr,
    .embedding_backward = nullptr,
    .rms_norm_forward = nullptr,
    .rms_norm_backward = nullptr,
    .gemm = kernels::gemm,
    .rope = nullptr,
    .attention_forward = kernels::attention_forward,
    .attention_backward = kernels::attention_backward,
    .swiglu_forward = nullptr,
    .swiglu_backward = nullptr,
    .cross_entropy = nullptr,
    .clip_coefficient = nullptr,
    .lomo_update = nullptr,
    .adalomo_update_matrix = nullptr,
    .adalomo_update_vector = nullptr,
    .adamw_update = nullptr,
};

}  // namespace ottava::simt
