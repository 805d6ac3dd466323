#include "launch/fused_lomo.h"

#include "case.h"

namespace ottava::cases {

// Step 3 at a learning rate of 0.01.
static int64_t control(Case& c) {
    struct {
        float learning_rate = 0.01f, coefficient = 0.5f, norm = 0;
        int32_t ok = 1, step = 3, reserved[3] = {};
    } host;
    return c.copy_of(&host, sizeof host);
}

struct Weight {
    int dtype;
    int64_t address, pitch, scales;
};

static Weight weight(Case& c, int dtype, int64_t rows, int64_t columns) {
    if (dtype != OTTAVA_E4M3) return {dtype, c.numbers(dtype, rows * columns), columns, 0};
    int64_t pitch = (columns + 15) / 16 * 16;
    return {dtype, c.codes(dtype, rows, columns, pitch), pitch, c.numbers(OTTAVA_F32, ceil_div(rows, 128) * ceil_div(columns, 128))};
}

constexpr int WEIGHTS[] = {OTTAVA_F32, OTTAVA_BF16, OTTAVA_E4M3};

OTTAVA_CASE(lomo_update_fp8) {
    for (int gradient : FLOATS) {
        int64_t rows = c.size(1, 150), columns = c.size(1, 150), sum = gradient == OTTAVA_F32 ? c.empty(OTTAVA_F32, 1) : 0;
        Weight w = weight(c, OTTAVA_E4M3, rows, columns);
        c.run.lomo_update_fp8(c.stream, control(c), w.address, w.pitch, w.scales, 0, gradient, c.numbers(gradient, rows * columns), rows,
                              columns, 0.1, 0.5, gradient == OTTAVA_F32, 42, 7, sum);
    }
}

// By the portable kernels: of odd rows.
OTTAVA_CASE(gemm_lomo) {
    for (int operands : FLOATS)
        for (int dtype : WEIGHTS) {
            int64_t m = 2 * c.size(0, 75) + 1, n = dtype == OTTAVA_BF16 ? 8 * c.size(1, 20) : c.size(1, 150), k = c.size(1, 50);
            Weight w = weight(c, dtype, m, n);
            c.run.gemm_lomo(c.stream, control(c), dtype, w.address, w.pitch, w.scales, 1, 3, operands, c.numbers(operands, k * m), m,
                            c.numbers(operands, k * n), n, m, n, k, 0.1, 0.5, 1, 42, 7, dtype == OTTAVA_F32 ? 0 : c.empty(OTTAVA_F32, 1));
        }
}

static void of_fp8(Case& c) {
    for (int dtype : WEIGHTS) {
        int64_t m = c.size(1, 150), n = c.size(1, 150), k = 16 * c.size(1, 20);
        Weight w = weight(c, dtype, m, n);
        c.run.gemm_fp8_lomo(c.stream, control(c), dtype, w.address, w.pitch, w.scales, 0, 0, c.codes(OTTAVA_E5M2, m, k, k), k,
                            c.numbers(OTTAVA_F32, 1), 0, 0, c.codes(OTTAVA_E4M3, n, k, k), k, c.numbers(OTTAVA_F32, 1), 0, 0, m, n, k, 0.1,
                            0.5, 1, 42, 7, c.empty(OTTAVA_F32, 1));
    }
}

OTTAVA_CASE_ON("simt:sm_80", gemm_fp8_lomo_sm_80) {
    of_fp8(c);
}
OTTAVA_CASE_ON("simt:sm_89", gemm_fp8_lomo_sm_89) {
    of_fp8(c);
}

// Both tiles of sm_90a, two to a block, by a cluster and by one block.
OTTAVA_CASE(gemm_fp8_lomo_tiles) {
    for (int tile : {OTTAVA_TILE_128x128, OTTAVA_TILE_256x128})
        for (int dtype : {OTTAVA_BF16, OTTAVA_E4M3})
            for (int multiprocessors : {1, 2}) {
                const Sm90TileCost& size = sm90_tiles[tile];
                int64_t m = size.rows * multiprocessors - c.size(0, size.rows - 1), n = 256 - c.size(0, 127), k = 16 * c.size(1, 20);
                Weight w = weight(c, dtype, m, n);
                Fp8Product product{c.stream,
                                   {OTTAVA_E5M2, c.codes(OTTAVA_E5M2, m, k, k), k, m, c.numbers(OTTAVA_F32, 1), 0, 0},
                                   {OTTAVA_E4M3, c.codes(OTTAVA_E4M3, n, k, k), k, n, c.numbers(OTTAVA_F32, 1), 0, 0},
                                   m,
                                   n,
                                   k,
                                   true};
                double* sums = pointer<double>(c.empty(OTTAVA_F32, 2 * ceil_div(m, 16) * ceil_div(n, 128)));
                kernels::LomoArguments arguments{control(c), dtype, w.address, w.pitch, w.scales, 0, 0, m, n, 0.1, 0, 1, 42, 7};
                sm90_gemm_fp8(product, Fp8Lomo{kernels::lomo_result(arguments, sums), dtype == OTTAVA_E4M3},
                              sm90_plan_of_tile(tile, {m, n, k, multiprocessors, true, true}));
            }
}

// Both tiles of BF16 operands, two to a block, by a cluster and by one block.
OTTAVA_CASE(gemm_lomo_bf16_tiles) {
    for (int tile : {OTTAVA_TILE_128x128, OTTAVA_TILE_128x256})
        for (int dtype : {OTTAVA_BF16, OTTAVA_E4M3})
            for (int multiprocessors : {1, 2}) {
                if (tile == OTTAVA_TILE_128x256 && dtype == OTTAVA_E4M3) continue;
                const Sm90TileCost& size = sm90_tiles[tile];
                int64_t m = 128 * multiprocessors - c.size(0, 127), n = 2 * size.columns - c.size(0, size.columns - 1);
                int64_t k = c.size(1, 320), a_pitch = ceil_div(m, 8) * 8, b_pitch = ceil_div(n, 8) * 8;
                Weight w = weight(c, dtype, m, n);
                Bf16Product product{c.stream,
                                    {c.numbers(OTTAVA_BF16, k * a_pitch), a_pitch, true},
                                    {c.numbers(OTTAVA_BF16, k * b_pitch), b_pitch, true},
                                    m,
                                    n,
                                    k};
                double* sums = pointer<double>(c.empty(OTTAVA_F32, 2 * ceil_div(m, 16) * ceil_div(n, 128)));
                kernels::LomoArguments arguments{control(c), dtype, w.address, w.pitch, w.scales, 0, 0, m, n, 0.1, 0, 1, 42, 7};
                Sm90Shape shape = sm90_shape(product, dtype == OTTAVA_E4M3);
                shape.multiprocessors = multiprocessors;
                sm90_gemm_bf16(product, Bf16Lomo{kernels::lomo_result(arguments, sums), dtype == OTTAVA_E4M3},
                               sm90_plan_of_tile(tile, shape));
            }
}

// By the kernel that is chosen, for the sum of squares alone too.
OTTAVA_CASE(gemm_lomo_bf16_sm_90a) {
    for (int dtype : WEIGHTS) {
        int64_t m = 8 * c.size(1, 20), n = 8 * c.size(1, 20), k = c.size(1, 50), sum = c.empty(OTTAVA_F32, 1);
        int64_t a = c.numbers(OTTAVA_BF16, k * m), b = c.numbers(OTTAVA_BF16, k * n);
        Weight w = weight(c, dtype, m, n);
        c.run.gemm_lomo(c.stream, control(c), dtype, w.address, w.pitch, w.scales, 1, 0, OTTAVA_BF16, a, m, b, n, m, n, k, 0.1, 0.5, 1, 42,
                        7, 0);
        c.run.gemm_lomo(c.stream, 0, dtype, 0, 0, 0, 0, 0, OTTAVA_BF16, a, m, b, n, m, n, k, 0.1, 0.5, 0, 42, 7, sum);
    }
}

}  // namespace ottava::cases
