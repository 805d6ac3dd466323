// The product of FP8 operands: codes widen to BF16 (or F32) exactly when they are packed, and the sums of each K-block of 128, times the
// product of its two scales, are added to F32 sums. Blocked and packed as the product of gemm.cpp. Workspace: about 400 KiB per thread.
#include <omp.h>

#include "fp8_packing.h"
#include "lomo.h"

OTTAVA_CPU_BEGIN

namespace {

// A task computes a block of at most 256 x 256 of D. Its edges fall on those of the blocks of scales, of the operands and of D.
constexpr int64_t max_block = 256;
constexpr int64_t scale_block = 128;
constexpr int panel_vectors = 2;
constexpr int panel = panel_vectors * lanes;

struct Operand {
    int dtype;
    int64_t codes, pitch, scales, scale_row_stride, scale_k_stride;

    float scale(int64_t row, int64_t k) const {
        return pointer<const float>(scales)[row / scale_block * scale_row_stride + k / scale_block * scale_k_stride];
    }
};

struct Product {
    Operand a, b;
    int bias_dtype;
    int64_t bias, m, n, k;
};

struct Block {
    int64_t row, rows, column, columns;
};

struct Buffers {
    using E = bf16_element;
    E *a, *b;
    float *block_sums, *sums;
    // A cache line longer than a K-block: rows a power of two apart would fall on the same cache sets.
    static constexpr int64_t a_pitch = scale_block / values_of<E> + 16;

