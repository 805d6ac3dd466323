// Launches of RMSNorm.
#pragma once

#include "elementwise.h"
#include "norm/kernels.h"

namespace ottava {

OTTAVA_NORM_KERNELS(OTTAVA_NAME)

namespace kernels {

inline int rms_norm_forward(int64_t stream, int dtype, int64_t y, int64_t inverse_rms, int64_t x, int64_t weight, int64_t rows,
                            int64_t columns, double epsilon) {
    with_float_type(stream, "rms_norm_forward", dtype, [&](auto type) {
        using T = decltype(type);
        using Kernel = any_rms_norm_forward<T>;
        bool aligned = all_aligned(y, weight) && columns % norm_run == 0;
        launch(stream,
               Kernel{pointer<T>(y), pointer<float>(inverse_rms), dense_rows<T>(x, columns), pointer<T>(weight), rows, columns,
                      static_cast<float>(epsilon), aligned},
               blocks_of_rows(rows), threads_of_row(columns, norm_run, Kernel::threads));
    });
    return OTTAVA_OK;
}

template <class T, bool Accumulate, class Rows>
void rms_norm_gradient(int64_t stream, int64_t d_x, int64_t d_weight, bool accumulate_d_weight, int64_t d_y, Rows x, int64_t weight,
                       int64_t inverse_rms, int64_t rows, int64_t columns) {
    using Kernel = any_rms_norm_backward<Rows, T, Accumulate>;
    Scratch scratch(stream, "rms_norm_backward");
    // At most 512 groups of at least 4 rows, fewer where a row of sums is that long.
    int64_t most = scratch.bytes_left() / (columns * 4 + 256);
    if (most > 512) most = 512;
    if (most < 1) most = 1;
    int64_t size = ceil_div(rows, most);
    if (size < 4) size = 4;
    int64_t groups = ceil_div(rows, size);
    float* partial = scratch.take<float>(groups * columns);
    bool aligned = all_aligned(d_x, d_y, weight) && columns % norm_run == 0;
    launch(
        stream,
        Kernel{pointer<T>(d_x), partial, pointer<T>(d_y), x, pointer<T>(weight), pointer<float>(inverse_rms), rows, columns, size, aligned},
        groups, threads_of_row(columns, norm_run, Kernel::threads));
    finish_column_sum(stream, d_weight, partial, groups, columns, accumulate_d_weight);
}

inline int rms_norm_backward(int64_t stream, int dtype, int64_t d_x, int accumulate_d_x, int64_t d_weight, int accumulate_d_weight,
                             int64_t d_y, int64_t x, int64_t x_pitch, int64_t x_scales, int64_t weight, int64_t inverse_rms, int64_t rows,
                             int64_t columns) {
    with_float_type(stream, "rms_norm_backward", dtype, [&](auto type) {
        using T = decltype(type);
        auto run = [&](auto rows_of_x) {
            using Rows = decltype(rows_of_x);
            auto gradient = accumulate_d_x ? rms_norm_gradient<T, true, Rows> : rms_norm_gradient<T, false, Rows>;
            gradient(stream, d_x, d_weight, accumulate_d_weight != 0, d_y, rows_of_x, weight, inverse_rms, rows, columns);
        };
        x_scales == 0 ? run(dense_rows<T>(x, columns)) : run(grouped_codes(x, x_pitch, x_scales, columns));
    });
    return OTTAVA_OK;
}

}  // namespace kernels
}  // namespace ottava
