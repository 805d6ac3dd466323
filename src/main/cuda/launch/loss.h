// Launches of cross-entropy.
#pragma once

#include "elements.h"
#include "loss/kernels.h"

namespace ottava {

OTTAVA_LOSS_KERNELS(OTTAVA_NAME)

namespace kernels {

inline int cross_entropy(int64_t stream, int64_t losses, int d_dtype, int64_t d_logits, int64_t logits, int64_t targets, int64_t scale,
                         int64_t rows, int64_t vocabulary) {
    if (d_logits != 0 && scale == 0)
        fail(OTTAVA_INVALID_ARGUMENT, "cross_entropy on %s: d_logits is wanted but scale is absent",
             device_of(stream).properties["name"].c_str());
    with_float_type(stream, "cross_entropy", d_logits == 0 ? static_cast<int>(OTTAVA_F32) : d_dtype, [&](auto type) {
        using D = decltype(type);
        using Kernel = any_cross_entropy<D>;
        bool aligned = all_aligned(d_logits, logits) && vocabulary % Kernel::run == 0;
        launch(stream,
               Kernel{pointer<float>(losses), pointer<D>(d_logits), pointer<float>(logits), pointer<int32_t>(targets),
                      pointer<float>(scale), rows, vocabulary, aligned},
               blocks_of_rows(rows), threads_of_row(vocabulary, Kernel::run, Kernel::threads));
    });
    return OTTAVA_OK;
}

inline int cross_entropy_tile(int64_t stream, int64_t losses, int64_t running, int64_t logits, int64_t targets, int64_t rows,
                              int64_t vocabulary, int64_t first, int64_t columns) {
    using Kernel = any_cross_entropy_tile;
    bool aligned = all_aligned(logits) && columns % Kernel::run == 0;
    launch(stream,
           Kernel{pointer<float>(losses), pointer<float>(running), pointer<float>(logits), pointer<int32_t>(targets), rows, vocabulary,
                  first, columns, aligned},
           blocks_of_rows(rows), threads_of_row(columns, Kernel::run, Kernel::threads));
    return OTTAVA_OK;
}

inline int cross_entropy_tile_gradient(int64_t stream, int d_dtype, int64_t d_logits, int64_t logits, int64_t targets, int64_t running,
                                       int64_t scale, int64_t rows, int64_t first, int64_t columns) {
    with_float_type(stream, "cross_entropy_tile_gradient", d_dtype, [&](auto type) {
        using D = decltype(type);
        using Kernel = any_cross_entropy_tile_gradient<D>;
        bool aligned = all_aligned(d_logits, logits) && columns % Kernel::run == 0;
        launch(stream,
               Kernel{pointer<D>(d_logits), pointer<float>(logits), pointer<int32_t>(targets), pointer<float>(running),
                      pointer<float>(scale), rows, first, columns, aligned},
               blocks_of_rows(rows), threads_of_row(columns, Kernel::run, Kernel::threads));
    });
    return OTTAVA_OK;
}

}  // namespace kernels
}  // namespace ottava
