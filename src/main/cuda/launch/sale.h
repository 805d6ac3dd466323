// Launches of the estimate of attention, which have a file of their own to compile.
#pragma once

#include "ottava/sparse_attention.h"

namespace ottava::kernels {

decltype(ottava_sale_mean) sale_mean;
decltype(ottava_sale_quantize) sale_quantize;
decltype(ottava_sale_correction) sale_correction;
decltype(ottava_sale_thresholds) sale_thresholds;
decltype(ottava_sale_select) sale_select;
decltype(ottava_block_lists) block_lists;

}  // namespace ottava::kernels
