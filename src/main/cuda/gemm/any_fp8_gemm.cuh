// The product of FP8 operands by mma.sync, as native/include/ottava/gemm.h defines it: the portable kernel, for what is not sm_90a.
//
// Block: 8 warps, a tile of 128 x 128 of D; a warp has 16 x 128 of it, which is how wgmma hands out its sums, so that epilogues are shared
// with sm_90a: 64 registers for the sums of a K-block and 64 for the whole. Grid: tiles, flat, the columns of D fastest. Shared memory: two
// stages of 64 of the depth, 32 KiB, filled by cp.async; chunks of 16 bytes are swizzled against bank conflicts. After each K-block of 128
// its sums, times the product of its two scales, are added to the whole: tiles lie within blocks of scales, so that this is one number.
//
// sm_89 multiplies FP8. sm_80 widens both fragments to BF16, which is exact: the four neighbours along k of a register become a pair of
// each half of the depth of two products, in A and B alike, so that the same products are summed in another order.
#pragma once

#include "../common/elements.cuh"
#include "../ptx/cp_async.cuh"
#include "../ptx/ldmatrix.cuh"
#include "../ptx/mma.cuh"
#include "epilogue.cuh"
#include "fp8_scales.cuh"

namespace ottava {

// [rows, k], rows `pitch` apart.
template <class F>
struct Fp8Codes {
    const F* codes;
    int64_t pitch, rows;
};

// The F32 of the code in the lowest byte, of which BF16 is the upper half. The bits of a code, moved to where F32 has exponent and
// significand, are its value but for the bias of the exponent, in subnormals too: a power of two away.
template <class F>
__device__ __forceinline__ uint32_t widen(uint32_t code) {
    constexpr bool is_e4m3 = ptx::is_same<F, e4m3>;
    uint32_t rest = code & 0x7fu, value = float_to_bits(bits_to_float(rest << (is_e4m3 ? 20 : 21)) * (is_e4m3 ? 0x1p120f : 0x1p112f));
    if (rest > (is_e4m3 ? 0x7eu : 0x7bu)) value |= 0x7f800000u;
    return value | (code & 0x80u) << 24;
}

// Two registers of BF16 pairs from one of four codes: the first two, and the last two.
template <class F>
__device__ __forceinline__ uint2 widen_four(uint32_t codes) {
    auto pair = [](uint32_t low, uint32_t high) { return low >> 16 | high; };
    return make_uint2(pair(widen<F>(codes), widen<F>(codes >> 8)), pair(widen<F>(codes >> 16), widen<F>(codes >> 24)));
}

// D in F32 or BF16.
struct AnyStore {
    StoreResult result;
    bool is_f32;

    template <int COUNT>
    __device__ __forceinline__ void finish(float (&x)[COUNT], FragmentPlace place) const {
        if (is_f32) {
            result.template finish<float>(x, 1.0f, place);
            result.template store<float>(x, place);
        } else {
            result.template finish<bf16>(x, 1.0f, place);
            result.template store<bf16>(x, place);
        }
    }
};

// D in FP8: rows of codes are filled up with zeros to a multiple of 16. The block of threads has one block of 128 x 128 of D.
struct AnyQuantize {
    QuantizeResult result;
    uint8_t* codes;
    int64_t pitch;

    template <int COUNT>
    __device__ __forceinline__ void finish(float (&x)[COUNT], FragmentPlace place) const {
        result.finish(x, 1.0f, place);
        float scale = 1.0f;
        if (!result.groups) {
            uint32_t largest = 0;
#pragma unroll
            for (int i = 0; i < COUNT; i++) largest = Maximum()(largest, magnitude_bits(x[i]));
            largest = block_reduce<Maximum>(largest, 0u);
            scale = result.block_scale(largest, place.row, place.column, threadIdx.x == 0);
        }
        ExactDivision divided(scale);
        int filled_up = (result.columns + 15) / 16 * 16;
#pragma unroll
        for (int h = 0; h < 2; h++)
#pragma unroll
            for (int j = 0; j < COUNT / 4; j++) {
                if (result.groups && j % 2 == 0) divided = ExactDivision(result.group_scale(x, j, h, place));
                uint16_t pair = result.codes(x, j, h, divided, place);
                if (place.has_row(h) && place.column + 8 * j < filled_up) *reinterpret_cast<uint16_t*>(place.at(codes, pitch, j, h)) = pair;
            }
    }
};

template <class A, class B, class Epilogue>
struct any_fp8_gemm {
    static constexpr int threads = 256;
    static constexpr int tile = 128;
    static constexpr int scale_block = 128;
    static constexpr int depth = 64;
    static constexpr int stage_bytes = tile * depth;
    // sm_90a converts FP8 for mma.sync, in registers that are not there twice. (What runs on it is the kernel of sm_90a.)
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ == 900
    static constexpr int chunks_at_once = 1;
#else
    static constexpr int chunks_at_once = 2;
#endif

    Fp8Codes<A> a;
    Fp8Codes<B> b;
    Fp8Scales a_scales, b_scales;
    int64_t k;
    Epilogue epilogue;
    int architecture;

    // Where a chunk of a row of a tile lies.
    __device__ __forceinline__ static int at(int row, int chunk) {
        return row * depth + (chunk ^ (row / 2 % 4)) * 16;
    }

