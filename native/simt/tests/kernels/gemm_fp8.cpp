#include "launch/gemm_fp8.h"

#include "case.h"

namespace ottava::cases {

enum Scaling { TENSOR, BLOCKS, BLOCKS_OF_TRANSPOSED };

static Fp8Operand operand(Case& c, int dtype, int64_t rows, int64_t k, Scaling scaling) {
    int64_t row_blocks = ceil_div(rows, 128), k_blocks = ceil_div(k, 128), pitch = k + 16 * c.size(0, 2);
    int64_t codes = c.codes(dtype, rows, k, pitch), scales = c.numbers(OTTAVA_F32, scaling == TENSOR ? 1 : row_blocks * k_blocks);
    switch (scaling) {
        case TENSOR: return {dtype, codes, pitch, rows, scales, 0, 0};
        case BLOCKS: return {dtype, codes, pitch, rows, scales, k_blocks, 1};
        default: return {dtype, codes, pitch, rows, scales, 1, row_blocks};
    }
}

constexpr int PAIRS[][2] = {{OTTAVA_E4M3, OTTAVA_E4M3}, {OTTAVA_E5M2, OTTAVA_E4M3}, {OTTAVA_E4M3, OTTAVA_E5M2}};

// By the kernel that the device chooses.
static void products(Case& c) {
    for (auto [a_dtype, b_dtype] : PAIRS)
        for (int exact : {0, 1}) {
            int64_t m = c.size(1, 150), n = c.size(1, 150), k = 16 * c.size(1, 20), pitch = (n + 15) / 16 * 16;
            Fp8Operand a = operand(c, a_dtype, m, k, BLOCKS), b = operand(c, b_dtype, n, k, exact ? TENSOR : BLOCKS_OF_TRANSPOSED);
            for (int dtype : FLOATS) {
                int64_t d = c.numbers(dtype, m * n), bias = c.numbers(dtype, n), amax = c.empty(OTTAVA_F32, 1);
                c.run.gemm_fp8(c.stream, dtype, d, n, amax, a_dtype, a.codes, a.pitch, a.scales, a.scale_row_stride, a.scale_k_stride,
                               b_dtype, b.codes, b.pitch, b.scales, b.scale_row_stride, b.scale_k_stride, dtype, bias, d, n, m, n, k,
                               exact);
            }
            for (int scaling : {OTTAVA_BLOCKS_128, OTTAVA_GROUPS_16}) {
                bool groups = scaling == OTTAVA_GROUPS_16;
                int64_t q = c.empty(OTTAVA_E4M3, m * pitch);
                int64_t scales = groups ? c.empty(OTTAVA_BF16, m * pitch / 16) : c.empty(OTTAVA_F32, ceil_div(m, 128) * ceil_div(n, 128));
                c.run.gemm_fp8_quantize(c.stream, groups ? OTTAVA_E5M2 : OTTAVA_E4M3, q, pitch, scaling, scales, a_dtype, a.codes, a.pitch,
                                        a.scales, a.scale_row_stride, a.scale_k_stride, b_dtype, b.codes, b.pitch, b.scales,
                                        b.scale_row_stride, b.scale_k_stride, OTTAVA_F32, 0, m, n, k, exact);
            }
        }
}

OTTAVA_CASE_ON("simt:sm_80", gemm_fp8_sm_80) {
    products(c);
}
OTTAVA_CASE_ON("simt:sm_89", gemm_fp8_sm_89) {
    products(c);
}
OTTAVA_CASE_ON("simt:sm_90a", gemm_fp8_sm_90a) {
    products(c);
}

// A product of rows x columns tiles by the sm_90a kernel of one tile, which the choice by shape would not take for so few. The last row and
// column of tiles are not whole, nor is the last step of k. The steps of two tiles are more than shared memory has stages.
static void tiled(Case& c, const int (&dtypes)[2], int tile, int64_t rows, int64_t columns, int multiprocessors, bool promoted,
                  bool quantized) {
    const Sm90TileCost& size = sm90_tiles[tile];
    int64_t stages = 227 * 1024 / (128 * (size.rows + size.columns)), steps = stages / 2 + 1;
    int64_t m = size.rows * rows - c.size(0, size.rows - 1), n = size.columns * columns - c.size(0, size.columns - 1);
    int64_t k = 128 * steps - 16 * c.size(0, 7);
    bool sharing = multiprocessors > 1, blocks = promoted && sharing;
    Fp8Product product{c.stream,
                       operand(c, dtypes[0], m, k, blocks ? BLOCKS : TENSOR),
                       operand(c, dtypes[1], n, k, blocks ? BLOCKS_OF_TRANSPOSED : TENSOR),
                       m,
                       n,
                       k,
                       promoted};
    Sm90Plan plan = sm90_plan_of_tile(tile, {m, n, k, multiprocessors, promoted, quantized});
    int64_t pitch = ceil_div(n, 16) * 16;
    if (quantized) {
        int64_t q = c.empty(OTTAVA_E4M3, m * pitch);
        int64_t scales = sharing ? c.empty(OTTAVA_F32, ceil_div(m, 128) * ceil_div(n, 128)) : c.empty(OTTAVA_BF16, m * pitch / 16);
        sm90_gemm_fp8(product, Fp8Quantized{sharing ? OTTAVA_E4M3 : OTTAVA_E5M2, q, pitch, !sharing, scales, OTTAVA_F32, 0}, plan);
        return;
    }
    // In BF16 by TMA; in F32 added to what there is.
    int dtype = sharing ? OTTAVA_BF16 : OTTAVA_F32;
    int64_t d = sharing ? c.empty(dtype, m * pitch) : c.numbers(dtype, m * pitch);
    int64_t amax = c.zeros(OTTAVA_F32, 1), bias = c.numbers(dtype, n);
    sm90_gemm_fp8(product, Fp8Stored{dtype, d, pitch, amax, dtype, bias, sharing ? 0 : d, pitch}, plan);
}

// Each kernel by a cluster of two blocks, then by one block, two tiles for each block. Where the tiles lie decides which operand is shared.
static void tiles(Case& c, int pair) {
    constexpr int CLUSTERS[][2] = {{2, 2}, {1, 4}, {4, 1}};
    auto [rows, columns] = CLUSTERS[pair];
    for (int tile = 0; tile < sm90_tile_count; tile++)
        for (bool promoted : {false, true})
            for (bool quantized : {false, true}) {
                if (!sm90_has_tile(sm90_tiles[tile], {1, 1, 1, 1, promoted, quantized})) continue;
                tiled(c, PAIRS[pair], tile, rows, columns, 2, promoted, quantized);
                tiled(c, PAIRS[pair], tile, 1, 2, 1, promoted, quantized);
            }
}

OTTAVA_CASE(gemm_fp8_tiles_e4m3_e4m3) {
    tiles(c, 0);
}
OTTAVA_CASE(gemm_fp8_tiles_e5m2_e4m3) {
    tiles(c, 1);
}
OTTAVA_CASE(gemm_fp8_tiles_e4m3_e5m2) {
    tiles(c, 2);
}

}  // namespace ottava::cases
