// What the operations of fused_lomo.h ask of the weight, for all devices at once. Each fails with what would work.
#pragma once

#include <cstdint>

namespace ottava {

struct LomoWeightArguments {
    int64_t control;
    int dtype;
    int64_t weight, pitch, scales, rows, columns;
};

// A weight of 0 is none: its pitch and scales are not looked at.
void check_lomo_weight(const char* operation, const LomoWeightArguments& arguments);

// The operands of the product of F32 or BF16, and the place of the weight in a larger one.
void check_lomo_operands(const char* operation, int64_t first_row, int64_t a_pitch, int64_t b_pitch, int64_t m, int64_t n, int64_t k);

// F32 or BF16.
void check_lomo_dtype(const char* operation, const char* name, int dtype);

}  // namespace ottava
