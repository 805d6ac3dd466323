// The kernels of the family, by their names in the cubin.
#pragma once

#include "any_adalomo.cuh"
#include "any_adalomo_matrix.cuh"
#include "any_adamw.cuh"
#include "any_lomo_fp8.cuh"
#include "any_update.cuh"

#define OTTAVA_OPTIMIZER_KERNELS(X)                                                                   \
    X(any_add_loss, any_add_loss)                                                                     \
    X(any_clip_coefficient, any_clip_coefficient)                                                     \
    X(any_finish_sums, any_finish_sums)                                                               \
    X(any_lomo_update_f32_f32, any_lomo_update<float, float, false>)                                  \
    X(any_lomo_update_f32_bf16, any_lomo_update<float, bf16, false>)                                  \
    X(any_lomo_update_bf16_f32, any_lomo_update<bf16, float, false>)                                  \
    X(any_lomo_update_bf16_bf16, any_lomo_update<bf16, bf16, false>)                                  \
    X(any_lomo_update_stochastic_bf16_f32, any_lomo_update<bf16, float, true>)                        \
    X(any_lomo_update_stochastic_bf16_bf16, any_lomo_update<bf16, bf16, true>)                        \
    X(any_lomo_update_fp8_f32, any_lomo_update_fp8<float>)                                            \
    X(any_lomo_update_fp8_bf16, any_lomo_update_fp8<bf16>)                                            \
    X(any_adamw_update_f32_f32_f32, any_adamw_update<FullWeight, PlainMoments<float>, float>)         \
    X(any_adamw_update_f32_f32_bf16, any_adamw_update<FullWeight, PlainMoments<float>, bf16>)         \
    X(any_adamw_update_f32_bf16_f32, any_adamw_update<FullWeight, PlainMoments<bf16>, float>)         \
    X(any_adamw_update_f32_bf16_bf16, any_adamw_update<FullWeight, PlainMoments<bf16>, bf16>)         \
    X(any_adamw_update_f32_e4m3_f32, any_adamw_update<FullWeight, CoatMoments, float>)                \
    X(any_adamw_update_f32_e4m3_bf16, any_adamw_update<FullWeight, CoatMoments, bf16>)                \
    X(any_adamw_update_bf16_f32_f32, any_adamw_update<RoundedWeight, PlainMoments<float>, float>)     \
    X(any_adamw_update_bf16_f32_bf16, any_adamw_update<RoundedWeight, PlainMoments<float>, bf16>)     \
    X(any_adamw_update_bf16_bf16_f32, any_adamw_update<RoundedWeight, PlainMoments<bf16>, float>)     \
    X(any_adamw_update_bf16_bf16_bf16, any_adamw_update<RoundedWeight, PlainMoments<bf16>, bf16>)     \
    X(any_adamw_update_bf16_e4m3_f32, any_adamw_update<RoundedWeight, CoatMoments, float>)            \
    X(any_adamw_update_bf16_e4m3_bf16, any_adamw_update<RoundedWeight, CoatMoments, bf16>)            \
    X(any_adamw_update_split_bf16_f32_f32, any_adamw_update<SplitWeight, PlainMoments<float>, float>) \
    X(any_adamw_update_split_bf16_f32_bf16, any_adamw_update<SplitWeight, PlainMoments<float>, bf16>) \
    X(any_adamw_update_split_bf16_bf16_f32, any_adamw_update<SplitWeight, PlainMoments<bf16>, float>) \
    X(any_adamw_update_split_bf16_bf16_bf16, any_adamw_update<SplitWeight, PlainMoments<bf16>, bf16>) \
    X(any_adamw_update_split_bf16_e4m3_f32, any_adamw_update<SplitWeight, CoatMoments, float>)        \
    X(any_adamw_update_split_bf16_e4m3_bf16, any_adamw_update<SplitWeight, CoatMoments, bf16>)        \
    X(any_adalomo_step, any_adalomo_step)                                                             \
    X(any_adalomo_measure_vectors_f32, any_adalomo_measure_vectors<float>)                            \
    X(any_adalomo_measure_vectors_bf16, any_adalomo_measure_vectors<bf16>)                            \
    X(any_adalomo_apply_vectors_f32, any_adalomo_apply_vectors<float, false>)                         \
    X(any_adalomo_apply_vectors_bf16, any_adalomo_apply_vectors<bf16, false>)                         \
    X(any_adalomo_apply_vectors_stochastic_bf16, any_adalomo_apply_vectors<bf16, true>)               \
    X(any_adalomo_measure_f32, any_adalomo_measure<float>)                                            \
    X(any_adalomo_measure_bf16, any_adalomo_measure<bf16>)                                            \
    X(any_adalomo_rows, any_adalomo_rows)                                                             \
    X(any_adalomo_factors, any_adalomo_factors)                                                       \
    X(any_adalomo_measure_u, any_adalomo_measure_u)                                                   \
    X(any_adalomo_apply_f32, any_adalomo_apply<float, false>)                                         \
    X(any_adalomo_apply_bf16, any_adalomo_apply<bf16, false>)                                         \
    X(any_adalomo_apply_stochastic_bf16, any_adalomo_apply<bf16, true>)
