// Operations that quantise what they make. See ottava/quantize.h.
// A panel of 128 rows is made by the operation itself, into scratch memory; codes that it reads are widened to F32 there before.
#include "norm.h"
#include "quantize_panels.h"

OTTAVA_CPU_BEGIN

// E4M3 codes in groups of 16 of a row.
struct Groups {
    int64_t codes, pitch, scales, columns;

    // Rows from i on, to F32.
    void widen(int64_t y, int64_t i, int64_t count) const {
        int64_t scales_of_row = (columns + group - 1) / group * static_cast<int64_t>(sizeof(bf16));
        dequantize(0, OTTAVA_F32, y, columns, OTTAVA_E4M3, codes + i * pitch, pitch, OTTAVA_GROUPS_16, scales + i * scales_of_row, count,
                   columns);
    }
};

// Quantises what an operation makes: operation(first row, rows, addresses of its N dense outputs, one more that it may use).
template <class F, class T, int N, class Operation>
static void quantize_made(const char* name, const Target (&targets)[N], const Layout& layout, Operation operation) {
    int64_t panel_count = (layout.rows < block ? layout.rows : block) * layout.columns;
    int64_t threads = layout.parallel_panels() ? omp_get_max_threads() : 1;
    Scratch scratch(name, threads * (N + 1) * panel_count * static_cast<int64_t>(sizeof(T)));
    T* made = scratch.take<T>(threads * (N + 1) * panel_count);
    quantize_panels<F, T>(targets, layout, [&](int64_t p, Panel<T>* panels) {
        T* own = made + omp_get_thread_num() * (N + 1) * panel_count;
        int64_t addresses[N + 1];
        for (int n = 0; n <= N; n++) addresses[n] = reinterpret_cast<int64_t>(own + n * panel_count);
        for (int n = 0; n < N; n++) panels[n] = {own + n * panel_count, layout.columns};
        operation(p * block, layout.panel_rows(p), addresses, addresses[N]);
    });
}

int rms_norm_quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int64_t q_transposed, int64_t q_transposed_pitch,
                      int scaling, int64_t scales, int scales_given, int64_t inverse_rms, int dtype, int64_t x, int64_t x_pitch,
                      int64_t x_scales, int64_t weight, int64_t rows, int64_t columns, double epsilon) {
    Layout layout{q_pitch, q_transposed_pitch, scaling, scales_given != 0, rows, columns};
    Target targets[] = {target_of(q, q_transposed, scales)};
    bool of_codes = x_scales != 0;
    Groups groups{x, x_pitch, x_scales, columns};
    if (dtype != OTTAVA_F32 && dtype != OTTAVA_BF16) refuse_dtype("rms_norm_quantize", dtype);
    Scratch wide("rms_norm_quantize", of_codes ? columns * static_cast<int64_t>(sizeof(float)) : 0);
    int64_t weight_there = weight;
    if (of_codes) {
        weight_there = reinterpret_cast<int64_t>(wide.take<float>(columns));
        cast(stream, OTTAVA_F32, weight_there, dtype, weight, columns);
    }
    int made_dtype = of_codes ? OTTAVA_F32 : dtype;
    with_types("rms_norm_quantize", q_dtype, made_dtype, [&](auto format, auto type) {
        using T = decltype(type);
        quantize_made<decltype(format), T>("rms_norm_quantize", targets, layout, [&](int64_t i, int64_t count, int64_t* y, int64_t spare) {
            int64_t r = inverse_rms + i * 4, from = of_codes ? spare : x + i * columns * static_cast<int64_t>(sizeof(T));
            if (of_codes) groups.widen(spare, i, count);
            if (scales_given) {
                rms_norm_apply(made_dtype, y[0], r, from, weight_there, count, columns);
            } else {
                rms_norm_forward(stream, made_dtype, y[0], r, from, weight_there, count, columns, epsilon);
            }
        });
    });
    return OTTAVA_OK;
}

