// Products of warps under way, and what the warps of a warpgroup have asked for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "wgmma.h"

namespace ottava::simt {

// The sums of a warp that products under way will change: d[lane] points to n / 2 registers.
struct Sums {
    uint32_t* d[32];
    int n;
    int under_way;
    std::vector<uint32_t> values;  // by column and row, n x 16, the bits of float or int32_t
};

struct Product {
    WgmmaShape shape;
    uint64_t a, b;
    bool from_registers, accumulate;
    uint32_t registers[32][4];
    uint32_t* sums;  // d of the first lane, which names them
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

// All four warps ask for the same products in the same order, each when it comes there.
struct Warpgroup {
    struct Request {
        WgmmaShape shape;
        uint64_t a, b;
        bool from_registers, accumulate;
        Site site;
    };
    std::vector<Request> requests;  // those that not all warps have made yet
    int64_t forgotten = 0;          // made by all
    int64_t made[4] = {};           // by each warp

    void clear() {
        requests.clear();
        forgotten = 0;
        for (int64_t& count : made) count = 0;
    }
    // "" or which warps did not take part, when the block has ended.
    std::string missing() const;
};

}  // namespace ottava::simt
