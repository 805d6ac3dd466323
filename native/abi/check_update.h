// What the updates of many tensors ask of their tables, for all devices at once.
#pragma once

#include <cstdint>

namespace ottava {

void check_lomo_update(int64_t control, int weight_dtype, int gradient_dtype, const int64_t* tensors, int64_t count);

void check_adalomo_update_vectors(int64_t control, int weight_dtype, const int64_t* tensors, int64_t count);

void check_adamw_update(int64_t control, int weight_dtype, int gradient_dtype, int moment_dtype, const int64_t* tensors, int64_t count,
                        int stochastic);

}  // namespace ottava
