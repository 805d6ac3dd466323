// Quantisation to FP8, and back. See ottava/quantize.h.
#include "quantize_panels.h"

OTTAVA_CPU_BEGIN

template <class F, class T>
static void quantize_groups(const Target& target, const Layout& layout, const T* x, int64_t x_pitch) {
    int64_t groups = (layout.columns + group - 1) / group;
#pragma omp parallel for if (layout.rows * layout.columns > parallel_from)
    for (int64_t i = 0; i < layout.rows; i++) {
        bf16* scales = static_cast<bf16*>(target.scales) + i * groups;
        for (int64_t g = 0; g < groups; g++) {
            int64_t count = layout.columns - g * group;
            float values[group];
            load_group(values, x + i * x_pitch + g * group, count);
            if (!layout.scales_given) {
                // Rounded up. A NaN has no bits set below.
                uint32_t bits = float_to_bits(scale_of<F>(largest_magnitude(values, 0, 1, group)));
                scales[g].bits = static_cast<uint16_t>((bits + 0xffffu) >> 16);
            }
            if (target.codes != nullptr) encode_group<F>(target.codes + i * layout.pitch + g * group, values, load(scales[g]), count);
        }
    }
}

int quantize(int64_t, int q_dtype, int64_t q, int64_t q_pitch, int64_t q_transposed, int64_t q_transposed_pitch, int scaling,
             int64_t scales, int scales_given, int dtype, int64_t x, int64_t x_pitch, int64_t rows, int64_t columns) {
    Layout layout{q_pitch, q_transposed_pitch, scaling, scales_given != 0, rows, columns};
    Target targets[] = {target_of(q, q_transposed, scales)};
    with_types("quantize", q_dtype, dtype, [&](auto format, auto type) {
        using F = decltype(format);
        using T = decltype(type);
        const T* values = pointer<T>(x);
        if (scaling == OTTAVA_GROUPS_16) {
            quantize_groups<F>(targets[0], layout, values, x_pitch);
        } else {
            quantize_panels<F, T>(targets, layout, [=](int64_t p, Panel<T>* panels) {
                panels[0] = {values + p * block * x_pitch, x_pitch};
            });
        }
    });
    return OTTAVA_OK;
}

template <class T, class F>
static void decode(T* y, int64_t y_pitch, const F* q, int64_t q_pitch, int scaling, int64_t scales, int64_t rows, int64_t columns) {
    int64_t groups = (columns + group - 1) / group, blocks = (columns + block - 1) / block;
#pragma omp parallel for if (rows * columns > parallel_from)
    for (int64_t i = 0; i < rows; i++)
        for (int64_t g = 0; g < groups; g++) {
            int64_t j = g * group;
            float scale = scaling == OTTAVA_PER_TENSOR   ? *pointer<float>(scales)
                          : scaling == OTTAVA_BLOCKS_128 ? pointer<float>(scales)[i / block * blocks + j / block]
                                                         : load(pointer<bf16>(scales)[i * groups + g]);
            float values[group];
            decode_group(values, q + i * q_pitch + j, scale);
            store_group(y + i * y_pitch + j, values, columns - j);
        }
}

int dequantize(int64_t, int dtype, int64_t y, int64_t y_pitch, int q_dtype, int64_t q, int64_t q_pitch, int scaling, int64_t scales,
               int64_t rows, int64_t columns) {
    with_types("dequantize", q_dtype, dtype, [&](auto format, auto type) {
        decode(pointer<decltype(type)>(y), y_pitch, pointer<decltype(format)>(q), q_pitch, scaling, scales, rows, columns);
    });
    return OTTAVA_OK;
}

// A block of 128 columns of x becomes 128 rows of y, in cache-sized parts of 128 rows of x. The last part may end within a group of 16.
int transpose_codes(int64_t, int64_t y, int64_t y_pitch, int64_t x, int64_t x_pitch, int64_t rows, int64_t columns) {
    int64_t column_blocks = (columns + block - 1) / block;
#pragma omp parallel for if (rows * columns > parallel_from)
    for (int64_t c = 0; c < column_blocks; c++) {
        int64_t j = c * block, width = columns - j < block ? columns - j : block;
        const uint8_t* from = pointer<uint8_t>(x) + j;
        uint8_t* to = pointer<uint8_t>(y) + j * y_pitch;
        int64_t whole = rows / group * group;
        for (int64_t i = 0; i < whole; i += block)
            transpose_bytes(to + i, y_pitch, from + i * x_pitch, x_pitch, whole - i < block ? whole - i : block, width);
        if (whole == rows) continue;
        alignas(64) uint8_t last[group * block] = {};
        for (int64_t k = 0; k < rows - whole; k++)
            memcpy(last + k * block, from + (whole + k) * x_pitch, static_cast<size_t>(filled_up(width)));
        transpose_bytes(to + whole, y_pitch, last, block, group, width);
    }
    return OTTAVA_OK;
}

OTTAVA_CPU_END
