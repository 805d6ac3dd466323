// Launches of LOMO fused with the product that makes the gradient, and of the update of an FP8 weight. abi/check_fused_lomo.h has checked
// the weight.
#pragma once

#include "gemm.h"
#include "gemm_fp8.h"
#include "optimizer.h"

namespace ottava {

namespace kernels {

struct LomoArguments {
    int64_t control;
    int weight_dtype;
    int64_t weight, pitch, scales;
    int power_of_two;
    int64_t first_row, rows, columns;
    double weight_decay, max_value;
    int stochastic;
    int64_t seed, tensor_index;
};

inline LomoResult lomo_result(const LomoArguments& x, double* partial) {
    int64_t pair_bytes = x.weight_dtype == OTTAVA_F32 ? 8 : 4;
    LomoResult result{};
    result.control = pointer<Control>(x.control);
    result.weight = pointer<void>(x.weight);
    result.pitch = x.pitch;
    result.rows = static_cast<int>(x.rows);
    result.columns = static_cast<int>(x.columns);
    result.stochastic = x.stochastic != 0;
    result.is_f32 = x.weight_dtype == OTTAVA_F32;
    result.in_pairs = x.weight % pair_bytes == 0 && x.pitch % 2 == 0;
    result.scales = pointer<float>(x.scales);
    result.power_of_two = x.power_of_two != 0;
    result.partial = partial;
    result.numbers = {x.first_row * x.columns, static_cast<int>(x.columns)};
    result.weight_decay = x.weight_decay;
    result.max_value = x.max_value == 0 ? INFINITY : static_cast<float>(x.max_value);
    result.seed = static_cast<uint64_t>(x.seed);
    result.tensor = static_cast<uint32_t>(x.tensor_index);
    return result;
}

// The product is launched by launch_with(result, whether the weight is of FP8), with room for `sums` partial sums of squares.
template <class LaunchWith>
void launch_lomo(int64_t stream, const char* operation, const LomoArguments& x, int64_t sum_squares, int64_t sums, LaunchWith launch_with) {
    if (x.rows == 0 || x.columns == 0) sums = 0;
    if (sum_squares == 0 && (x.weight == 0 || sums == 0)) return;
    Scratch scratch(stream, operation);
    double* partial = sum_squares == 0 ? nullptr : scratch.take<double>(sums);
    if (sums > 0) launch_with(lomo_result(x, partial), x.weight != 0 && x.weight_dtype == OTTAVA_E4M3);
    if (sum_squares != 0) finish_sum(stream, sum_squares, partial, sums);
}

inline int gemm_lomo(int64_t stream, int64_t control, int weight_dtype, int64_t weight, int64_t weight_pitch, int64_t weight_scales,
                     int power_of_two, int64_t first_row, int operand_dtype, int64_t a, int64_t a_pitch, int64_t b, int64_t b_pitch,
                     int64_t m, int64_t n, int64_t k, double weight_decay, double max_value, int stochastic, int64_t seed,
                     int64_t tensor_index, int64_t sum_squares) {
    constexpr int64_t tile = 128;
    int64_t tiles = ceil_div(m, tile) * ceil_div(n, tile);
    LomoArguments arguments{control, weight_dtype, weight,    weight_pitch, weight_scales, power_of_two, first_row, m,
                            n,       weight_decay, max_value, stochastic,   seed,          tensor_index};
    Bf16Product product{stream, {a, a_pitch, true}, {b, b_pitch, true}, m, n, k};
    if (operand_dtype == OTTAVA_BF16 && sm90_takes(product)) {
        launch_lomo(stream, "gemm_lomo", arguments, sum_squares, ceil_div(m, 16) * ceil_div(n, 128),
                    [&](const LomoResult& result, bool fp8_weight) {
                        sm90_gemm_bf16(product, Bf16Lomo{result, fp8_weight}, sm90_plan(sm90_shape(product, fp8_weight)));
                    });
        return OTTAVA_OK;
    }
    launch_lomo(stream, "gemm_lomo", arguments, sum_squares, tiles, [&](const LomoResult& result, bool fp8_weight) {
        auto run = [&](auto element, auto kernel) {
            using T = decltype(element);
            using Kernel = typename decltype(kernel)::type;
            static_assert(Kernel::tile == tile);
            launch(stream, Kernel{gemm_operand<T>(a, a_pitch, true, m, k), gemm_operand<T>(b, b_pitch, true, n, k), {{result}, m, n}, k},
                   tiles, Kernel::threads);
        };
        auto of_weight = [&](auto to) {
            using Result = typename decltype(to)::type;
            if (operand_dtype == OTTAVA_F32) return run(float{}, std::common_type<any_gemm_f32<Result, true, true>>{});
            run(bf16{}, std::common_type<any_gemm_bf16<Result, true, true>>{});
        };
        fp8_weight ? of_weight(std::common_type<LomoGemmResult<LomoQuantize>>{}) : of_weight(std::common_type<LomoGemmResult<LomoStore>>{});
    });
    return OTTAVA_OK;
}

inline int gemm_fp8_lomo(int64_t stream, int64_t control, int weight_dtype, int64_t weight, int64_t weight_pitch, int64_t weight_scales,
                         int power_of_two, int64_t first_row, int64_t a, int64_t a_pitch, int64_t a_scales, int64_t a_scale_row_stride,
                         int64_t a_scale_k_stride, int64_t b, int64_t b_pitch, int64_t b_scales, int64_t b_scale_row_stride,
                         int64_t b_scale_k_stride, int64_t m, int64_t n, int64_t k, double weight_decay, double max_value, int stochastic,
                         int64_t seed, int64_t tensor_index, int64_t sum_squares) {
    Fp8Product product{stream,
                       {OTTAVA_E5M2, a, a_pitch, m, a_scales, a_scale_row_stride, a_scale_k_stride},
                       {OTTAVA_E4M3, b, b_pitch, n, b_scales, b_scale_row_stride, b_scale_k_stride},
                       m,
                       n,
                       k,
                       true};
    LomoArguments arguments{control, weight_dtype, weight,    weight_pitch, weight_scales, power_of_two, first_row, m,
                            n,       weight_decay, max_value, stochastic,   seed,          tensor_index};
    launch_lomo(stream, "gemm_fp8_lomo", arguments, sum_squares, ceil_div(m, 16) * ceil_div(n, 128),
                [&](const LomoResult& result, bool fp8_weight) {
                    run_gemm_fp8(product, Fp8Lomo{result, fp8_weight});
                });
    return OTTAVA_OK;
}

inline int lomo_update_fp8(int64_t stream, int64_t control, int64_t weight, int64_t weight_pitch, int64_t weight_scales, int power_of_two,
                           int gradient_dtype, int64_t gradient, int64_t rows, int64_t columns, double weight_decay, double max_value,
                           int stochastic, int64_t seed, int64_t tensor_index, int64_t sum_squares) {
    int64_t blocks = ceil_div(rows, 128) * ceil_div(columns, 128);
    auto options = update_options(control, max_value, seed);
    bool aligned = all_aligned(gradient) && columns % update_run == 0;
    Scratch scratch(stream, "lomo_update_fp8");
    if (sum_squares != 0) options.partial = scratch.take<double>(blocks);
    with_float_type(stream, "lomo_update_fp8", gradient_dtype, [&](auto type) {
        using G = decltype(type);
        launch(stream,
               any_lomo_update_fp8<G>{pointer<uint8_t>(weight), weight_pitch, pointer<float>(weight_scales), pointer<const G>(gradient),
                                      rows, columns, weight_decay, static_cast<uint32_t>(tensor_index), stochastic != 0, power_of_two != 0,
                                      aligned, options},
               blocks, any_lomo_update_fp8<G>::threads);
    });
    if (sum_squares != 0) finish_sum(stream, sum_squares, options.partial, blocks);
    return OTTAVA_OK;
}

}  // namespace kernels
}  // namespace ottava
