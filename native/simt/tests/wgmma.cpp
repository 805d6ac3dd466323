// Bugs with products of a warpgroup.
#include "ptx/wgmma.cuh"
#include "bugs.h"
#include "ptx/mbarrier.cuh"
#include "ptx/tma.cuh"
#include "ptx/wgmma_products.cuh"

namespace ottava::bugs {

struct Case {
    int swizzle = 128;     // of the descriptors
    bool wait = true;      // before the sums are read
    bool keep = true;      // the operands until then
    bool overlap = false;  // a second product not yet waited for
    int step = 32;         // bytes of k between products
};

// One warpgroup: d[64, 64] = a[64, 64] · b[64, 64]ᵀ, a[i, k] = i % 7 - k % 5, b[j, k] = j % 5 + k % 4. Sums are exact.
static std::string product(Case c) {
    Buffer<bf16> a(64 * 64), b(64 * 64);
    Buffer<float> d(64 * 64);
    for (int i = 0; i < 64 * 64; i++) {
        a.data[i] = static_cast<float>(i / 64 % 7 - i % 64 % 5);
        b.data[i] = static_cast<float>(i / 64 % 5 + i % 64 % 4);
    }
    ptx::TensorMap map_a, map_b;
    std::string refused = simt::encode(map_a, a.data, 2, {64, 64}, {128}, {64, 64}, 128);
    refused += simt::encode(map_b, b.data, 2, {64, 64}, {128}, {64, 64}, 128);
    if (!refused.empty()) return refused;
    auto kernel = [=, pd = d.data] {
        OTTAVA_DYNAMIC_SHARED(bytes);
        OTTAVA_SHARED(uint64_t, full, 1);
        unsigned t = threadIdx.x;
        if (t == 0) {
            ptx::mbarrier_init(full, 1);
            ptx::fence_mbarrier_init();
            ptx::mbarrier_arrive_expect(full, 16384);
            ptx::tma_load_2d(bytes, &map_a, full, 0, 0);
            ptx::tma_load_2d(bytes + 8192, &map_b, full, 0, 0);
        }
        __syncthreads();
        ptx::mbarrier_wait(full, 0);
        float sums[32] = {};
        ptx::wgmma_fence();
        for (int k = 0; k < 4; k++)
            ptx::wgmma<bf16, bf16>(sums, ptx::wgmma_descriptor(bytes + k * c.step, c.swizzle, 1024),
                                   ptx::wgmma_descriptor(bytes + 8192 + k * c.step, c.swizzle, 1024), k > 0);
        ptx::wgmma_commit();
        if (c.wait && c.keep) {
            if (c.overlap) {
                ptx::wgmma_wait<1>();
            } else {
                ptx::wgmma_wait<0>();
            }
        }
        if (!c.keep) {
            __syncthreads();
            bytes[t] = 0;  // as a producer would that was told the slot is free
            __syncthreads();
            ptx::wgmma_wait<0>();
        }
        for (unsigned i = 0; i < 32; i++) pd[(t / 32 * 16 + t % 32 / 4 + i % 4 / 2 * 8) * 64 + i / 4 * 8 + t % 4 * 2 + i % 2] = sums[i];
        ptx::wgmma_wait<0>();
    };
    return check<float>({.name = "product", .block = {128}, .shared_bytes = 16384}, kernel, d, [&](int at) {
        float sum = 0;
        for (int k = 0; k < 64; k++) sum += a.data[at / 64 * 64 + k] * b.data[at % 64 * 64 + k];
        return sum;
    });
}

OTTAVA_BUG(wgmma_sums_read_before_the_wait) {
    return product({.wait = !WRONG});
}

OTTAVA_BUG(wgmma_waits_for_too_few_groups) {
    return product({.overlap = WRONG});
}

OTTAVA_BUG(wgmma_operand_overwritten_before_the_wait) {
    return product({.keep = !WRONG});
}

OTTAVA_BUG(wgmma_descriptor_with_another_swizzle) {
    return product({.swizzle = WRONG ? 64 : 128});
}

OTTAVA_BUG(wgmma_step_along_k_in_elements) {
    return product({.step = WRONG ? 16 : 32});
}

}  // namespace ottava::bugs
