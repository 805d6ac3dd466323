// Launches of the updates of parameters.
#pragma once

#include <math.h>

#include "elementwise.h"
#include "optimizer/kernels.h"

namespace ottava {

OTTAVA_OPTIMIZER_KERNELS(OTTAVA_NAME)

namespace kernels {

inline int clip_coefficient(int64_t stream, int64_t control, int64_t sums, int64_t count, double max_norm) {
    launch(stream, any_clip_coefficient{pointer<Control>(control), pointer<float>(sums), count, max_norm}, 1, 256);
    return OTTAVA_OK;
}

inline UpdateOptions update_options(int64_t control, int64_t count, double weight_decay, double max_value, int64_t seed,
                                    int64_t tensor_index, bool aligned) {
    return {pointer<Control>(control),
            count,
            weight_decay,
            max_value == 0 ? INFINITY : static_cast<float>(max_value),
            static_cast<uint64_t>(seed),
            static_cast<uint32_t>(tensor_index),
            aligned};
}

// Launches a kernel that takes a run of elements at a time, with partial sums for as many blocks where sum_squares is wanted: the kernel
// is made by make(partial).
template <class Make>
void launch_update(int64_t stream, const char* operation, int64_t count, int64_t sum_squares, Make make) {
    int64_t blocks = blocks_of_sums(count, update_run);
    Scratch scratch(stream, operation);
    double* partial = sum_squares == 0 ? nullptr : scratch.take<double>(blocks);
    launch(stream, make(partial), sum_squares == 0 ? blocks_of_runs(count, update_run) : blocks, 256);
    if (sum_squares != 0) finish_sum(stream, sum_squares, partial, blocks);
}

template <class W, class G, bool Stochastic>
void lomo(int64_t stream, int64_t weight, int64_t gradient, int64_t sum_squares, const UpdateOptions& options) {
    launch_update(stream, "lomo_update", options.count, sum_squares, [&](double* partial) {
        return any_lomo_update<W, G, Stochastic>{pointer<W>(weight), pointer<G>(gradient), partial, options};
    });
}

inline int lomo_update(int64_t stream, int64_t control, int weight_dtype, int64_t weight, int gradient_dtype, int64_t gradient,
                       int64_t count, double weight_decay, double max_value, int stochastic, int64_t seed, int64_t tensor_index,
                       int64_t sum_squares) {
    auto options = update_options(control, count, weight_decay, max_value, seed, tensor_index, all_aligned(weight, gradient));
    with_float_type(stream, "lomo_update", weight_dtype, [&](auto weight_type) {
        with_float_type(stream, "lomo_update", gradient_dtype, [&](auto gradient_type) {
            using W = decltype(weight_type);
            using G = decltype(gradient_type);
            constexpr bool rounded = sizeof(W) == 2;
            auto run = stochastic ? lomo<W, G, rounded> : lomo<W, G, false>;
            run(stream, weight, gradient, sum_squares, options);
        });
    });
    return OTTAVA_OK;
}

inline int adamw_update(int64_t stream, int64_t control, int weight_dtype, int64_t weight, int64_t low_bits, int64_t gradient,
                        int64_t first_moment, int64_t second_moment, int64_t count, double beta1, double beta2, double epsilon,
                        double weight_decay, double max_value, int64_t sum_squares) {
    if (weight_dtype != OTTAVA_F32 && weight_dtype != OTTAVA_BF16) refuse_dtype(stream, "adamw_update", weight_dtype);
    if (weight_dtype == OTTAVA_BF16 && low_bits == 0)
        fail(OTTAVA_INVALID_ARGUMENT, "adamw_update on %s: a bf16 weight needs its low_bits", device_of(stream).properties["name"].c_str());
    bool aligned = all_aligned(weight, low_bits, gradient, first_moment, second_moment);
    auto options = update_options(control, count, weight_decay, max_value, 0, 0, aligned);
    auto update = [&](auto w) {
        launch_update(stream, "adamw_update", count, sum_squares, [&](double* partial) {
            return any_adamw_update<decltype(w)>{w,
                                                 pointer<float>(gradient),
                                                 pointer<float>(first_moment),
                                                 pointer<float>(second_moment),
                                                 partial,
                                                 beta1,
                                                 beta2,
                                                 static_cast<float>(epsilon),
                                                 options};
        });
    };
    if (weight_dtype == OTTAVA_F32) {
        update(FullWeight{pointer<float>(weight)});
    } else {
        update(SplitWeight{pointer<bf16>(weight), pointer<bf16>(low_bits)});
    }
    return OTTAVA_OK;
}

}  // namespace kernels
}  // namespace ottava
