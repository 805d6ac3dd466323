// Which key blocks any estimate above its threshold keeps, by products of 4-bit numbers on tensor cores (mma.sync).
//
// Block: 4 warps, 64 estimated queries of a head, which lie row_step apart and so belong to row_step query blocks; a warp has 16. It makes
// one word of the bitmap for each: up to 32 key blocks, which come through four slots of shared memory (cp.async), 21 KiB at width 128.
// Grid: (tiles x words, heads, batch). Queries stay in registers. Blocks before the first local one are seen by all queries of a block: no
// mask.
//
// The sums begin at 0x4b400000, the bits of 1.5 * 2^23: what they are as a float, less that, is the sum; no conversion.
#pragma once

#include "../common/reduce.cuh"
#include "../ptx/cp_async.cuh"
#include "../ptx/ldmatrix.cuh"
#include "../ptx/mma.cuh"
#include "sale_shape.cuh"

namespace ottava {

// A product of 64 channels, d[16, 8] += a[16, 64] b[64, 8], whose operands are registers of 4-bit numbers as mma_m16n8k64_s4 takes them,
// and the factor that its sums have.
struct FourBitProducts {
    static constexpr int operands = 4;
    static constexpr float unit = 1.0f;
    __device__ __forceinline__ static void prepare(uint32_t (&a)[operands], const uint32_t (&codes)[4]) {
#pragma unroll
        for (int i = 0; i < 4; i++) a[i] = codes[i];
    }
    __device__ __forceinline__ static void multiply(int32_t (&d)[4], const uint32_t (&a)[operands], uint32_t b0, uint32_t b1) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ < 900
        ptx::mma_m16n8k64_s4(d, a, {b0, b1});
#endif  // emulated from sm_90 on, where EightBitProducts is launched
    }
};

// The same with 8-bit tensor instructions: a number in the upper half of its byte is 16 times itself. The lower and the upper halves of a
// register are two registers of bytes, of other channels than the instruction thinks, but of the same in a and b.
struct EightBitProducts {
    static constexpr int operands = 8;
    static constexpr float unit = 1.0f / 256;
    __device__ __forceinline__ static uint32_t low(uint32_t codes) { return codes << 4 & 0xf0f0f0f0u; }
    __device__ __forceinline__ static uint32_t high(uint32_t codes) { return codes & 0xf0f0f0f0u; }
    __device__ __forceinline__ static void prepare(uint32_t (&a)[operands], const uint32_t (&codes)[4]) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            a[i / 2 * 4 + i % 2] = low(codes[i]);
            a[i / 2 * 4 + i % 2 + 2] = high(codes[i]);
        }
    }
    __device__ __forceinline__ static void multiply(int32_t (&d)[4], const uint32_t (&a)[operands], uint32_t b0, uint32_t b1) {
        ptx::mma_m16n8k32_s8(d, {a[0], a[1], a[2], a[3]}, {low(b0), high(b0)});
        ptx::mma_m16n8k32_s8(d, {a[4], a[5], a[6], a[7]}, {low(b1), high(b1)});
    }
};

template <int width, class Products>
struct any_sale_select {
    static constexpr int threads = 128, tile_rows = 64, slots = 4;
    static constexpr int row_bytes = width / 2, pitch = row_bytes + 16, steps = width / 64;
    static constexpr int scales_of_block = 8;
    static constexpr int scales_at = sparse_block * pitch, corrections_at = scales_at + scales_of_block * 4;
    static constexpr int slot_bytes = corrections_at + sparse_block * 4, shared_bytes = slots * slot_bytes;

    uint32_t* blocks;
    const float* thresholds;
    const uint8_t* q_codes;
    const float* q_scales;
    const uint8_t* k_codes;
    const float* k_scales;
    const float* correction;
    SaleShape shape;
    int64_t key_capacity, correction_pitch;

    __device__ __forceinline__ void load(unsigned char* slot, const uint8_t* codes, const float* scales, const float* corrections,
                                         int block) const {
        constexpr int chunks = row_bytes / 16;
        const uint8_t* from = codes + static_cast<int64_t>(block) * sparse_block * row_bytes;
#pragma unroll
        for (int i = threadIdx.x; i < sparse_block * chunks; i += threads)
            ptx::cp_async_16(slot + i / chunks * pitch + i % chunks * 16, from + i * 16);
        int i = threadIdx.x;
        if (i < 2) ptx::cp_async_16(slot + scales_at + i * 16, scales + block * scales_of_block + i * 4);
        if (i >= 32 && i < 48) ptx::cp_async_16(slot + corrections_at + (i - 32) * 16, corrections + block * sparse_block + (i - 32) * 4);
    }

    struct Queries {
        uint32_t codes[steps][Products::operands];
        float scale[2], threshold[2];
    };

