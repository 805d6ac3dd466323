// What wgmma means: a product is computed when it is waited for, from what then lies in shared memory; until then its sums are NaN.
#pragma once

#include <cstdint>

#include "context.h"
#include "numbers.h"

namespace ottava::simt {

struct WgmmaShape {
    int n;
    NumberType a, b;
    bool a_along_m, b_along_n;  // how the operand lies in shared memory; else along k

    bool operator==(const WgmmaShape&) const = default;
};

// d: n / 2 floats, or int32_t. a: from registers if they are not null, else from shared memory by its descriptor.
void wgmma(WgmmaShape shape, void* d, uint64_t a, const uint32_t* registers, uint64_t b, bool accumulate, Site site);
void wgmma_commit(Site site);
void wgmma_wait(int groups_left, Site site);

// The address of shared memory for a descriptor: from its beginning.
uint32_t wgmma_address(const void* shared);

}  // namespace ottava::simt
