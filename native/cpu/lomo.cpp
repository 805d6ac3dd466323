// LOMO of blocks, the product of F32 or BF16 operands that is followed by it, and the update of an FP8 weight. See ottava/fused_lomo.h.
// Compiled without contraction of products and sums, as optimizer.cpp is: the bits of a weight do not depend on which loop changed it.
#include "lomo.h"

#include "fp8.h"

OTTAVA_CPU_BEGIN

static constexpr int64_t block = LomoWeight::block;

// Of the product with F32 results in memory at a time, of which the weight's part is about as large.
static constexpr int64_t panel_elements = 1 << 20;

template <bool Stochastic, class W, class G>
static void update_row(const LomoRule& rule, W* weight, int64_t first, const G* gradient, int64_t count) {
    // Both by the number of the element, as random bits are.
    W* w = weight - first;
    const G* g = gradient - first;
    Clip clip = rule.clip;
    float rate = rule.rate;
    apply<Stochastic>(
        w, first, first + count, rule.decay, rule.bits, [=](int64_t i) __attribute__((always_inline)) { return rate * clip(load(g[i])); });
}

// The code of |x| with its last place rounded up with a probability equal to the part cut off.
__attribute__((always_inline)) inline uint8_t stochastic_e4m3(float x, uint32_t random) {
    uint32_t bits = float_to_bits(x), magnitude = bits & 0x7fffffffu;
    uint32_t normal = (((magnitude >> 4) + random) >> 16) - (static_cast<uint32_t>(127 - e4m3::bias) << e4m3::significand_bits);
    // Below the normal numbers: in units of 2^-25, 65536 of which are the smallest number.
    float units = bits_to_float(magnitude < 0x3c800000u ? magnitude : 0) * 0x1p25f;
    uint32_t subnormal = (static_cast<uint32_t>(static_cast<int32_t>(units)) + random) >> 16;
    uint32_t code = magnitude < 0x3c800000u ? subnormal : normal;
    code = (code < e4m3::largest_code ? code : e4m3::largest_code) | (bits >> 24 & 0x80u);
    return static_cast<uint8_t>(magnitude > 0x7f800000u ? 0x7fu : code);
}

static float scale_of(uint32_t largest, bool power_of_two) {
    if (largest >= 0x7f800000u) return bits_to_float(0x7fc00000u);
    if (largest == 0) return 1.0f;
    float scale = bits_to_float(largest) / e4m3::largest;
    scale = scale > 0x1p-126f ? scale : 0x1p-126f;
    return power_of_two ? bits_to_float((float_to_bits(scale) + 0x7fffffu) & 0x7f800000u) : scale;
}

template <class G>
static void update_fp8(const LomoRule& rule, const LomoWeight& weight, int64_t row, int64_t column, const G* gradient, int64_t pitch) {
    int64_t rows = weight.rows - row < block ? weight.rows - row : block;
    int64_t columns = weight.columns - column < block ? weight.columns - column : block, filled_up = (columns + 15) / 16 * 16;
    float& scale = pointer<float>(weight.scales)[row / block * weight.column_blocks() + column / block];
    e4m3* codes = pointer<e4m3>(weight.address) + row * weight.pitch + column;
    Clip clip = rule.clip;
    float rate = rule.rate, decay = rule.decay, before = scale;
    alignas(64) float values[block * block];
    uint32_t largest = 0;
    for (int64_t i = 0; i < rows; i++) {
        const e4m3* code = codes + i * weight.pitch;
        const G* g = gradient + i * pitch;
        float* value = values + i * block;
#pragma omp simd reduction(max : largest)
        for (int64_t j = 0; j < columns; j++) {
            float updated = load(code[j]) * before * decay - rate * clip(load(g[j]));
            value[j] = updated;
            uint32_t magnitude = float_to_bits(updated) & 0x7fffffffu;
            largest = magnitude > largest ? magnitude : largest;
        }
    }
    float after = scale_of(largest, weight.power_of_two);
    scale = after;
    for (int64_t i = 0; i < rows; i++) {
        e4m3* code = codes + i * weight.pitch;
        const float* value = values + i * block;
        if (rule.stochastic) {
            RandomBits::Buffer buffer;
            const RandomBits::Half* random = rule.bits.of((weight.first_row + row + i) * weight.columns + column, columns, buffer);
#pragma omp simd
            for (int64_t j = 0; j < columns; j++) code[j].bits = stochastic_e4m3(value[j] / after, random[j]);
        } else {
#pragma omp simd
            for (int64_t j = 0; j < columns; j++) store(code[j], value[j] / after);
        }
        memset(code + columns, 0, static_cast<size_t>(filled_up - columns));
    }
}

