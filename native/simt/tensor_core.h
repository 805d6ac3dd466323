// What mma.sync, ldmatrix and stmatrix mean; the wrappers in src/main/cuda/ptx tell the layouts.
#pragma once

#include <cstdint>

#include "context.h"
#include "numbers.h"

namespace ottava::simt {

// d: four floats, or int32_t for integers. Sums are F32, in the order of k.
void mma(const char* operation, NumberType type_a, NumberType type_b, void* d, const uint32_t* a, const uint32_t* b, Site site);

void ldmatrix(const char* operation, uint32_t* registers, int matrices, const void* row, bool transposed, Site site);
void stmatrix(const char* operation, void* row, const uint32_t* registers, int matrices, Site site);

}  // namespace ottava::simt
