// Launches of quantisation.
#pragma once

#include "elements.h"
#include "quantize/kernels.h"

namespace ottava {

OTTAVA_QUANTIZE_KERNELS(OTTAVA_NAME)

namespace kernels {

// Calls body with a value of the FP8 type, and one of the type of the other dtype.
template <class Body>
void with_fp8_type(int64_t stream, const char* operation, int q_dtype, int dtype, Body body) {
    with_float_type(stream, operation, dtype, [&](auto type) {
        switch (q_dtype) {
            case OTTAVA_E4M3: body(e4m3(), type); break;
            case OTTAVA_E5M2: body(e5m2(), type); break;
            default:
                fail(OTTAVA_UNSUPPORTED, "%s on %s: dtype %d is neither e4m3 nor e5m2", operation,
                     device_of(stream).properties["name"].c_str(), q_dtype);
        }
    });
}

inline QuantizedTo quantized_to(int64_t q, int64_t q_transposed, int64_t scales) {
    return {pointer<uint8_t>(q), pointer<uint8_t>(q_transposed), pointer<float>(scales), nullptr};
}

// The tiles of one or two matrices, with a scale per block or per tensor. For a scale per tensor the magnitudes come first, unless they, or
// the scales, are there.
template <class Kernel>
void quantize_tiles(int64_t stream, const char* operation, Kernel kernel, int scaling, bool scales_given) {
    int64_t blocks = ceil_div(kernel.rows, scale_block) * ceil_div(kernel.columns, scale_block);
    if (blocks > INT32_MAX)
        fail(OTTAVA_UNSUPPORTED, "%s on %s: [%lld, %lld] has more than 2^31 blocks of 128 x 128", operation,
             device_of(stream).properties["name"].c_str(), static_cast<long long>(kernel.rows), static_cast<long long>(kernel.columns));
    bool per_tensor = scaling == OTTAVA_PER_TENSOR;
    kernel.scale_stride = per_tensor ? 0 : 1;
    if (per_tensor && !scales_given) {
        Scratch scratch(stream, operation);
        for (QuantizedTo& to : kernel.to) to.magnitudes = scratch.take<uint32_t>(blocks);
        kernel.scales_are = ScalesAre::NotYet;
        launch(stream, kernel, blocks, Kernel::threads);
        for (QuantizedTo& to : kernel.to)
            launch(stream, any_tensor_scale{to.scales, to.magnitudes, blocks, kernel.largest_number}, 1, any_tensor_scale::threads);
    }
    bool made = !per_tensor && !scales_given, wanted = made;
    for (QuantizedTo& to : kernel.to) wanted = wanted || to.codes != nullptr || to.transposed != nullptr;
    kernel.scales_are = made ? ScalesAre::Made : ScalesAre::Given;
    if (wanted) launch(stream, kernel, blocks, Kernel::threads);
}

// Grid of RowUnits: as many units side by side as a row has, up to 256.
inline RowUnits row_units(int64_t columns) {
    int shift = 0;
    while (shift < 8 && (int64_t{RowUnits::unit} << shift) < columns) shift++;
    return {shift};
}

inline Extent grid_of(RowUnits units, int64_t rows, int64_t columns) {
    int64_t groups = ceil_div(rows, RowUnits::threads >> units.shift);
    return Extent(ceil_div(columns, int64_t{RowUnits::unit} << units.shift), groups < 65535 ? groups : 65535);
}

inline int quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int64_t q_transposed, int64_t q_transposed_pitch, int scaling,
                    int64_t scales, int scales_given, int dtype, int64_t x, int64_t x_pitch, int64_t rows, int64_t columns) {
    with_fp8_type(stream, "quantize", q_dtype, dtype, [&](auto format, auto type) {
        using F = decltype(format);
        using T = decltype(type);
        bool aligned = all_aligned(x, x_pitch * static_cast<int64_t>(sizeof(T)));
        if (scaling == OTTAVA_GROUPS_16) {
            RowUnits units = row_units(columns);
            any_quantize_groups<F, StoredRows<T>> kernel{
                units,  {pointer<T>(x), x_pitch, aligned}, pointer<uint8_t>(q), q_pitch, pointer<uint16_t>(scales), scales_given != 0, rows,
                columns};
            launch(stream, kernel, grid_of(units, rows, columns), RowUnits::threads);
            return;
        }
        any_quantize<F, StoredMatrix<T>> kernel{
            {pointer<T>(x), x_pitch, aligned}, {quantized_to(q, q_transposed, scales)}, q_pitch, q_transposed_pitch, rows, columns};
        quantize_tiles(stream, "quantize", kernel, scaling, scales_given != 0);
    });
    return OTTAVA_OK;
}

inline int dequantize(int64_t stream, int dtype, int64_t y, int64_t y_pitch, int q_dtype, int64_t q, int64_t q_pitch, int scaling,
                      int64_t scales, int64_t rows, int64_t columns) {
    with_fp8_type(stream, "dequantize", q_dtype, dtype, [&](auto format, auto type) {
        using T = decltype(type);
        ScalePer per = scaling == OTTAVA_PER_TENSOR ? ScalePer::Tensor : scaling == OTTAVA_BLOCKS_128 ? ScalePer::Block : ScalePer::Group;
        RowUnits units = row_units(columns);
        bool aligned = all_aligned(y, y_pitch * static_cast<int64_t>(sizeof(T)));
        any_dequantize<decltype(format), T> kernel{units, pointer<T>(y), y_pitch, pointer<uint8_t>(q), q_pitch, pointer<void>(scales), per,
                                                   rows,  columns,       aligned};
        launch(stream, kernel, grid_of(units, rows, columns), RowUnits::threads);
    });
    return OTTAVA_OK;
}

inline int add_quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int64_t scales, int dtype, int64_t y, int64_t a, int64_t b,
                        int64_t rows, int64_t columns) {
    with_fp8_type(stream, "add_quantize", q_dtype, dtype, [&](auto format, auto type) {
        using T = decltype(type);
        RowUnits units = row_units(columns);
        bool aligned = all_aligned(y, a, b) && columns % Packet<T>::width == 0;
        any_quantize_groups<decltype(format), SumOf<T>> kernel{units,
                                                               {pointer<T>(y), pointer<T>(a), pointer<T>(b), columns, aligned},
                                                               pointer<uint8_t>(q),
                                                               q_pitch,
                                                               pointer<uint16_t>(scales),
                                                               false,
                                                               rows,
                                                               columns};
        launch(stream, kernel, grid_of(units, rows, columns), RowUnits::threads);
    });
    return OTTAVA_OK;
}

