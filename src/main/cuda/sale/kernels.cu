// Compiled by nvcc to the family's cubin.
#include "kernels.h"

#include "../common/export.cuh"

namespace ottava {
OTTAVA_SALE_KERNELS(OTTAVA_EXPORT)
}  // namespace ottava
