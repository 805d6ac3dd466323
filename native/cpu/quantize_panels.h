// A matrix quantised in panels of 128 rows, which whoever calls makes, one at a time. See ottava/quantize.h.
#pragma once

#include <omp.h>

#include "blocks.h"
#include "groups.h"
#include "transpose.h"

OTTAVA_CPU_BEGIN

namespace {

constexpr int64_t block = 128;

// Where the codes and scales of one matrix go; an address may be null.
struct Target {
    uint8_t* codes;
    uint8_t* transposed;
    void* scales;
};

// What the matrices of one call have in common.
struct Layout {
    int64_t pitch, transposed_pitch;
    int scaling;
    bool scales_given;
    int64_t rows, columns;

    int64_t panels() const { return (rows + block - 1) / block; }
    int64_t panel_rows(int64_t panel) const { return rows - panel * block < block ? rows - panel * block : block; }
    int64_t column_blocks() const { return (columns + block - 1) / block; }
    bool parallel_panels() const { return panels() > 1 && rows * columns > parallel_from; }
};

// Rows of a matrix of T.
template <class T>
struct Panel {
    const T* x;
    int64_t pitch;
};

int64_t filled_up(int64_t count) {
    return (count + group - 1) / group * group;
}

// The bits of the largest |x|. As integers, those of infinity and NaN are above those of all numbers.
template <class T>
uint32_t largest_magnitude(const T* x, int64_t pitch, int64_t rows, int64_t columns) {
    uint32_t largest = 0;
    for (int64_t i = 0; i < rows; i++) {
        const T* row = x + i * pitch;
#pragma omp simd reduction(max : largest)
        for (int64_t j = 0; j < columns; j++) {
            uint32_t magnitude = float_to_bits(load(row[j])) & 0x7fffffffu;
            largest = magnitude > largest ? magnitude : largest;
        }
    }
    return largest;
}

template <class F>
float scale_of(uint32_t largest) {
    if (largest >= 0x7f800000u) return bits_to_float(0x7fc00000u);
    if (largest == 0) return 1.0f;
    float scale = bits_to_float(largest) / F::largest;
    return scale > 0x1p-126f ? scale : 0x1p-126f;
}

// Codes of `count` numbers, and zeros up to the next multiple of 16.
template <class F, class T>
void encode_row(uint8_t* codes, const T* x, int64_t count, float scale) {
#pragma omp simd
    for (int64_t j = 0; j < count; j++) codes[j] = float_to_fp8<F>(load(x[j]) / scale);
    memset(codes + count, 0, static_cast<size_t>(filled_up(count) - count));
}

// Both copies of the block of the panel that begins at column j. x: the block.
template <class F, class T>
void encode_block(const Target& target, const Layout& layout, int64_t panel, int64_t j, const T* x, int64_t x_pitch, float scale) {
    int64_t i = panel * block, rows = layout.panel_rows(panel);
    int64_t columns = layout.columns - j < block ? layout.columns - j : block;
    alignas(64) uint8_t codes[block * block];
    for (int64_t k = 0; k < rows; k++) encode_row<F>(codes + k * block, x + k * x_pitch, columns, scale);
    if (target.codes != nullptr)
        for (int64_t k = 0; k < rows; k++)
            memcpy(target.codes + (i + k) * layout.pitch + j, codes + k * block, static_cast<size_t>(filled_up(columns)));
    if (target.transposed == nullptr) return;
    for (int64_t k = rows; k < filled_up(rows); k++) memset(codes + k * block, 0, static_cast<size_t>(filled_up(columns)));
    transpose_bytes(target.transposed + j * layout.transposed_pitch + i, layout.transposed_pitch, codes, block, filled_up(rows), columns);
}

// make(panel, panels) fills in the panel of each matrix; it is called in parallel, and again when a scale per tensor needs a first pass.
template <class F, class T, int N, class Make>
void quantize_panels(const Target (&targets)[N], const Layout& layout, Make make) {
    uint32_t largest[N] = {};
    bool per_tensor = layout.scaling == OTTAVA_PER_TENSOR;
    if (per_tensor && !layout.scales_given) {
#pragma omp parallel for reduction(max : largest[:N]) if (layout.parallel_panels())
        for (int64_t p = 0; p < layout.panels(); p++) {
            Panel<T> panels[N];
            make(p, panels);
            for (int n = 0; n < N; n++) {
                uint32_t here = largest_magnitude(panels[n].x, panels[n].pitch, layout.panel_rows(p), layout.columns);
                largest[n] = here > largest[n] ? here : largest[n];
            }
        }
        for (int n = 0; n < N; n++) *static_cast<float*>(targets[n].scales) = scale_of<F>(largest[n]);
    }
    bool wanted = !per_tensor && !layout.scales_given;
    for (const Target& target : targets) wanted = wanted || target.codes != nullptr || target.transposed != nullptr;
    if (!wanted) return;
    int64_t column_blocks = layout.column_blocks();
#pragma omp parallel for if (layout.parallel_panels())
    for (int64_t p = 0; p < layout.panels(); p++) {
        Panel<T> panels[N];
        make(p, panels);
        for (int n = 0; n < N; n++) {
            float* scales = static_cast<float*>(targets[n].scales) + (per_tensor ? 0 : p * column_blocks);
#pragma omp parallel for if (layout.rows * layout.columns > parallel_from)
            for (int64_t c = 0; c < column_blocks; c++) {
                const T* x = panels[n].x + c * block;
                int64_t columns = layout.columns - c * block < block ? layout.columns - c * block : block;
                if (!per_tensor && !layout.scales_given)
                    scales[c] = scale_of<F>(largest_magnitude(x, panels[n].pitch, layout.panel_rows(p), columns));
                if (targets[n].codes != nullptr || targets[n].transposed != nullptr)
                    encode_block<F>(targets[n], layout, p, c * block, x, panels[n].pitch, scales[per_tensor ? 0 : c]);
            }
        }
    }
}

// Calls body with a value of the FP8 type, and one of the type of the other dtype.
template <class Body>
void with_types(const char* operation, int q_dtype, int dtype, Body body) {
    if (q_dtype != OTTAVA_E4M3 && q_dtype != OTTAVA_E5M2)
        fail(OTTAVA_UNSUPPORTED, "%s on cpu: dtype %d is neither e4m3 nor e5m2", operation, q_dtype);
    if (dtype != OTTAVA_F32 && dtype != OTTAVA_BF16) refuse_dtype(operation, dtype);
    bool is_e4m3 = q_dtype == OTTAVA_E4M3;
    if (dtype == OTTAVA_F32 && is_e4m3) body(e4m3(), float());
    if (dtype == OTTAVA_F32 && !is_e4m3) body(e5m2(), float());
    if (dtype == OTTAVA_BF16 && is_e4m3) body(e4m3(), bf16());
    if (dtype == OTTAVA_BF16 && !is_e4m3) body(e5m2(), bf16());
}

Target target_of(int64_t codes, int64_t transposed, int64_t scales) {
    return {pointer<uint8_t>(codes), pointer<uint8_t>(transposed), pointer<void>(scales)};
}

}  // namespace

OTTAVA_CPU_END
