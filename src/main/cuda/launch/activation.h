// Launches of SwiGLU.
#pragma once

#include "activation/kernels.h"
#include "elements.h"

namespace ottava {

OTTAVA_ACTIVATION_KERNELS(OTTAVA_NAME)

namespace kernels {

inline int swiglu_forward(int64_t stream, int dtype, int64_t y, int64_t gate, int64_t up, int64_t count) {
    with_float_type(stream, "swiglu_forward", dtype, [&](auto type) {
        using T = decltype(type);
        using Kernel = any_swiglu_forward<T>;
        launch(stream, Kernel{pointer<T>(y), pointer<T>(gate), pointer<T>(up), count, all_aligned(y, gate, up)},
               blocks_of_runs(count, Kernel::run), 256);
    });
    return OTTAVA_OK;
}

inline int swiglu_backward(int64_t stream, int dtype, int64_t d_gate, int64_t d_up, int64_t d_y, int64_t gate, int64_t up, int64_t count) {
    with_float_type(stream, "swiglu_backward", dtype, [&](auto type) {
        using T = decltype(type);
        using Kernel = any_swiglu_backward<T>;
        launch(stream,
               Kernel{pointer<T>(d_gate), pointer<T>(d_up), pointer<T>(d_y), pointer<T>(gate), pointer<T>(up), count,
                      all_aligned(d_gate, d_up, d_y, gate, up)},
               blocks_of_runs(count, Kernel::run), 256);
    });
    return OTTAVA_OK;
}

}  // namespace kernels
}  // namespace ottava
