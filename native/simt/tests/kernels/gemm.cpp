#include "launch/gemm.h"

#include "case.h"

namespace ottava::cases {

// By the portable kernels: of odd sizes.
OTTAVA_CASE(gemm) {
    constexpr int DTYPES[][2] = {{OTTAVA_F32, OTTAVA_F32}, {OTTAVA_F32, OTTAVA_BF16}, {OTTAVA_BF16, OTTAVA_BF16}};
    for (auto [result, operand] : DTYPES)
        for (int transposed = 0; transposed < 4; transposed++) {
            int64_t m = 2 * c.size(0, 40) + 1, n = 2 * c.size(0, 40) + 1, k = 2 * c.size(0, 40) + 1;
            int a_transposed = transposed & 1, b_transposed = transposed >> 1, accumulate = a_transposed ^ b_transposed;
            int64_t d = c.numbers(result, m * n), a = c.numbers(operand, m * k), b = c.numbers(operand, n * k);
            int64_t bias = accumulate ? 0 : c.numbers(operand, n);
            c.run.gemm(c.stream, result, d, n, operand, a, a_transposed ? m : k, a_transposed, b, b_transposed ? n : k, b_transposed, bias,
                       m, n, k, accumulate);
        }
}

// A product of rows x columns tiles by a sm_90a kernel of one tile, as gemm_fp8.cpp does.
static void tiled(Case& c, int tile, int layout, int64_t rows, int64_t columns, int multiprocessors) {
    const Sm90TileCost& size = sm90_tiles[tile];
    int64_t stages = 227 * 1024 / (128 * (size.rows + size.columns)), steps = stages / 2 + 1;
    int64_t m = size.rows * rows - c.size(0, size.rows - 1), n = size.columns * columns - c.size(0, size.columns - 1);
    int64_t k = 64 * steps - c.size(0, 63), d_pitch = ceil_div(n, 8) * 8;
    auto operand = [&](int64_t x, bool transposed) {
        int64_t pitch = ceil_div(transposed ? x : k, 8) * 8 + 8 * c.size(0, 2);
        return Bf16Operand{c.numbers(OTTAVA_BF16, (transposed ? k : x) * pitch), pitch, transposed};
    };
    Bf16Product product{c.stream, operand(m, layout == 2), operand(n, layout > 0), m, n, k};
    // By a cluster in BF16, by TMA; by one block in F32, added to what there is.
    bool sharing = multiprocessors > 1;
    int dtype = sharing ? OTTAVA_BF16 : OTTAVA_F32;
    int64_t d = sharing ? c.empty(dtype, m * d_pitch) : c.numbers(dtype, m * d_pitch);
    Sm90Shape shape = sm90_shape(product);
    shape.multiprocessors = multiprocessors;
    sm90_gemm_bf16(product, Bf16Stored{dtype, d, d_pitch, c.numbers(OTTAVA_BF16, n), !sharing}, sm90_plan_of_tile(tile, shape));
}

// Each kernel by a cluster of two blocks, then by one block, two tiles for each block.
OTTAVA_CASE(gemm_bf16_tiles) {
    constexpr int CLUSTERS[][2] = {{2, 2}, {1, 4}, {4, 1}};
    for (int tile : {OTTAVA_TILE_128x128, OTTAVA_TILE_128x256})
        for (int layout = 0; layout < 3; layout++) {
            auto [rows, columns] = CLUSTERS[layout];
            tiled(c, tile, layout, rows, columns, 2);
            tiled(c, tile, layout, 1, 2, 1);
        }
}

// By the kernel that is chosen.
OTTAVA_CASE(gemm_bf16_sm_90a) {
    for (int result : FLOATS) {
        int64_t m = c.size(1, 80), n = 8 * c.size(1, 10), k = 8 * c.size(1, 10), d = c.numbers(result, m * n);
        c.run.gemm(c.stream, result, d, n, OTTAVA_BF16, c.numbers(OTTAVA_BF16, m * k), k, 0, c.numbers(OTTAVA_BF16, n * k), n, 1, 0, m, n,
                   k, 1);
    }
}

}  // namespace ottava::cases
