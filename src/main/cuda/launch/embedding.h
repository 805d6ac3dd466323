// Launches of token embedding.
#pragma once

#include <math.h>

#include "elementwise.h"
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

template <class W, class T, bool Stochastic>
void embedding_lomo(int64_t stream, any_embedding_lomo<W, T, Stochastic> kernel, int64_t sum_squares) {
    using Kernel = any_embedding_lomo<W, T, Stochastic>;
    int64_t rows = kernel.vocabulary < 4096 ? kernel.vocabulary : 4096, columns = ceil_div(kernel.hidden, Kernel::threads * Kernel::run);
    Scratch scratch(stream, "embedding_lomo");
    if (sum_squares != 0) kernel.partial = scratch.take<double>(rows * columns);
    launch(stream, kernel, Extent(rows, columns), Kernel::threads);
    if (sum_squares != 0) finish_sum(stream, sum_squares, kernel.partial, rows * columns);
}

inline int embedding_lomo(int64_t stream, int64_t control, int weight_dtype, int64_t weight, int dtype, int64_t d_out, int64_t ids,
                          int64_t tokens, int64_t vocabulary, int64_t hidden, double weight_decay, double max_value, int stochastic,
                          int64_t seed, int64_t tensor_index, int64_t sum_squares) {
    with_float_type(stream, "embedding_lomo", weight_dtype, [&](auto weight_type) {
        with_float_type(stream, "embedding_lomo", dtype, [&](auto type) {
            using W = decltype(weight_type);
            using T = decltype(type);
            auto run = [&](auto rounded) {
                using Kernel = any_embedding_lomo<W, T, decltype(rounded)::value>;
                bool aligned = all_aligned(weight, d_out) && hidden % Kernel::run == 0;
                Kernel kernel{pointer<W>(weight),
                              pointer<T>(d_out),
                              pointer<int32_t>(ids),
                              nullptr,
                              pointer<Control>(control),
                              tokens,
                              vocabulary,
                              hidden,
                              weight_decay,
                              max_value == 0 ? INFINITY : static_cast<float>(max_value),
                              static_cast<uint32_t>(tensor_index),
                              static_cast<uint64_t>(seed),
                              aligned};
                embedding_lomo(stream, kernel, sum_squares);
            };
            if (sizeof(W) == 2 && stochastic) {
                run(std::bool_constant<sizeof(W) == 2>());
            } else {
                run(std::false_type());
            }
        });
    });
    return OTTAVA_OK;
}

}  // namespace kernels
}  // namespace ottava