int swiglu_quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int64_t q_transposed, int64_t q_transposed_pitch, int scaling,
                    int64_t scales, int scales_given, int dtype, int64_t gate, int64_t up, int64_t gate_pitch, int64_t gate_scales,
                    int64_t up_scales, int64_t rows, int64_t columns) {
    Layout layout{q_pitch, q_transposed_pitch, scaling, scales_given != 0, rows, columns};
    Target targets[] = {target_of(q, q_transposed, scales)};
    bool of_codes = gate_scales != 0;
    Groups gates{gate, gate_pitch, gate_scales, columns}, ups{up, gate_pitch, up_scales, columns};
    int made_dtype = of_codes ? OTTAVA_F32 : dtype;
    with_types("swiglu_quantize", q_dtype, made_dtype, [&](auto format, auto type) {
        using T = decltype(type);
        quantize_made<decltype(format), T>("swiglu_quantize", targets, layout, [&](int64_t i, int64_t count, int64_t* y, int64_t spare) {
            if (of_codes) {
                gates.widen(y[0], i, count);
                ups.widen(spare, i, count);
                swiglu_forward(stream, OTTAVA_F32, y[0], y[0], spare, count * columns);
            } else {
                int64_t at = i * columns * static_cast<int64_t>(sizeof(T));
                swiglu_forward(stream, dtype, y[0], gate + at, up + at, count * columns);
            }
        });
    });
    return OTTAVA_OK;
}

int swiglu_backward_quantize(int64_t stream, int q_dtype, int64_t d_gate, int64_t d_gate_transposed, int64_t d_gate_scales, int64_t d_up,
                             int64_t d_up_transposed, int64_t d_up_scales, int64_t q_pitch, int64_t q_transposed_pitch, int scaling,
                             int dtype, int64_t d_y, int64_t gate, int64_t up, int64_t gate_pitch, int64_t gate_scales, int64_t up_scales,
                             int64_t rows, int64_t columns) {
    Layout layout{q_pitch, q_transposed_pitch, scaling, false, rows, columns};
    Target targets[] = {target_of(d_gate, d_gate_transposed, d_gate_scales), target_of(d_up, d_up_transposed, d_up_scales)};
    bool of_codes = gate_scales != 0;
    Groups gates{gate, gate_pitch, gate_scales, columns}, ups{up, gate_pitch, up_scales, columns};
    if (dtype != OTTAVA_F32 && dtype != OTTAVA_BF16) refuse_dtype("swiglu_backward_quantize", dtype);
    int64_t size = dtype == OTTAVA_F32 ? sizeof(float) : sizeof(bf16);
    int made_dtype = of_codes ? OTTAVA_F32 : dtype;
    with_types("swiglu_backward_quantize", q_dtype, made_dtype, [&](auto format, auto type) {
        using T = decltype(type);
        quantize_made<decltype(format), T>(
            "swiglu_backward_quantize", targets, layout, [&](int64_t i, int64_t count, int64_t* d, int64_t spare) {
                int64_t at = i * columns * size;
                if (of_codes) {
                    gates.widen(d[0], i, count);
                    ups.widen(d[1], i, count);
                    cast(stream, OTTAVA_F32, spare, dtype, d_y + at, count * columns);
                    swiglu_backward(stream, OTTAVA_F32, d[0], d[1], spare, d[0], d[1], count * columns);
                } else {
                    swiglu_backward(stream, dtype, d[0], d[1], d_y + at, gate + at, up + at, count * columns);
                }
            });
    });
    return OTTAVA_OK;
}

// Rows by sixteens, so that sums are still in the cache when they are quantised.
int add_quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int64_t scales, int dtype, int64_t y, int64_t a, int64_t b,
                 int64_t rows, int64_t columns) {
    constexpr int64_t some = 16;
    if (q_dtype != OTTAVA_E4M3 && q_dtype != OTTAVA_E5M2)
        fail(OTTAVA_UNSUPPORTED, "add_quantize on cpu: dtype %d is neither e4m3 nor e5m2", q_dtype);
    if (dtype != OTTAVA_F32 && dtype != OTTAVA_BF16) refuse_dtype("add_quantize", dtype);
    int64_t pitch = columns * static_cast<int64_t>(dtype == OTTAVA_F32 ? sizeof(float) : sizeof(bf16));
    int64_t scales_pitch = (columns + group - 1) / group * static_cast<int64_t>(sizeof(bf16));
#pragma omp parallel for if (rows > some && rows * columns > parallel_from)
    for (int64_t i = 0; i < rows; i += some) {
        int64_t count = rows - i < some ? rows - i : some;
        add(stream, dtype, y + i * pitch, a + i * pitch, b + i * pitch, count * columns);
        quantize(stream, q_dtype, q == 0 ? 0 : q + i * q_pitch, q_pitch, 0, 0, OTTAVA_GROUPS_16, scales + i * scales_pitch, 0, dtype,
                 y + i * pitch, columns, count, columns);
    }
    return OTTAVA_OK;
}

OTTAVA_CPU_END
