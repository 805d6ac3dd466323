// The sm_90a kernels of the FP8 product: the instantiation for types and tile. A source of its own, as there are many.
#include "gemm_fp8.h"
#include "gemm_fp8_parameters.h"
#include "gemm_sm90.h"

namespace ottava {

namespace {

Sm90Store epilogue_of(const Fp8Product& product, const Fp8Stored& result) {
    return sm90_store(product.stream, store_result(product, result), result.dtype == OTTAVA_F32);
}

Sm90Quantize epilogue_of(const Fp8Product& product, const Fp8Quantized& result) {
    Sm90Quantize epilogue{};
    epilogue.result = quantize_result(product, result);
    kernel_device(product.stream)
        .encode(epilogue.map, {result.codes, 1, {ceil_div(product.n, 16) * 16, product.m}, {result.pitch}, {128, 16}, 128});
    return epilogue;
}

Sm90Matrix matrix(const Fp8Operand& x) {
    return {x.codes, x.pitch, x.rows};
}

template <class A, class B, int TILE, bool promoted, class Epilogue>
void launch_kernel(const Fp8Product& product, const Sm90Plan& plan, const Epilogue& epilogue) {
    constexpr Sm90TileCost cost = sm90_tiles[TILE];
    if constexpr ((promoted ? cost.promoted : cost.fast) && (cost.quantized || std::is_same_v<Epilogue, Sm90Store>)) {
        auto kernel = sm90_kernel<Sm90Operand<A>, Sm90Operand<B>, TILE, promoted>(product.stream, matrix(product.a), matrix(product.b),
                                                                                  product.k, plan, epilogue);
        kernel.a_scales = scales_of(product.a);
        kernel.b_scales = scales_of(product.b);
        launch_sm90(product.stream, kernel, plan);
    } else {
        fail(OTTAVA_INVALID_ARGUMENT, "gemm_fp8: there is no kernel of the tile %d x %d for this product", cost.rows, cost.columns);
    }
}

template <class A, class B, bool promoted, class Epilogue>
void choose_tile(const Fp8Product& product, const Sm90Plan& plan, const Epilogue& epilogue) {
    switch (plan.tile) {
        case OTTAVA_TILE_64x64: return launch_kernel<A, B, OTTAVA_TILE_64x64, promoted>(product, plan, epilogue);
        case OTTAVA_TILE_128x128: return launch_kernel<A, B, OTTAVA_TILE_128x128, promoted>(product, plan, epilogue);
        case OTTAVA_TILE_128x192: return launch_kernel<A, B, OTTAVA_TILE_128x192, promoted>(product, plan, epilogue);
        case OTTAVA_TILE_256x128: return launch_kernel<A, B, OTTAVA_TILE_256x128, promoted>(product, plan, epilogue);
        case OTTAVA_TILE_128x256: return launch_kernel<A, B, OTTAVA_TILE_128x256, promoted>(product, plan, epilogue);
    }
}

template <class A, class B, class Epilogue>
void choose_sums(const Fp8Product& product, const Sm90Plan& plan, const Epilogue& epilogue) {
    if (product.promoted()) {
        choose_tile<A, B, true>(product, plan, epilogue);
    } else {
        choose_tile<A, B, false>(product, plan, epilogue);
    }
}

template <class Result>
void choose(const Fp8Product& product, const Result& result, const Sm90Plan& plan) {
    auto epilogue = epilogue_of(product, result);
    if (product.a.dtype == OTTAVA_E5M2) {
        choose_sums<e5m2, e4m3>(product, plan, epilogue);
    } else if (product.b.dtype == OTTAVA_E5M2) {
        choose_sums<e4m3, e5m2>(product, plan, epilogue);
    } else {
        choose_sums<e4m3, e4m3>(product, plan, epilogue);
    }
}

}  // namespace

void sm90_gemm_fp8(const Fp8Product& product, const Fp8Lomo& lomo, const Sm90Plan& plan) {
    if (lomo.fp8_weight) {
        choose_tile<e5m2, e4m3, true>(product, plan, Sm90LomoQuantize{lomo.result});
    } else {
        choose_tile<e5m2, e4m3, true>(product, plan, Sm90Lomo{lomo.result});
    }
}

void sm90_gemm_fp8(const Fp8Product& product, const Fp8Stored& result, const Sm90Plan& plan) {
    choose(product, result, plan);
}

void sm90_gemm_fp8(const Fp8Product& product, const Fp8Quantized& result, const Sm90Plan& plan) {
    choose(product, result, plan);
}

}  // namespace ottava
