// The tiles of the sm_90a product, and which of them a product is divided into: a pure function of its shape.
#pragma once

#include <stdint.h>

namespace ottava {

// A tile of D of M x N, which two warpgroups of consumers share: beside each other if M is 64, else one above the other. A warpgroup has
// `halves` times 64 rows, one wgmma each, of `columns` columns. So that its rows have one scale of A and its columns one of B (two if
// columns is 192), a warpgroup never crosses a multiple of 128 rows.
template <int M, int N>
struct Sm90Tile {
    static constexpr int rows = M, tile_columns = N;
    static constexpr bool beside = M == 64;
    static constexpr int columns = beside ? N / 2 : N;
    static constexpr int halves = beside ? 1 : M / 128;
    static constexpr int next_row = beside ? 0 : halves * 64, next_column = beside ? columns : 0;  // from one warpgroup to the other
};

enum Sm90TileName { OTTAVA_TILE_64x64, OTTAVA_TILE_128x128, OTTAVA_TILE_128x192, OTTAVA_TILE_256x128, OTTAVA_TILE_128x256 };

// Which of the operands two blocks of a cluster share: they are beside each other in a row of tiles (A), or in a column (B).
enum Sm90Shared { OTTAVA_SHARE_NONE, OTTAVA_SHARE_A, OTTAVA_SHARE_B };

struct Sm90Shape {
    int64_t m, n, k_bytes;  // of a row of k
    int multiprocessors;
    bool promoted;      // sums are moved to registers of their own after each 128 of k
    bool quantized;     // D is FP8
    bool bf16 = false;  // A and B are BF16, else FP8
};

struct Sm90Plan {
    int tile;    // Sm90TileName
    int shared;  // Sm90Shared
    int group;   // rows of clusters that are walked together, see TileOrder
    int blocks;  // of the grid
};

struct Sm90TileCost {
    int rows, columns;
    // Multiprocessor cycles, per step (128 of k in FP8, 64 in BF16) and per tile. The tensor cores take rows * columns / 32 a step; what is
    // above that, and the cost of a tile, follow from DeepGEMM's published figures of FP8 over K (docs/kernels/sm90-gemm.md). To be fitted
    // again to measurements.
    int step, tile;
    bool fast, promoted, quantized;  // which kernels of FP8 there are
    bool bf16, bf16_quantized;       // and of BF16
};

// In the order of Sm90TileName.
constexpr Sm90TileCost sm90_tiles[] = {
    {64, 64, 400, 1200, true, true, false, false, false},    {128, 128, 700, 2200, true, true, true, true, true},
    {128, 192, 1010, 3300, true, true, false, false, false}, {256, 128, 1290, 5400, false, true, true, false, false},
    {128, 256, 1280, 5400, true, false, true, true, false},
};
constexpr int sm90_tile_count = sizeof(sm90_tiles) / sizeof(sm90_tiles[0]);

inline int64_t sm90_ceil(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

// Two blocks share the operand whose part of the tile is the larger, if the tiles come in pairs that way; else the other one. Not when
// every block has a single tile: then they would only wait for each other.
inline int sm90_shared(const Sm90TileCost& tile, const Sm90Shape& shape) {
    int64_t rows = sm90_ceil(shape.m, tile.rows), columns = sm90_ceil(shape.n, tile.columns);
    if (rows * columns <= shape.multiprocessors || shape.multiprocessors < 2) return OTTAVA_SHARE_NONE;
    bool a = columns % 2 == 0, b = rows % 2 == 0;
    if (tile.rows > tile.columns && a) return OTTAVA_SHARE_A;
    return b ? OTTAVA_SHARE_B : a ? OTTAVA_SHARE_A : OTTAVA_SHARE_NONE;
}

// The time of the busiest multiprocessor.
inline int64_t sm90_cycles(const Sm90TileCost& tile, const Sm90Shape& shape, int shared) {
    int64_t tiles = sm90_ceil(shape.m, tile.rows) * sm90_ceil(shape.n, tile.columns);
    int blocks = shared ? shape.multiprocessors / 2 * 2 : shape.multiprocessors;
    return sm90_ceil(tiles, blocks) * (sm90_ceil(shape.k_bytes, 128) * tile.step + tile.tile);
}

// Rows of clusters walked together so that what the blocks that run at the same time read has the fewest bytes: it is to stay in L2.
inline int sm90_group(const Sm90TileCost& tile, const Sm90Shape& shape, int shared, int blocks) {
    int64_t height = tile.rows * (shared == OTTAVA_SHARE_B ? 2 : 1), width = tile.columns * (shared == OTTAVA_SHARE_A ? 2 : 1);
    int64_t rows = sm90_ceil(shape.m, height), columns = sm90_ceil(shape.n, width), clusters = shared ? blocks / 2 : blocks;
    int best = 1;
    int64_t fewest = INT64_MAX;
    for (int group = 1; group <= 64 && group <= rows; group++) {
        int64_t across = sm90_ceil(clusters, group);
        int64_t footprint = group * height + (across < columns ? across : columns) * width;
        if (footprint < fewest) fewest = footprint, best = group;
    }
    return best;
}

inline bool sm90_has_tile(const Sm90TileCost& tile, const Sm90Shape& shape) {
    if (shape.bf16) return shape.quantized ? tile.bf16_quantized : tile.bf16;
    return (shape.promoted ? tile.promoted : tile.fast) && (!shape.quantized || tile.quantized);
}

inline Sm90Plan sm90_plan_of_tile(int tile, const Sm90Shape& shape) {
    const Sm90TileCost& cost = sm90_tiles[tile];
    int shared = sm90_shared(cost, shape);
    int64_t tiles = sm90_ceil(shape.m, cost.rows) * sm90_ceil(shape.n, cost.columns);
    int most = shared ? shape.multiprocessors / 2 * 2 : shape.multiprocessors;
    int blocks = static_cast<int>(tiles < most ? tiles : most);
    return {tile, shared, sm90_group(cost, shape, shared, blocks), blocks};
}

// The tile that takes the least time; of equals the larger, which reads less.
inline Sm90Plan sm90_plan(const Sm90Shape& shape) {
    int best = -1;
    int64_t least = INT64_MAX;
    for (int t = 0; t < sm90_tile_count; t++) {
        if (!sm90_has_tile(sm90_tiles[t], shape)) continue;
        int64_t cycles = sm90_cycles(sm90_tiles[t], shape, sm90_shared(sm90_tiles[t], shape));
        if (cycles <= least) least = cycles, best = t;
    }
    return sm90_plan_of_tile(best, shape);
}

}  // namespace ottava
