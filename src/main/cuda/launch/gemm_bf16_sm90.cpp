// The sm_90a kernels of the product of BF16 operands: the instantiation for how the operands lie, tile and result.
#include "gemm_bf16.h"

#include "gemm_sm90.h"

namespace ottava {

namespace {

using Along = Sm90Operand<bf16, ptx::Major::K>;
using Across = Sm90Operand<bf16, ptx::Major::MN>;

template <class A, class B, int TILE, class Epilogue>
void launch_kernel(const Bf16Product& product, const Sm90Plan& plan, const Epilogue& epilogue) {
    Sm90Matrix a{product.a.address, 2 * product.a.pitch, product.m}, b{product.b.address, 2 * product.b.pitch, product.n};
    launch_sm90(product.stream, sm90_kernel<A, B, TILE, false>(product.stream, a, b, product.k, plan, epilogue), plan);
}

template <class A, class B, class Epilogue>
void choose_tile(const Bf16Product& product, const Sm90Plan& plan, const Epilogue& epilogue) {
    if (plan.tile == OTTAVA_TILE_128x128) return launch_kernel<A, B, OTTAVA_TILE_128x128>(product, plan, epilogue);
    if constexpr (!std::is_same_v<Epilogue, Sm90LomoQuantize>)
        if (plan.tile == OTTAVA_TILE_128x256) return launch_kernel<A, B, OTTAVA_TILE_128x256>(product, plan, epilogue);
    fail(OTTAVA_INVALID_ARGUMENT, "gemm of bf16: there is no kernel of tile %d for this product", plan.tile);
}

}  // namespace

void sm90_gemm_bf16(const Bf16Product& product, const Bf16Stored& result, const Sm90Plan& plan) {
    bool f32 = result.dtype == OTTAVA_F32;
    bool in_pairs = result.d % (f32 ? 8 : 4) == 0 && result.pitch % 2 == 0;
    void* d = pointer<void>(result.d);
    Sm90Store epilogue = sm90_store(product.stream,
                                    {static_cast<int>(product.m), static_cast<int>(product.n), pointer<const void>(result.bias), false,
                                     result.accumulate ? d : nullptr, result.pitch, in_pairs, d, result.pitch, in_pairs, nullptr},
                                    f32);
    if (product.a.transposed) {
        choose_tile<Across, Across>(product, plan, epilogue);
    } else if (product.b.transposed) {
        choose_tile<Along, Across>(product, plan, epilogue);
    } else {
        choose_tile<Along, Along>(product, plan, epilogue);
    }
}

void sm90_gemm_bf16(const Bf16Product& product, const Bf16Lomo& lomo, const Sm90Plan& plan) {
    if (lomo.fp8_weight) {
        choose_tile<Across, Across>(product, plan, Sm90LomoQuantize{lomo.result});
    } else {
        choose_tile<Across, Across>(product, plan, Sm90Lomo{lomo.result});
    }
}

}  // namespace ottava