    explicit Buffers(Layout& layout) {
        a = layout.take<E>(max_block * a_pitch);
        b = layout.take<E>(panel * scale_block / values_of<E>);
        block_sums = layout.take<float>(scale_block * panel);
        sums = layout.take<float>(max_block * max_block);
    }
};

template <class Body>
void with_codes(const Operand& x, Body body) {
    x.dtype == OTTAVA_E4M3 ? body(pointer<const e4m3>(x.codes)) : body(pointer<const e5m2>(x.codes));
}

template <class T>
void add_bias(float* sums, const T* bias, int64_t count) {
    for (int64_t j = 0; j < count; j++) sums[j] += load(bias[j]);
}

// The sums of a block of D and its bias, rows max_block apart.
void sum_block(const Product& p, const Buffers& buffers, const Block& block) {
    constexpr int values = values_of<Buffers::E>;
    for (int64_t i = 0; i < block.rows; i++) memset(buffers.sums + i * max_block, 0, max_block * sizeof(float));
    for (int64_t k = 0; k < p.k; k += scale_block) {
        int64_t depth = smaller(scale_block, p.k - k);
        int elements = static_cast<int>((depth + values - 1) / values);
        with_codes(p.a, [&](auto* codes) {
            pack_rows(buffers.a, Buffers::a_pitch, codes + block.row * p.a.pitch + k, p.a.pitch, block.rows,
                      round_up(block.rows, tile_rows), depth);
        });
        for (int64_t column = 0; column < block.columns; column += panel) {
            int64_t width = smaller(panel, block.columns - column);
            with_codes(p.b, [&](auto* codes) {
                pack_transposed(buffers.b, panel, codes + (block.column + column) * p.b.pitch + k, p.b.pitch, width, depth);
            });
            int vectors = static_cast<int>((width + lanes - 1) / lanes);
            for (int64_t row = 0; row < block.rows; row += scale_block) {
                int64_t rows = smaller(scale_block, block.rows - row);
                multiply<Along::depth>(static_cast<int>(round_up(rows, tile_rows)), vectors, elements, buffers.a + row * Buffers::a_pitch,
                                       Buffers::a_pitch, buffers.b, panel, buffers.block_sums, panel, from_zero, Everything{});
                vec scale = splat(p.a.scale(block.row + row, k) * p.b.scale(block.column + column, k));
                for (int64_t i = 0; i < rows; i++)
                    for (int v = 0; v < vectors; v++) {
                        float* sum = buffers.sums + (row + i) * max_block + column + v * lanes;
                        store_unaligned(sum,
                                        load_unaligned<vec>(sum) + scale * load_unaligned<vec>(buffers.block_sums + i * panel + v * lanes));
                    }
            }
        }
    }
    if (p.bias == 0) return;
    for (int64_t i = 0; i < block.rows; i++) {
        float* sums = buffers.sums + i * max_block;
        if (p.bias_dtype == OTTAVA_F32) {
            add_bias(sums, pointer<const float>(p.bias) + block.column, block.columns);
        } else {
            add_bias(sums, pointer<const bf16>(p.bias) + block.column, block.columns);
        }
    }
}

// Calls finish(buffers, block) for each block of D, on any thread. edge: what the edges of blocks are a multiple of.
template <class Finish>
void for_each_block(const Product& p, int64_t edge, const char* operation, Finish finish) {
    if (p.m == 0 || p.n == 0) return;
    int64_t threads = omp_get_max_threads();
    Layout measure(nullptr);
    Buffers measured(measure);
    Workspace workspace(operation, measure.used() * threads);
    int64_t row_blocks = (p.m + max_block - 1) / max_block, column_blocks = (p.n + max_block - 1) / max_block;
    while (row_blocks * column_blocks < threads && column_blocks * edge < p.n) column_blocks++;
    int64_t columns = round_up((p.n + column_blocks - 1) / column_blocks, edge);
#pragma omp parallel if (p.m * p.n * p.k > worth_waking)
    {
        Layout layout(workspace.at(measure.used() * omp_get_thread_num()));
        Buffers buffers(layout);
#pragma omp for collapse(2) schedule(dynamic)
        for (int64_t row = 0; row < p.m; row += max_block)
            for (int64_t column = 0; column < p.n; column += columns) {
                Block block{row, smaller(max_block, p.m - row), column, smaller(columns, p.n - column)};
                sum_block(p, buffers, block);
                finish(buffers.sums, block);
            }
    }
}

struct Result {
    int64_t d, d_pitch, amax, addend, addend_pitch;
};

// The bits of |x| order as x does, and a NaN stands above all.
uint32_t larger(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

template <class D>
uint32_t store_block(const Result& result, float* sums, const Block& block) {
    uint32_t amax = 0;
    for (int64_t i = 0; i < block.rows; i++) {
        float* sum = sums + i * max_block;
        int64_t row = block.row + i;
        D* d = pointer<D>(result.d) + row * result.d_pitch + block.column;
        if (result.addend != 0) {
            const D* addend = pointer<const D>(result.addend) + row * result.addend_pitch + block.column;
            for (int64_t j = 0; j < block.columns; j++) sum[j] += load(addend[j]);
        }
        for (int64_t j = 0; j < block.columns; j++) store(d[j], sum[j]);
        if (result.amax != 0)
            for (int64_t j = 0; j < block.columns; j++) amax = larger(amax, float_to_bits(load(d[j])) & 0x7fffffffu);
    }
    return amax;
}

}  // namespace

int gemm_fp8(int64_t, int d_dtype, int64_t d, int64_t d_pitch, int64_t d_amax, int a_dtype, int64_t a, int64_t a_pitch, int64_t a_scales,
             int64_t a_scale_row_stride, int64_t a_scale_k_stride, int b_dtype, int64_t b, int64_t b_pitch, int64_t b_scales,
             int64_t b_scale_row_stride, int64_t b_scale_k_stride, int bias_dtype, int64_t bias, int64_t addend, int64_t addend_pitch,
             int64_t m, int64_t n, int64_t k, int) {
    Product product{{a_dtype, a, a_pitch, a_scales, a_scale_row_stride, a_scale_k_stride},
                    {b_dtype, b, b_pitch, b_scales, b_scale_row_stride, b_scale_k_stride},
                    bias_dtype,
                    bias,
                    m,
                    n,
                    k};
    Result result{d, d_pitch, d_amax, addend, addend_pitch};
    uint32_t amax = 0;
    for_each_block(product, panel, "gemm_fp8", [&](float* sums, const Block& block) {
        uint32_t own = d_dtype == OTTAVA_F32 ? store_block<float>(result, sums, block) : store_block<bf16>(result, sums, block);
#pragma omp critical
        amax = larger(amax, own);
    });
    if (d_amax != 0) *pointer<float>(d_amax) = bits_to_float(amax);
    return OTTAVA_OK;
}

// Blocks are quantised where they are, a block of 128 x 128 or a row of groups at a time, by the operation itself.
int gemm_fp8_quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int scaling, int64_t q_scales, int a_dtype, int64_t a,
                      int64_t a_pitch, int64_t a_scales, int64_t a_scale_row_stride, int64_t a_scale_k_stride, int b_dtype, int64_t b,
                      int64_t b_pitch, int64_t b_scales, int64_t b_scale_row_stride, int64_t b_scale_k_stride, int bias_dtype, int64_t bias,
                      int64_t m, int64_t n, int64_t k, int) {
    Product product{{a_dtype, a, a_pitch, a_scales, a_scale_row_stride, a_scale_k_stride},
                    {b_dtype, b, b_pitch, b_scales, b_scale_row_stride, b_scale_k_stride},
                    bias_dtype,
                    bias,
                    m,
                    n,
                    k};
    bool groups = scaling == OTTAVA_GROUPS_16;
    int64_t scale_rows = groups ? 1 : scale_block, scale_columns = groups ? 16 : scale_block;
    int64_t scale_bytes = groups ? sizeof(bf16) : sizeof(float), scales_in_row = (n + scale_columns - 1) / scale_columns;
    int64_t part_columns = groups ? max_block : scale_block;
    for_each_block(product, scale_block, "gemm_fp8_quantize", [&](float* sums, const Block& block) {
        for (int64_t i = 0; i < block.rows; i += scale_rows)
            for (int64_t j = 0; j < block.columns; j += part_columns) {
                int64_t row = block.row + i, column = block.column + j;
                quantize(stream, q_dtype, q + row * q_pitch + column, q_pitch, 0, 0, scaling,
                         q_scales + (row / scale_rows * scales_in_row + column / scale_columns) * scale_bytes, 0, OTTAVA_F32,
                         reinterpret_cast<int64_t>(sums + i * max_block + j), max_block, smaller(scale_rows, block.rows - i),
                         smaller(part_columns, block.columns - j));
            }
    });
    return OTTAVA_OK;
}

