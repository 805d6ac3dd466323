// What kernels may ask of the cpu device.
#pragma once

#include <cstdint>

#include "onednn.h"

namespace ottava::cpu {

// Multiplies with oneDNN, or returns false on a device that was opened without it.
bool multiply_with_onednn(int64_t stream, const Gemm&, int64_t d, int64_t a, int64_t b, int64_t bias);

}  // namespace ottava::cpu
