// Bugs with shuffles, votes and tensor cores.
#include "bugs.h"
#include "ptx/ldmatrix.cuh"
#include "ptx/mma.cuh"
#include "ptx/warp.cuh"

namespace ottava::bugs {

OTTAVA_BUG(shuffle_that_half_the_warp_does_not_reach) {
    Buffer<float> y(32);
    auto kernel = [py = y.data] {
        unsigned i = threadIdx.x;
        float v = static_cast<float>(i);
        if (!WRONG || i < 16) v = __shfl_xor_sync(0xffffffffu, v, 1);
        py[i] = v;
    };
    return check<float>({.name = "exchange", .block = {32}}, kernel, y, [](int i) { return static_cast<float>(i ^ 1); });
}

OTTAVA_BUG(shuffle_from_a_lane_outside_the_mask) {
    Buffer<float> y(16);
    auto kernel = [py = y.data] {
        unsigned i = threadIdx.x;
        if (i < 16) py[i] = __shfl_xor_sync(0xffffu, static_cast<float>(i), WRONG ? 16 : 8);
    };
    return check<float>({.name = "exchange", .block = {32}}, kernel, y, [](int i) { return static_cast<float>(i ^ 8); });
}

OTTAVA_BUG(lane_not_in_its_own_mask) {
    Buffer<float> y(32);
    auto kernel = [py = y.data] {
        unsigned i = threadIdx.x;
        py[i] = static_cast<float>(__ballot_sync(WRONG ? 0xffffu : 0xffffffffu, i == 3));
    };
    return check<float>({.name = "ballot", .block = {32}}, kernel, y, [](int) { return 8.0f; });
}

OTTAVA_BUG(divergent_warp) {
    Buffer<float> y(32);
    auto kernel = [py = y.data] {
        unsigned i = threadIdx.x;
        float v = static_cast<float>(i);
        if (WRONG && i >= 16) {
            v = __shfl_down_sync(0xffffffffu, v, 1);
        } else {
            v = __shfl_xor_sync(0xffffffffu, v, 1);
        }
        py[i] = v;
    };
    return check<float>({.name = "exchange", .block = {32}}, kernel, y, [](int i) { return static_cast<float>(i ^ 1); });
}

OTTAVA_BUG(reduction_of_a_warp_that_is_not_full) {
    Buffer<float> y(1);
    auto kernel = [py = y.data] {
        float v = 1;
        for (int offset = WRONG ? 16 : 8; offset > 0; offset /= 2)
            v += __shfl_down_sync(WRONG ? 0xffffffffu : 0xffffu, v, offset, WRONG ? 32 : 16);
        if (threadIdx.x == 0) *py = v;
    };
    return check<float>({.name = "reduce", .block = {16}}, kernel, y, [](int) { return 16.0f; });
}

// One warp: d[16, 8] = a[16, 16] · b[8, 16]ᵀ from shared memory with rows of `pitch` elements. a[i, k] = i + 2k, b[j, k] = j - k.
static std::string multiply(int pitch, bool exchange, bool transposed, unsigned threads) {
    Buffer<float> d(128);
    auto kernel = [=, pd = d.data] {
        OTTAVA_SHARED(bf16, a, 16 * 24);
        OTTAVA_SHARED(bf16, b, 8 * 24);
        unsigned l = threadIdx.x % 32;
        for (unsigned i = l; i < 256; i += 32) a[i / 16 * pitch + i % 16] = static_cast<float>(i / 16 + 2 * (i % 16));
        for (unsigned i = l; i < 128; i += 32) b[i / 16 * pitch + i % 16] = static_cast<float>(i / 16) - static_cast<float>(i % 16);
        __syncwarp();
        if (threadIdx.x >= threads) return;
        float sums[4] = {};
        uint32_t fa[4], fb[2];
        const bf16* row = a + l % 16 * pitch + l / 16 * 8;
        if (transposed) {
            ptx::ldmatrix_x4_transposed(fa, row);
        } else {
            ptx::ldmatrix_x4(fa, row);
        }
        ptx::ldmatrix_x2(fb, b + l % 8 * pitch + l / 8 % 2 * 8);
        if (exchange) std::swap(fa[1], fa[2]);
        ptx::mma_m16n8k16_bf16(sums, fa, fb);
        for (unsigned r = 0; r < 4; r++) pd[(l / 4 + r / 2 * 8) * 8 + l % 4 * 2 + r % 2] = sums[r];
    };
    return check<float>({.name = "multiply", .block = {32}}, kernel, d, [](int at) {
        float sum = 0;
        for (int k = 0; k < 16; k++) sum += static_cast<float>(at / 8 + 2 * k) * static_cast<float>(at % 8 - k);
        return sum;
    });
}

OTTAVA_BUG(mma_fragments_exchanged) {
    return multiply(24, WRONG, false, 32);
}

OTTAVA_BUG(ldmatrix_transposed_by_mistake) {
    return multiply(24, false, WRONG, 32);
}

OTTAVA_BUG(ldmatrix_rows_not_aligned) {
    return multiply(WRONG ? 18 : 24, false, false, 32);
}

OTTAVA_BUG(mma_by_half_a_warp) {
    return multiply(24, false, false, WRONG ? 16 : 32);
}

// Two warpgroups: one gives registers, the other takes them.
OTTAVA_BUG(setmaxnreg_takes_more_than_was_given) {
    Buffer<float> y(256);
    auto kernel = [py = y.data] {
        if (threadIdx.x < 128) {
            ptx::setmaxnreg_decrease<WRONG ? 120 : 64>();
        } else {
            ptx::setmaxnreg_increase<192>();
        }
        py[threadIdx.x] = 1;
    };
    return check<float>({.name = "roles", .block = {256}, .registers = 128}, kernel, y, [](int) { return 1.0f; });
}

}  // namespace ottava::bugs
