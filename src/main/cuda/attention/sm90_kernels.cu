// Compiled by nvcc for sm_90a alone, to a cubin of its own.
#include "sm90_kernels.h"

#include "../common/export.cuh"

namespace ottava {
OTTAVA_ATTENTION_SM90_KERNELS(OTTAVA_EXPORT)
}  // namespace ottava
