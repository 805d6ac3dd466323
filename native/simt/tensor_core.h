// What mma.sync, ldmatrix and stmatrix mean; the wrappers in src/main/cuda/ptx tell the layouts.
#pragma once

#include <cstdint>

#include "context.h"

namespace ottava::simt {

struct MmaLane {
    float* d;
    const uint32_t* a;
    const uint32_t* b;
};

// The Action of mma.m16n8k16 on MmaLane. Sums are F32, in the order of k.
void mma_m16n8k16_bf16(void** lanes, uint32_t mask);

void ldmatrix(const char* operation, uint32_t* registers, int matrices, const void* row, bool transposed, Site site);
void stmatrix(const char* operation, void* row, const uint32_t* registers, int matrices, Site site);

}  // namespace ottava::simt
