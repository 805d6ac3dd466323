// Compiled by nvcc for sm_90a alone.
#include "sm90_kernels.h"

#include "../common/export.cuh"

namespace ottava {
OTTAVA_CONFORMANCE_SM90_KERNELS(OTTAVA_EXPORT)
}  // namespace ottava
