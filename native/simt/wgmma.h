// What wgmma means: a product is computed when it is waited for, from what then lies in shared memory; until then its sums are NaN.
#pragma once

#include <cstdint>

#include "context.h"

namespace ottava::simt {

enum WgmmaType { BF16, E4M3 };

struct WgmmaShape {
    const char* operation;
    int n;
    WgmmaType type;
};

// a: from registers if they are not null, else from shared memory by its descriptor.
void wgmma(WgmmaShape shape, float* d, uint64_t a, const uint32_t* registers, uint64_t b, bool accumulate, Site site);
void wgmma_commit(Site site);
void wgmma_wait(int groups_left, Site site);

// The address of shared memory for a descriptor: from its beginning.
uint32_t wgmma_address(const void* shared);

}  // namespace ottava::simt
