// What the operations that read codes in groups of 16 ask of them, for all devices at once. Each fails with what would work.
#pragma once

#include <cstdint>

namespace ottava {

// `codes` are codes only where there are scales.
void check_saved(const char* operation, const char* name, int64_t codes, int64_t pitch, int64_t scales, int64_t columns);

// Both or neither are codes.
void check_saved_pair(const char* operation, int64_t gate, int64_t up, int64_t pitch, int64_t gate_scales, int64_t up_scales,
                      int64_t columns);

}  // namespace ottava
