// The portable kernel of the FP8 product: grid, and the instantiation for the types of its operands.
#include "gemm.h"
#include "gemm_fp8_parameters.h"

namespace ottava {

namespace {

template <class A, class B, class Epilogue>
void launch_kernel(const Fp8Product& product, const Epilogue& epilogue) {
    using Kernel = any_fp8_gemm<A, B, Epilogue>;
    Kernel kernel{{pointer<const A>(product.a.codes), product.a.pitch, product.m},
                  {pointer<const B>(product.b.codes), product.b.pitch, product.n},
                  scales_of(product.a),
                  scales_of(product.b),
                  product.k,
                  epilogue,
                  kernel_device(product.stream).architecture};
    launch(product.stream, kernel, ceil_div(product.m, Kernel::tile) * ceil_div(product.n, Kernel::tile), Kernel::threads);
}

template <class Epilogue>
void choose(const Fp8Product& product, const Epilogue& epilogue) {
    if (product.a.dtype == OTTAVA_E5M2) {
        launch_kernel<e5m2, e4m3>(product, epilogue);
    } else if (product.b.dtype == OTTAVA_E5M2) {
        launch_kernel<e4m3, e5m2>(product, epilogue);
    } else {
        launch_kernel<e4m3, e4m3>(product, epilogue);
    }
}

}  // namespace

void any_gemm_fp8(const Fp8Product& product, const Fp8Stored& result) {
    choose(product, AnyStore{store_result(product, result), result.dtype == OTTAVA_F32});
}

void any_gemm_fp8(const Fp8Product& product, const Fp8Quantized& result) {
    choose(product, AnyQuantize{quantize_result(product, result), pointer<uint8_t>(result.codes), result.pitch});
}

void any_gemm_fp8(const Fp8Product& product, const Fp8Lomo& lomo) {
    if (lomo.fp8_weight) {
        launch_kernel<e5m2, e4m3>(product, AnyLomo<LomoQuantize>{{lomo.result}});
    } else {
        launch_kernel<e5m2, e4m3>(product, AnyLomo<LomoStore>{{lomo.result}});
    }
}

}  // namespace ottava