int gemm_fp8_lomo(int64_t, int64_t control, int weight_dtype, int64_t weight, int64_t weight_pitch, int64_t weight_scales, int power_of_two,
                  int64_t first_row, int64_t a, int64_t a_pitch, int64_t a_scales, int64_t a_scale_row_stride, int64_t a_scale_k_stride,
                  int64_t b, int64_t b_pitch, int64_t b_scales, int64_t b_scale_row_stride, int64_t b_scale_k_stride, int64_t m, int64_t n,
                  int64_t k, double weight_decay, double max_value, int stochastic, int64_t seed, int64_t tensor_index, int64_t squares) {
    Product product{{OTTAVA_E5M2, a, a_pitch, a_scales, a_scale_row_stride, a_scale_k_stride},
                    {OTTAVA_E4M3, b, b_pitch, b_scales, b_scale_row_stride, b_scale_k_stride},
                    OTTAVA_F32,
                    0,
                    m,
                    n,
                    k};
    LomoRule rule(control, weight, weight_decay, max_value, stochastic, seed, tensor_index);
    LomoWeight target{weight_dtype, weight, weight_pitch, weight_scales, power_of_two != 0, first_row, m, n};
    if (squares == 0 && (weight == 0 || !rule.writes)) return OTTAVA_OK;
    BlockSums squares_of_blocks("gemm_fp8_lomo", target);
    for_each_block(product, scale_block, "gemm_fp8_lomo", [&](const float* sums, const Block& block) {
        for (int64_t i = 0; i < block.rows; i += scale_block)
            for (int64_t j = 0; j < block.columns; j += scale_block)
                squares_of_blocks.at(block.row + i, block.column + j) =
                    lomo_block(rule, target, block.row + i, block.column + j, sums + i * max_block + j, max_block);
    });
    squares_of_blocks.write(squares);
    return OTTAVA_OK;
}

OTTAVA_CPU_END
