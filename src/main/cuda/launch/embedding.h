// Launches of token embedding.
#pragma once

#include "elements.h"
#include "embedding/kernels.h"

namespace ottava {

OTTAVA_EMBEDDING_KERNELS(OTTAVA_NAME)

namespace kernels {

inline int embedding_forward(int64_t stream, int dtype, int64_t out, int64_t weight, int64_t ids, int64_t tokens, int64_t vocabulary,
                             int64_t hidden) {
    with_float_type(stream, "embedding_forward", dtype, [&](auto type) {
        int64_t row_bytes = hidden * static_cast<int64_t>(sizeof(type));
        bool aligned = all_aligned(out, weight, row_bytes);
        launch(
            stream,
            any_embedding_forward{pointer<char>(out), pointer<char>(weight), pointer<int32_t>(ids), tokens, vocabulary, row_bytes, aligned},
            blocks_of_rows(tokens), threads_of_row(row_bytes, 16, any_embedding_forward::threads));
    });
    return OTTAVA_OK;
}

inline int embedding_backward(int64_t stream, int64_t d_weight, int dtype, int64_t d_out, int64_t ids, int64_t tokens, int64_t vocabulary,
                              int64_t hidden) {
    with_float_type(stream, "embedding_backward", dtype, [&](auto type) {
        using T = decltype(type);
        using Kernel = any_embedding_backward<T>;
        bool aligned = all_aligned(d_weight, d_out) && hidden % Kernel::run == 0;
        launch(stream, Kernel{pointer<float>(d_weight), pointer<T>(d_out), pointer<int32_t>(ids), tokens, vocabulary, hidden, aligned},
               Extent(tokens, ceil_div(hidden, Kernel::threads * Kernel::run)), Kernel::threads);
    });
    return OTTAVA_OK;
}

}  // namespace kernels
}  // namespace ottava
