// The sm_90a kernels of the FP8 product: tensor maps, grid, and the instantiation for types and tile. A source of its own, as there are
// many.
#include "../gemm/sm90_kernels.h"
#include "gemm_fp8.h"
#include "gemm_fp8_parameters.h"

namespace ottava {

OTTAVA_GEMM_SM90_KERNELS(OTTAVA_NAME)

namespace {

Sm90Store epilogue_of(const Fp8Product& product, const Fp8Stored& result) {
    bool f32 = result.dtype == OTTAVA_F32;
    Sm90Store epilogue{};
    epilogue.result = store_result(product, result);
    epilogue.is_f32 = f32;
    epilogue.by_tma = !f32 && result.d % 16 == 0 && result.pitch % 8 == 0;
    if (epilogue.by_tma)
        kernel_device(product.stream).encode(epilogue.map, {result.d, 2, {product.n, product.m}, {2 * result.pitch}, {64, 16}, 128});
    return epilogue;
}

Sm90Quantize epilogue_of(const Fp8Product& product, const Fp8Quantized& result) {
    Sm90Quantize epilogue{};
    epilogue.result = quantize_result(product, result);
    kernel_device(product.stream)
        .encode(epilogue.map, {result.codes, 1, {ceil_div(product.n, 16) * 16, product.m}, {result.pitch}, {128, 16}, 128});
    return epilogue;
}

template <class A, class B, int TILE, bool promoted, class Epilogue>
void launch_kernel(const Fp8Product& product, const Sm90Plan& plan, const Epilogue& epilogue) {
    constexpr Sm90TileCost cost = sm90_tiles[TILE];
    if constexpr ((promoted ? cost.promoted : cost.fast) && (cost.quantized || std::is_same_v<Epilogue, Sm90Store>)) {
        using Kernel = sm90_fp8_gemm<A, B, Sm90Tile<cost.rows, cost.columns>, promoted, Epilogue>;
        KernelDevice& device = kernel_device(product.stream);
        bool share_a = plan.shared == OTTAVA_SHARE_A, share_b = plan.shared == OTTAVA_SHARE_B;
        auto encode = [&](ptx::TensorMap& map, const Fp8Operand& x, int rows) {
            device.encode(map, {x.codes, 1, {product.k, x.rows}, {x.pitch}, {128, rows}, 128});
        };
        Kernel kernel{};
        encode(kernel.a_map, product.a, share_a ? cost.rows / 2 : cost.rows);
        encode(kernel.b_map, product.b, share_b ? cost.columns / 2 : cost.columns);
        kernel.a_scales = scales_of(product.a);
        kernel.b_scales = scales_of(product.b);
        kernel.order = {static_cast<int>(ceil_div(product.m, cost.rows * (share_b ? 2 : 1))),
                        static_cast<int>(ceil_div(product.n, cost.columns * (share_a ? 2 : 1))), plan.group};
        kernel.steps = static_cast<int>(ceil_div(product.k, 128));
        kernel.shared = plan.shared;
        kernel.epilogue = epilogue;
        launch(product.stream, kernel, plan.blocks, Kernel::threads, Kernel::shared_bytes, plan.shared ? 2 : 1);
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