    template <class F>
    __device__ __forceinline__ void load(unsigned char* stage, const Fp8Codes<F>& x, int64_t first, int64_t k_first) const {
#pragma unroll
        for (int i = threadIdx.x; i < tile * depth / 16; i += threads) {
            int row = i / (depth / 16), chunk = i % (depth / 16);
            int64_t k_at = k_first + chunk * 16;
            bool inside = first + row < x.rows && k_at < k;
            ptx::cp_async_16(stage + at(row, chunk), x.codes + (inside ? (first + row) * x.pitch + k_at : 0), inside ? 16 : 0);
        }
    }

    // Four registers of 16 rows from `first` and 32 of the depth: rows 0-7, 8-15, then the same of the other half of the depth.
    __device__ __forceinline__ static void left_fragment(uint32_t (&fragment)[4], const unsigned char* stage, int first, int chunk) {
        int lane = threadIdx.x % 32;
        ptx::ldmatrix_x4(fragment, stage + at(first + lane % 16, chunk + lane / 16));
    }
    // Two fragments, of 8 rows each; the two halves of the depth of the first, then of the second.
    __device__ __forceinline__ static void right_fragments(uint32_t (&fragments)[4], const unsigned char* stage, int first, int chunk) {
        int lane = threadIdx.x % 32;
        ptx::ldmatrix_x4(fragments, stage + at(first + lane % 8 + lane / 16 * 8, chunk + lane / 8 % 2));
    }

    __device__ __forceinline__ static void multiply(float (&sums)[tile / 8][4], const unsigned char* a_stage, const unsigned char* b_stage,
                                                    int warp) {
#pragma unroll chunks_at_once
        for (int chunk = 0; chunk < depth / 16; chunk += 2) {
            uint32_t left[4], right[4];
            left_fragment(left, a_stage, warp * 16, chunk);
#pragma unroll
            for (int j = 0; j < tile / 8; j += 2) {
                right_fragments(right, b_stage, j * 8, chunk);
                ptx::mma_m16n8k32<A, B>(sums[j], left, {right[0], right[1]});
                ptx::mma_m16n8k32<A, B>(sums[j + 1], left, {right[2], right[3]});
            }
        }
    }

    __device__ __forceinline__ static void multiply_widened(float (&sums)[tile / 8][4], const unsigned char* a_stage,
                                                            const unsigned char* b_stage, int warp) {
#pragma unroll
        for (int chunk = 0; chunk < depth / 16; chunk += 2) {
            uint32_t left[4], right[4];
            left_fragment(left, a_stage, warp * 16, chunk);
            uint2 wide[4];
#pragma unroll
            for (int i = 0; i < 4; i++) wide[i] = widen_four<A>(left[i]);
#pragma unroll
            for (int j = 0; j < tile / 8; j += 2) {
                right_fragments(right, b_stage, j * 8, chunk);
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    uint2 two = widen_four<B>(right[i]);
                    const uint2 &upper = wide[i % 2 * 2], &lower = wide[i % 2 * 2 + 1];
                    ptx::mma_m16n8k16_bf16(sums[j + i / 2], {upper.x, lower.x, upper.y, lower.y}, {two.x, two.y});
                }
            }
        }
    }

    __device__ void operator()() const {
        OTTAVA_SHARED(unsigned char, stages, 2 * 2 * stage_bytes);
        int64_t column_tiles = (b.rows + tile - 1) / tile;
        int64_t row = blockIdx.x / column_tiles * tile, column = blockIdx.x % column_tiles * tile;
        int warp = threadIdx.x / 32;
        const float* a_scale = a_scales.of_rows(static_cast<int>(row));
        const float* b_scale = b_scales.of_rows(static_cast<int>(column));
        auto fill = [&](int stage, int64_t k_at) {
            unsigned char* to = stages + stage * 2 * stage_bytes;
            load(to, a, row, k_at);
            load(to + stage_bytes, b, column, k_at);
            ptx::cp_async_commit();
        };

        float sums[tile / 8][4] = {}, totals[tile / 2] = {};
        fill(0, 0);
        int stage = 0;
        for (int64_t k_at = 0; k_at < k; k_at += depth, stage ^= 1) {
            ptx::cp_async_wait<0>();
            // All of this stage is there, and the other has been read.
            __syncthreads();
            if (k_at + depth < k) fill(stage ^ 1, k_at + depth);
            const unsigned char* from = stages + stage * 2 * stage_bytes;
#ifdef __CUDA_ARCH__
            constexpr bool multiplies_fp8 = __CUDA_ARCH__ >= 890;
#else
            bool multiplies_fp8 = architecture >= 89;
#endif
            if (multiplies_fp8) {
                multiply(sums, from, from + stage_bytes, warp);
            } else {
                multiply_widened(sums, from, from + stage_bytes, warp);
            }
            if ((k_at + depth) % scale_block != 0 && k_at + depth < k) continue;
            int64_t k_block = k_at / scale_block;
            float scale = a_scale[k_block * a_scales.k_stride] * b_scale[k_block * b_scales.k_stride];
#pragma unroll
            for (int j = 0; j < tile / 8; j++)
#pragma unroll
                for (int e = 0; e < 4; e++) {
                    totals[4 * j + e] = fmaf(sums[j][e], scale, totals[4 * j + e]);
                    sums[j][e] = 0;
                }
        }
        epilogue.finish(totals, FragmentPlace(static_cast<int>(row) + warp * 16, static_cast<int>(column), static_cast<int>(a.rows),
                                              static_cast<int>(b.rows)));
    }
};

}  // namespace ottava