inline int transpose_codes(int64_t stream, int64_t y, int64_t y_pitch, int64_t x, int64_t x_pitch, int64_t rows, int64_t columns) {
    int64_t blocks = ceil_div(rows, scale_block) * ceil_div(columns, scale_block);
    if (blocks > INT32_MAX)
        fail(OTTAVA_UNSUPPORTED, "transpose_codes on %s: [%lld, %lld] has more than 2^31 blocks of 128 x 128",
             device_of(stream).properties["name"].c_str(), static_cast<long long>(rows), static_cast<long long>(columns));
    launch(stream, any_transpose_codes{pointer<uint8_t>(y), y_pitch, pointer<uint8_t>(x), x_pitch, rows, columns}, blocks,
           any_transpose_codes::threads);
    return OTTAVA_OK;
}

inline int rms_norm_quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int64_t q_transposed, int64_t q_transposed_pitch,
                             int scaling, int64_t scales, int scales_given, int64_t inverse_rms, int dtype, int64_t x, int64_t x_pitch,
                             int64_t x_scales, int64_t weight, int64_t rows, int64_t columns, double epsilon) {
    with_fp8_type(stream, "rms_norm_quantize", q_dtype, dtype, [&](auto format, auto type) {
        using F = decltype(format);
        using T = decltype(type);
        bool aligned = all_aligned(weight) && columns % norm_run == 0;
        bool per_tensor = scaling == OTTAVA_PER_TENSOR;
        float* r = pointer<float>(inverse_rms);
        auto run = [&](auto rows_of_x) {
            using Rows = decltype(rows_of_x);
            if (!scales_given) {
                using Magnitudes = any_rms_norm_magnitudes<Rows, T>;
                Scratch scratch(stream, "rms_norm_quantize");
                uint32_t* magnitudes = per_tensor ? scratch.take<uint32_t>(rows) : nullptr;
                launch(stream,
                       Magnitudes{r, magnitudes, rows_of_x, pointer<T>(weight), rows, columns, static_cast<float>(epsilon), aligned},
                       blocks_of_rows(rows), threads_of_row(columns, norm_run, Magnitudes::threads));
                if (per_tensor)
                    launch(stream, any_tensor_scale{pointer<float>(scales), magnitudes, rows, F::largest}, 1, any_tensor_scale::threads);
            }
            any_quantize<F, RmsNormOf<Rows, T>> kernel{{rows_of_x, pointer<T>(weight), r, aligned},
                                                       {quantized_to(q, q_transposed, scales)},
                                                       q_pitch,
                                                       q_transposed_pitch,
                                                       rows,
                                                       columns};
            quantize_tiles(stream, "rms_norm_quantize", kernel, scaling, per_tensor || scales_given != 0);
        };
        x_scales == 0 ? run(dense_rows<T>(x, columns)) : run(grouped_codes(x, x_pitch, x_scales, columns));
    });
    return OTTAVA_OK;
}

