// Products of a warp under way.
#pragma once

#include <cstdint>
#include <vector>

#include "wgmma.h"

namespace ottava::simt {

// The sums of a warp that products under way will change: d[lane] points to n / 2 registers.
struct Sums {
    float* d[32];
    int n;
    int under_way;
    std::vector<float> values;  // by row and column, 16 x n
};

struct Product {
    WgmmaShape shape;
    uint64_t a, b;
    bool from_registers, accumulate;
    uint32_t registers[32][4];
    float* sums;  // d of the first lane, which names them
};

struct WarpProducts {
    std::vector<Sums> sums;
    std::vector<Product> products;
    std::vector<size_t> groups;  // where each committed group ends in products

    void clear() {
        sums.clear();
        products.clear();
        groups.clear();
    }
};

}  // namespace ottava::simt
