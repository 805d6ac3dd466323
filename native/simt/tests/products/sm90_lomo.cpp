// LOMO by the sm_90a kernels, by each of their tiles and ways of sharing, against the product in F32 (of FP8 by the same tile, of BF16 by
// that of its shape) and the standalone update of that: bit for bit.
#include "sm90_lomo.h"

#include "launch/fused_lomo.h"
#include "memory.h"

namespace ottava {

namespace {

// What is wrong, or "".
const char* compare(int64_t device, int64_t stream, bool bf16_operands, int dtype, int64_t m, int64_t n, int64_t k, bool stochastic,
                    const Sm90Plan& plan) {
    TestMemory memory{device};
    int64_t k_blocks = ceil_div(k, 128), pitch = dtype == OTTAVA_E4M3 ? ceil_div(n, 16) * 16 : n;
    int64_t scales_bytes = ceil_div(m, 128) * ceil_div(n, 128) * 4, bytes = m * pitch * (dtype == OTTAVA_E4M3 ? 1 : 2);
    auto transposed = [&](int64_t rows) {
        int64_t filled_up = ceil_div(rows, 8) * 8;
        return Bf16Operand{memory.halves(k * filled_up), filled_up, true};
    };
    Bf16Product bf16_product{stream, transposed(m), transposed(n), m, n, k};
    Fp8Product product{stream,
                       {OTTAVA_E5M2, memory.codes(m * k), k, m, memory.floats(ceil_div(m, 128) * k_blocks), k_blocks, 1},
                       {OTTAVA_E4M3, memory.codes(n * k), k, n, memory.floats(1), 0, 0},
                       m,
                       n,
                       k,
                       true};
    float control_values[8] = {0.03f, 0.5f, 0, 0, 0, 0, 0, 0};
    int32_t ok_and_step[2] = {1, 9};
    std::memcpy(control_values + 3, ok_and_step, sizeof ok_and_step);
    int64_t control = memory.copy(reinterpret_cast<int64_t>(control_values), sizeof control_values);
    int64_t before = dtype == OTTAVA_E4M3 ? memory.codes(m * pitch) : memory.empty(bytes);
    for (int64_t i = 0; dtype != OTTAVA_E4M3 && i < m * pitch; i++) pointer<uint16_t>(before)[i] = static_cast<uint16_t>(0x3e00 + i % 400);
    for (int64_t i = 0; dtype == OTTAVA_E4M3 && i < m; i++)
        std::memset(pointer<uint8_t>(before) + i * pitch + n, 0, static_cast<size_t>(pitch - n));
    int64_t old_scales = memory.floats(scales_bytes / 4);
    int64_t fused = memory.copy(before, bytes), fused_scales = memory.copy(old_scales, scales_bytes);
    int64_t apart = memory.copy(before, bytes), apart_scales = memory.copy(old_scales, scales_bytes);
    int64_t gradient = memory.empty(4 * m * n), partial = memory.empty(8 * ceil_div(m, 16) * ceil_div(n, 128)), sum = memory.empty(4);

    kernels::LomoArguments arguments{control, dtype, fused, pitch, fused_scales, 0, 0, m, n, 0.1, 20, stochastic, 42, 7};
    LomoResult result = kernels::lomo_result(arguments, pointer<double>(partial));
    if (bf16_operands) {
        sm90_gemm_bf16(bf16_product, Bf16Lomo{result, dtype == OTTAVA_E4M3}, plan);
        sm90_gemm_bf16(bf16_product, Bf16Stored{OTTAVA_F32, gradient, n, 0, false}, sm90_plan(sm90_shape(bf16_product)));
    } else {
        sm90_gemm_fp8(product, Fp8Lomo{result, dtype == OTTAVA_E4M3}, plan);
        sm90_gemm_fp8(product, Fp8Stored{OTTAVA_F32, gradient, n, 0, OTTAVA_F32, 0, 0, 0}, plan);
    }
    int64_t row[OTTAVA_UPDATE_FIELDS] = {};
    row[OTTAVA_UPDATE_COUNT] = m * n;
    row[OTTAVA_UPDATE_WEIGHT] = apart;
    row[OTTAVA_UPDATE_GRADIENT] = gradient;
    double decay = 0.1;
    std::memcpy(row + OTTAVA_UPDATE_WEIGHT_DECAY, &decay, sizeof decay);
    row[OTTAVA_UPDATE_TENSOR_INDEX] = 7;
    row[OTTAVA_UPDATE_SUM_SQUARES] = sum;
    int status = dtype == OTTAVA_E4M3 ? ottava_lomo_update_fp8(stream, control, apart, pitch, apart_scales, 0, OTTAVA_F32, gradient, m, n,
                                                               0.1, 20, stochastic, 42, 7, sum)
                                      : ottava_lomo_update(stream, control, dtype, OTTAVA_F32, row, 1, 20, stochastic, 42);
    if (status != OTTAVA_OK) return ottava_last_error();
    auto differ = [](int64_t a, int64_t b, int64_t size) {
        return std::memcmp(pointer<void>(a), pointer<void>(b), static_cast<size_t>(size)) != 0;
    };
    if (!differ(fused, before, bytes)) return "nothing was written";
    if (differ(fused, apart, bytes)) return "the weight differs";
    if (dtype == OTTAVA_E4M3 && differ(fused_scales, apart_scales, scales_bytes)) return "the scales differ";
    double total = 0, expected = static_cast<double>(*pointer<float>(sum));
    for (int64_t i = 0; i < ceil_div(m, 16) * ceil_div(n, 128); i++) total += pointer<double>(partial)[i];
    return total > expected * (1 - 1e-6) && total < expected * (1 + 1e-6) ? "" : "the sum of squares differs";
}

}  // namespace

int check_sm90_lomo(int64_t device, int64_t stream, int& wrong) {
    int cases = 0;
    auto try_all = [&](bool bf16_operands, int tile, int dtype) {
        for (int shared : {OTTAVA_SHARE_NONE, OTTAVA_SHARE_A, OTTAVA_SHARE_B})
            for (bool stochastic : {true, false}) {
                // Two rows and columns of tiles, or four of 128; without sharing more tiles than blocks; rows that are not whole counters.
                int64_t m = 385, n = shared == OTTAVA_SHARE_A ? 131 : 248, k = 272;
                if (tile == OTTAVA_TILE_128x256) n += 128;
                const char* what = compare(device, stream, bf16_operands, dtype, m, n, k, stochastic, {tile, shared, 1, shared ? 2 : 3});
                cases++;
                if (*what == 0) continue;
                wrong++;
                std::printf("lomo of dtype %d, operands of %s, by tile %d, shared %d, stochastic %d: %s\n", dtype,
                            bf16_operands ? "bf16" : "fp8", tile, shared, stochastic, what);
            }
    };
    for (int tile : {OTTAVA_TILE_128x128, OTTAVA_TILE_256x128})
        for (int dtype : {OTTAVA_BF16, OTTAVA_E4M3}) try_all(false, tile, dtype);
    try_all(true, OTTAVA_TILE_128x128, OTTAVA_BF16);
    try_all(true, OTTAVA_TILE_128x256, OTTAVA_BF16);
    try_all(true, OTTAVA_TILE_128x128, OTTAVA_E4M3);
    return cases;
}

}  // namespace ottava