inline int swiglu_quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int64_t q_transposed, int64_t q_transposed_pitch,
                           int scaling, int64_t scales, int scales_given, int dtype, int64_t gate, int64_t up, int64_t gate_pitch,
                           int64_t gate_scales, int64_t up_scales, int64_t rows, int64_t columns) {
    with_fp8_type(stream, "swiglu_quantize", q_dtype, dtype, [&](auto format, auto type) {
        using T = decltype(type);
        auto run = [&](auto gates, auto ups) {
            any_quantize<decltype(format), SwiGluOf<decltype(gates)>> kernel{
                {gates, ups}, {quantized_to(q, q_transposed, scales)}, q_pitch, q_transposed_pitch, rows, columns};
            quantize_tiles(stream, "swiglu_quantize", kernel, scaling, scales_given != 0);
        };
        gate_scales == 0 ? run(dense_rows<T>(gate, columns), dense_rows<T>(up, columns))
                         : run(grouped_codes(gate, gate_pitch, gate_scales, columns), grouped_codes(up, gate_pitch, up_scales, columns));
    });
    return OTTAVA_OK;
}

inline int swiglu_backward_quantize(int64_t stream, int q_dtype, int64_t d_gate, int64_t d_gate_transposed, int64_t d_gate_scales,
                                    int64_t d_up, int64_t d_up_transposed, int64_t d_up_scales, int64_t q_pitch, int64_t q_transposed_pitch,
                                    int scaling, int dtype, int64_t d_y, int64_t gate, int64_t up, int64_t gate_pitch, int64_t gate_scales,
                                    int64_t up_scales, int64_t rows, int64_t columns) {
    with_fp8_type(stream, "swiglu_backward_quantize", q_dtype, dtype, [&](auto format, auto type) {
        using T = decltype(type);
        auto run = [&](auto gates, auto ups) {
            any_quantize<decltype(format), SwiGluGradientOf<decltype(gates), T>> kernel{
                {dense_rows<T>(d_y, columns), gates, ups},
                {quantized_to(d_gate, d_gate_transposed, d_gate_scales), quantized_to(d_up, d_up_transposed, d_up_scales)},
                q_pitch,
                q_transposed_pitch,
                rows,
                columns};
            quantize_tiles(stream, "swiglu_backward_quantize", kernel, scaling, false);
        };
        gate_scales == 0 ? run(dense_rows<T>(gate, columns), dense_rows<T>(up, columns))
                         : run(grouped_codes(gate, gate_pitch, gate_scales, columns), grouped_codes(up, gate_pitch, up_scales, columns));
    });
    return OTTAVA_OK;
}

}  // namespace kernels
}  // namespace ottava