template <class G>
static double any_block(const LomoRule& rule, const LomoWeight& weight, int64_t row, int64_t column, const G* gradient, int64_t pitch) {
    int64_t rows = weight.rows - row < block ? weight.rows - row : block;
    int64_t columns = weight.columns - column < block ? weight.columns - column : block;
    double sum = 0;
    for (int64_t i = 0; i < rows; i++) sum += squares_of(gradient + i * pitch, 0, columns);
    if (weight.address == 0 || !rule.writes) return sum;
    if (weight.dtype == OTTAVA_E4M3) {
        update_fp8(rule, weight, row, column, gradient, pitch);
        return sum;
    }
    for (int64_t i = 0; i < rows; i++) {
        int64_t at = (row + i) * weight.pitch + column, first = (weight.first_row + row + i) * weight.columns + column;
        const G* g = gradient + i * pitch;
        if (weight.dtype == OTTAVA_F32) {
            update_row<false>(rule, pointer<float>(weight.address) + at, first, g, columns);
        } else if (rule.stochastic) {
            update_row<true>(rule, pointer<bf16>(weight.address) + at, first, g, columns);
        } else {
            update_row<false>(rule, pointer<bf16>(weight.address) + at, first, g, columns);
        }
    }
    return sum;
}

double lomo_block(const LomoRule& rule, const LomoWeight& weight, int64_t row, int64_t column, const float* gradient, int64_t pitch) {
    return any_block(rule, weight, row, column, gradient, pitch);
}

double lomo_block(const LomoRule& rule, const LomoWeight& weight, int64_t row, int64_t column, const bf16* gradient, int64_t pitch) {
    return any_block(rule, weight, row, column, gradient, pitch);
}

// Blocks of rows [begin, end), whose gradient begins at `gradient`, dense.
template <class G>
static void update_blocks(const LomoRule& rule, const LomoWeight& weight, int64_t begin, int64_t end, const G* gradient,
                          const BlockSums& sums) {
#pragma omp parallel for collapse(2) if ((end - begin) * weight.columns > parallel_from)
    for (int64_t row = begin; row < end; row += block)
        for (int64_t column = 0; column < weight.columns; column += block)
            sums.at(row, column) =
                lomo_block(rule, weight, row, column, gradient + (row - begin) * weight.columns + column, weight.columns);
}

int gemm_lomo(int64_t stream, int64_t control, int weight_dtype, int64_t weight, int64_t weight_pitch, int64_t weight_scales,
              int power_of_two, int64_t first_row, int operand_dtype, int64_t a, int64_t a_pitch, int64_t b, int64_t b_pitch, int64_t m,
              int64_t n, int64_t k, double weight_decay, double max_value, int stochastic, int64_t seed, int64_t tensor_index,
              int64_t squares) {
    LomoRule rule(control, weight, weight_decay, max_value, stochastic, seed, tensor_index);
    LomoWeight target{weight_dtype, weight, weight_pitch, weight_scales, power_of_two != 0, first_row, m, n};
    if (n == 0) m = 0;
    if (squares == 0 && (weight == 0 || !rule.writes)) return OTTAVA_OK;
    int64_t panel = n == 0 ? block : panel_elements / n / block * block, size = operand_dtype == OTTAVA_F32 ? 4 : 2;
    if (panel < block) panel = block;
    if (panel > m) panel = m;
    BlockSums sums("gemm_lomo", target);
    Scratch scratch("gemm_lomo", panel * n * static_cast<int64_t>(sizeof(float)));
    float* gradient = scratch.take<float>(panel * n);
    for (int64_t row = 0; row < m; row += panel) {
        int64_t end = row + panel < m ? row + panel : m;
        gemm(stream, OTTAVA_F32, reinterpret_cast<int64_t>(gradient), n, operand_dtype, a + row * size, a_pitch, 1, b, b_pitch, 1, 0,
             end - row, n, k, 0);
        update_blocks(rule, target, row, end, gradient, sums);
    }
    sums.write(squares);
    return OTTAVA_OK;
}

int lomo_update_fp8(int64_t, int64_t control, int64_t weight, int64_t weight_pitch, int64_t weight_scales, int power_of_two,
                    int gradient_dtype, int64_t gradient, int64_t rows, int64_t columns, double weight_decay, double max_value,
                    int stochastic, int64_t seed, int64_t tensor_index, int64_t squares) {
    LomoRule rule(control, weight, weight_decay, max_value, stochastic, seed, tensor_index);
    LomoWeight target{OTTAVA_E4M3, weight, weight_pitch, weight_scales, power_of_two != 0, 0, rows, columns};
    BlockSums sums("lomo_update_fp8", target);
    if (gradient_dtype == OTTAVA_F32) {
        update_blocks(rule, target, 0, rows, pointer<const float>(gradient), sums);
    } else {
        update_blocks(rule, target, 0, rows, pointer<const bf16>(gradient), sums);
    }
    sums.write(squares);
    return OTTAVA_OK;
}

OTTAVA_CPU_END