    // Whether any of the 64 keys in the slot is above the threshold of a row, for the two rows of the thread.
    __device__ __forceinline__ void estimate(bool (&kept)[2], const Queries& queries, const unsigned char* slot) const {
        int lane = threadIdx.x % 32;
        // Four matrices of 8 keys by 16 bytes: 64 bytes of 8 keys, or 32 bytes of 16 keys.
        const unsigned char* row =
            width == 128 ? slot + lane % 8 * pitch + lane / 8 * 16 : slot + (lane / 16 * 8 + lane % 8) * pitch + lane / 8 % 2 * 16;
        const float* scales = reinterpret_cast<const float*>(slot + scales_at) + lane % 4;
        const float* corrections = reinterpret_cast<const float*>(slot + corrections_at) + lane % 4 * 2;
#pragma unroll
        for (int n = 0; n < sparse_block / 8; n += 3 - steps) {
            uint32_t codes[4];
            ptx::ldmatrix_x4(codes, row + n * 8 * pitch);
#pragma unroll
            for (int m = 0; m < 3 - steps; m++) {
                int32_t sums[4] = {0x4b400000, 0x4b400000, 0x4b400000, 0x4b400000};
#pragma unroll
                for (int step = 0; step < steps; step++)
                    Products::multiply(sums, queries.codes[step], codes[2 * (m + step)], codes[2 * (m + step) + 1]);
                float key_scale = scales[(n + m) / 4 * 4];
                float2 c = *reinterpret_cast<const float2*>(corrections + (n + m) * 8);
#pragma unroll
                for (int half = 0; half < 2; half++) {
                    float scale = queries.scale[half] * key_scale;
#pragma unroll
                    for (int i = 0; i < 2; i++) {
                        float sum = bits_to_float(static_cast<uint32_t>(sums[2 * half + i])) - 12582912.0f;
                        // Not `>`: what is not a number keeps its block.
                        kept[half] |= !(fmaf(sum, scale, i == 0 ? c.x : c.y) <= queries.threshold[half]);
                    }
                }
            }
        }
    }

    __device__ void operator()() const {
        OTTAVA_DYNAMIC_SHARED(shared);
        OTTAVA_SHARED(uint32_t, words, 8);
        int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
        int rows = shape.rows(), words_of_row = shape.words();
        int word = static_cast<int>(blockIdx.x) % words_of_row, first_row = static_cast<int>(blockIdx.x) / words_of_row * tile_rows;
        int head = blockIdx.y;
        int64_t query_head = static_cast<int64_t>(blockIdx.z) * shape.heads + head;
        int64_t key_head = static_cast<int64_t>(blockIdx.z) * shape.kv_heads + head / shape.group;
        const uint8_t* k_head = k_codes + key_head * key_capacity * row_bytes;
        const float* k_scales_head = k_scales + key_head * ((key_capacity + 31) / 32 * 4);
        const float* correction_head = correction + query_head * correction_pitch;

        Queries queries;
        uint32_t fragments[steps][4];
        int limit[2];  // the first block that is kept anyway
#pragma unroll
        for (int half = 0; half < 2; half++) {
            int octet = first_row + warp * 16 + half * 8;
            limit[half] = octet < rows ? shape.first_local(shape.block_of_row(octet)) : 0;
            // Rows beyond the last do as the last does.
            int row = min(octet + lane / 4, rows - 1), query = row * shape.row_step;
            queries.threshold[half] = thresholds[query_head * rows + row];
            queries.scale[half] = q_scales[query_head * ((shape.query_length + 15) / 16 * 8) + query / 16 * 8 + query % 8] * Products::unit;
            const uint8_t* codes = q_codes + (query_head * shape.query_length + query) * row_bytes + lane % 4 * 4;
#pragma unroll
            for (int i = 0; i < 2 * steps; i++) fragments[i / 2][i % 2 * 2 + half] = *reinterpret_cast<const uint32_t*>(codes + i * 16);
        }
#pragma unroll
        for (int step = 0; step < steps; step++) Products::prepare(queries.codes[step], fragments[step]);
        // A row without a threshold, as those of a dense head are, keeps everything.
        bool everything[2] = {__any_sync(all_lanes, queries.threshold[0] != queries.threshold[0]) != 0,
                              __any_sync(all_lanes, queries.threshold[1] != queries.threshold[1]) != 0};
        uint32_t kept[2] = {everything[0] ? 0xffffffffu : 0u, everything[1] ? 0xffffffffu : 0u};
        int limit_of_warp = everything[0] && everything[1] ? 0 : max(limit[0], limit[1]);

        int last_row = min(rows, first_row + tile_rows) - 1;
        int begin = max(1, 32 * word), end = min(32 * word + 32, shape.first_local(shape.block_of_row(last_row)));
#pragma unroll
        for (int i = 0; i < slots - 1; i++) {
            if (begin + i < end) load(shared + i * slot_bytes, k_head, k_scales_head, correction_head, begin + i);
            ptx::cp_async_commit();
        }
        for (int block = begin; block < end; block++) {
            ptx::cp_async_wait<slots - 2>();
            __syncthreads();  // the block is there for all, and the one before is not needed any more
            int ahead = block + slots - 1;
            if (ahead < end) load(shared + (ahead - begin) % slots * slot_bytes, k_head, k_scales_head, correction_head, ahead);
            ptx::cp_async_commit();
            if (block >= limit_of_warp) continue;
            bool above[2] = {false, false};
            estimate(above, queries, shared + (block - begin) % slots * slot_bytes);
#pragma unroll
            for (int half = 0; half < 2; half++)
                if (__any_sync(all_lanes, above[half])) kept[half] |= 1u << block % 32;
        }
        if (lane < 2) words[warp * 2 + lane] = lane == 0 ? kept[0] : kept[1];
        __syncthreads();
        int member = threadIdx.x, query_block = shape.block_of_row(first_row) + member;
        if (member >= shape.row_step || query_block >= shape.query_blocks()) return;
        uint32_t estimated = 0;
        for (int i = 0; i < 8 / shape.row_step; i++) estimated |= words[member * (8 / shape.row_step) + i];
        int first_local = shape.first_local(query_block), last_local = shape.last_local(query_block);
        blocks[(query_head * shape.query_blocks() + query_block) * words_of_row + word] =
            (estimated & bits_between(word, 1, first_local)) | bits_between(word, 0, 1) | bits_between(word, first_local, last_local + 1);
    }
};

}  // namespace ottava
