// Quantisation to FP8. See ottava/quantize.h.
// A matrix is taken in panels of 128 rows; those of a fused operation are made by the operation itself, into scratch memory.
#include <omp.h>

#include "blocks.h"
#include "fp8.h"
#include "transpose.h"

OTTAVA_CPU_BEGIN

static constexpr int64_t block = 128, group = 16;

namespace {

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

}  // namespace

static int64_t filled_up(int64_t count) {
    return (count + group - 1) / group * group;
}

// The bits of the largest |x|. As integers, those of infinity and NaN are above those of all numbers.
template <class T>
static uint32_t largest_magnitude(const T* x, int64_t pitch, int64_t rows, int64_t columns) {
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
static float scale_of(uint32_t largest) {
    if (largest >= 0x7f800000u) return bits_to_float(0x7fc00000u);
    if (largest == 0) return 1.0f;
    float scale = bits_to_float(largest) / F::largest;
    return scale > 0x1p-126f ? scale : 0x1p-126f;
}

// Codes of `count` numbers, and zeros up to the next multiple of 16.
template <class F, class T>
static void encode_row(uint8_t* codes, const T* x, int64_t count, float scale) {
#pragma omp simd
    for (int64_t j = 0; j < count; j++) codes[j] = float_to_fp8<F>(load(x[j]) / scale);
    memset(codes + count, 0, static_cast<size_t>(filled_up(count) - count));
}

// Both copies of the block of the panel that begins at column j. x: the block.
template <class F, class T>
static void encode_block(const Target& target, const Layout& layout, int64_t panel, int64_t j, const T* x, int64_t x_pitch, float scale) {
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
static void quantize_panels(const Target (&targets)[N], const Layout& layout, Make make) {
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

template <class F, class T>
static void quantize_groups(const Target& target, const Layout& layout, const T* x, int64_t x_pitch) {
    int64_t groups = (layout.columns + group - 1) / group;
#pragma omp parallel for if (layout.rows * layout.columns > parallel_from)
    for (int64_t i = 0; i < layout.rows; i++) {
        bf16* scales = static_cast<bf16*>(target.scales) + i * groups;
        for (int64_t g = 0; g < groups; g++) {
            const T* values = x + i * x_pitch + g * group;
            int64_t count = layout.columns - g * group < group ? layout.columns - g * group : group;
            if (!layout.scales_given) {
                // Rounded up. A NaN has no bits set below.
                uint32_t bits = float_to_bits(scale_of<F>(largest_magnitude(values, 0, 1, count)));
                scales[g].bits = static_cast<uint16_t>((bits + 0xffffu) >> 16);
            }
            if (target.codes != nullptr) encode_row<F>(target.codes + i * layout.pitch + g * group, values, count, load(scales[g]));
        }
    }
}

// Calls body with a value of the FP8 type, and one of the type of the other dtype.
template <class Body>
static void with_types(const char* operation, int q_dtype, int dtype, Body body) {
    if (q_dtype != OTTAVA_E4M3 && q_dtype != OTTAVA_E5M2)
        fail(OTTAVA_UNSUPPORTED, "%s on cpu: dtype %d is neither e4m3 nor e5m2", operation, q_dtype);
    if (dtype != OTTAVA_F32 && dtype != OTTAVA_BF16) refuse_dtype(operation, dtype);
    bool is_e4m3 = q_dtype == OTTAVA_E4M3;
    if (dtype == OTTAVA_F32 && is_e4m3) body(e4m3(), float());
    if (dtype == OTTAVA_F32 && !is_e4m3) body(e5m2(), float());
    if (dtype == OTTAVA_BF16 && is_e4m3) body(e4m3(), bf16());
    if (dtype == OTTAVA_BF16 && !is_e4m3) body(e5m2(), bf16());
}

static Target target_of(int64_t codes, int64_t transposed, int64_t scales) {
    return {pointer<uint8_t>(codes), pointer<uint8_t>(transposed), pointer<void>(scales)};
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

// Quantises what an operation makes: operation(first row, rows, addresses of dense outputs).
template <class F, class T, int N, class Operation>
static void quantize_made(const char* name, const Target (&targets)[N], const Layout& layout, Operation operation) {
    int64_t panel_count = (layout.rows < block ? layout.rows : block) * layout.columns;
    int64_t threads = layout.parallel_panels() ? omp_get_max_threads() : 1;
    Scratch scratch(name, threads * N * panel_count * static_cast<int64_t>(sizeof(T)));
    T* made = scratch.take<T>(threads * N * panel_count);
    quantize_panels<F, T>(targets, layout, [&](int64_t p, Panel<T>* panels) {
        int64_t outputs[N];
        for (int n = 0; n < N; n++) {
            panels[n] = {made + (omp_get_thread_num() * N + n) * panel_count, layout.columns};
            outputs[n] = reinterpret_cast<int64_t>(panels[n].x);
        }
        operation(p * block, layout.panel_rows(p), outputs);
    });
}

int rms_norm_quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int64_t q_transposed, int64_t q_transposed_pitch,
                      int scaling, int64_t scales, int64_t inverse_rms, int dtype, int64_t x, int64_t weight, int64_t rows, int64_t columns,
                      double epsilon) {
    Layout layout{q_pitch, q_transposed_pitch, scaling, false, rows, columns};
    Target targets[] = {target_of(q, q_transposed, scales)};
    with_types("rms_norm_quantize", q_dtype, dtype, [&](auto format, auto type) {
        using T = decltype(type);
        constexpr int64_t size = sizeof(T);
        quantize_made<decltype(format), T>("rms_norm_quantize", targets, layout, [=](int64_t i, int64_t count, const int64_t* y) {
            rms_norm_forward(stream, dtype, y[0], inverse_rms + i * 4, x + i * columns * size, weight, count, columns, epsilon);
        });
    });
    return OTTAVA_OK;
}

int swiglu_quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int64_t q_transposed, int64_t q_transposed_pitch, int scaling,
                    int64_t scales, int dtype, int64_t gate, int64_t up, int64_t rows, int64_t columns) {
    Layout layout{q_pitch, q_transposed_pitch, scaling, false, rows, columns};
    Target targets[] = {target_of(q, q_transposed, scales)};
    with_types("swiglu_quantize", q_dtype, dtype, [&](auto format, auto type) {
        using T = decltype(type);
        quantize_made<decltype(format), T>("swiglu_quantize", targets, layout, [=](int64_t i, int64_t count, const int64_t* y) {
            int64_t at = i * columns * static_cast<int64_t>(sizeof(T));
            swiglu_forward(stream, dtype, y[0], gate + at, up + at, count * columns);
        });
    });
    return OTTAVA_OK;
}

int swiglu_backward_quantize(int64_t stream, int q_dtype, int64_t d_gate, int64_t d_gate_transposed, int64_t d_gate_scales, int64_t d_up,
                             int64_t d_up_transposed, int64_t d_up_scales, int64_t q_pitch, int64_t q_transposed_pitch, int scaling,
                             int dtype, int64_t d_y, int64_t gate, int64_t up, int64_t rows, int64_t columns) {
    Layout layout{q_pitch, q_transposed_pitch, scaling, false, rows, columns};
    Target targets[] = {target_of(d_gate, d_gate_transposed, d_gate_scales), target_of(d_up, d_up_transposed, d_up_scales)};
    with_types("swiglu_backward_quantize", q_dtype, dtype, [&](auto format, auto type) {
        using T = decltype(type);
        quantize_made<decltype(format), T>("swiglu_backward_quantize", targets, layout, [=](int64_t i, int64_t count, const int64_t* d) {
            int64_t at = i * columns * static_cast<int64_t>(sizeof(T));
            swiglu_backward(stream, dtype, d[0], d[1], d_y + at, gate + at, up + at, count * columns);
        });
    });
    return OTTAVA_OK;
}

template <class T, class F>
static void decode(T* y, int64_t y_pitch, const F* q, int64_t q_pitch, int scaling, int64_t scales, int64_t rows, int64_t columns) {
    int64_t size = scaling == OTTAVA_BLOCKS_128 ? block : group;
    int64_t blocks = (columns + size - 1) / size;
#pragma omp parallel for if (rows * columns > parallel_from)
    for (int64_t i = 0; i < rows; i++)
        for (int64_t b = 0; b < blocks; b++) {
            float scale = scaling == OTTAVA_PER_TENSOR   ? *pointer<float>(scales)
                          : scaling == OTTAVA_BLOCKS_128 ? pointer<float>(scales)[i / block * blocks + b]
                                                         : load(pointer<bf16>(scales)[i * blocks + b]);
            int64_t end = (b + 1) * size < columns ? (b + 1) * size : columns;
#pragma omp simd
            for (int64_t j = b * size; j < end; j++) store(y[i * y_pitch + j], load(q[i * q_pitch + j]) * scale);
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
