// What RMSNorm lends to its quantised form.
#pragma once

#include "kernels.h"

OTTAVA_CPU_BEGIN

// y of rms_norm_forward, by the inverse_rms that there is.
void rms_norm_apply(int dtype, int64_t y, int64_t inverse_rms, int64_t x, int64_t weight, int64_t rows, int64_t columns);

OTTAVA_CPU_END
