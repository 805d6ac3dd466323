// Which key blocks any estimate above its threshold keeps, by products of 4-bit numbers on tensor cores (mma.sync). From sm_90 on those are
// emulated by hundreds of instructions; sm90_sale_select is launched there.
//
// Block: 4 warps, 64 estimated queries of a head, which lie row_step apart and so belong to row_step query blocks; a warp has 16. It makes
// one word of the bitmap for each: up to 32 key blocks, which come through four slots of shared memory (cp.async), 21 KiB at width 128.
// Grid: (tiles x words, heads, batch). Queries stay in registers. Blocks before the first local one are seen by all queries of a block: no
// mask.
#pragma once

#include "../ptx/ldmatrix.cuh"
#include "../ptx/mma.cuh"
#include "sale_tiles.cuh"

namespace ottava {

template <int width>
struct any_sale_select {
    static constexpr int threads = 128, tile_rows = 64, slots = 4, steps = width / 64;
    using Keys = KeyTile<width>;
    static constexpr int slot_bytes = Keys::bytes + sparse_block * 4, shared_bytes = slots * slot_bytes;  // with corrections

    uint32_t* blocks;
    SaleInputs in;
    SaleShape shape;

    struct Queries {
        uint32_t codes[steps][4];
        float scale[2], threshold[2];
    };

    // Whether any of the 64 keys in the slot is above the threshold of a row, for the two rows of the thread.
    __device__ __forceinline__ void estimate(bool (&kept)[2], const Queries& queries, const unsigned char* slot) const {
        int lane = threadIdx.x % 32;
        // Four matrices of 8 keys by 16 bytes: 64 bytes of 8 keys, or 32 bytes of 16 keys.
        constexpr int tiles = 3 - steps;
        const unsigned char* row = width == 128 ? slot + lane % 8 * Keys::pitch + lane / 8 * 16
                                                : slot + (lane / 16 * 8 + lane % 8) * Keys::pitch + lane / 8 % 2 * 16;
        const float* scales = reinterpret_cast<const float*>(slot + Keys::scales_at) + lane % 4;
        const float* corrections = reinterpret_cast<const float*>(slot + Keys::bytes) + lane % 4 * 2;
#pragma unroll
        for (int n = 0; n < sparse_block / 8; n += tiles) {
            uint32_t codes[4];
            ptx::ldmatrix_x4(codes, row + n * 8 * Keys::pitch);
#pragma unroll
            for (int m = 0; m < tiles; m++) {
                int32_t sums[4] = {sum_base, sum_base, sum_base, sum_base};
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ < 900
#pragma unroll
                for (int step = 0; step < steps; step++)
                    ptx::mma_m16n8k64_s4(sums, queries.codes[step], {codes[2 * (m + step)], codes[2 * (m + step) + 1]});
#endif
                float key_scale = scales[(n + m) / 4 * 4];
                float2 c = *reinterpret_cast<const float2*>(corrections + (n + m) * 8);
#pragma unroll
                for (int half = 0; half < 2; half++) {
                    float scale = queries.scale[half] * key_scale;
#pragma unroll
                    for (int i = 0; i < 2; i++)
                        // Not `>`: what is not a number keeps its block.
                        kept[half] |= !(fmaf(sum_as_float(sums[2 * half + i]), scale, i == 0 ? c.x : c.y) <= queries.threshold[half]);
                }
            }
        }
    }

    __device__ void operator()() const {
        OTTAVA_DYNAMIC_SHARED(shared);
        OTTAVA_SHARED(uint32_t, words, 8);
        int warp = threadIdx.x / 32, lane = threadIdx.x % 32, rows = shape.rows();
        int word = static_cast<int>(blockIdx.x) % shape.words(), first_row = static_cast<int>(blockIdx.x) / shape.words() * tile_rows;
        int head = blockIdx.y;
        int64_t query_head = static_cast<int64_t>(blockIdx.z) * shape.heads + head;
        int64_t key_head = static_cast<int64_t>(blockIdx.z) * shape.kv_heads + head / shape.group;

        Queries queries;
        int limit = 0;  // the first block that is kept anyway, of this warp's last query block
#pragma unroll
        for (int half = 0; half < 2; half++) {
            int octet = first_row + warp * 16 + half * 8;
            if (octet < rows) limit = shape.first_local(shape.block_of_row(octet));
            // Rows beyond the last do as the last does.
            int row = min(octet + lane / 4, rows - 1), query = row * shape.row_step;
            queries.threshold[half] = in.thresholds[query_head * rows + row];
            queries.scale[half] = in.q_scales[query_head * ((shape.query_length + 15) / 16 * 8) + query / 16 * 8 + query % 8];
            const uint8_t* codes = in.q_codes + (query_head * shape.query_length + query) * Keys::row_bytes + lane % 4 * 4;
#pragma unroll
            for (int i = 0; i < 2 * steps; i++) queries.codes[i / 2][i % 2 * 2 + half] = *reinterpret_cast<const uint32_t*>(codes + i * 16);
        }
        // A row without a threshold, as those of a dense head are, keeps everything.
        bool everything[2] = {__any_sync(all_lanes, queries.threshold[0] != queries.threshold[0]) != 0,
                              __any_sync(all_lanes, queries.threshold[1] != queries.threshold[1]) != 0};
        uint32_t kept[2] = {everything[0] ? 0xffffffffu : 0u, everything[1] ? 0xffffffffu : 0u};
        if (everything[0] && everything[1]) limit = 0;

        const uint8_t* k_head = in.k_codes + key_head * in.key_capacity * Keys::row_bytes;
        const float* k_scales_head = in.k_scales + key_head * ((in.key_capacity + 31) / 32 * 4);
        const float* corrections = in.correction + query_head * in.correction_pitch;
        int last_row = min(rows, first_row + tile_rows) - 1;
        int begin = max(1, 32 * word), end = min(32 * word + 32, shape.first_local(shape.block_of_row(last_row)));
        auto slot_of = [&](int block) { return shared + (block - begin) % slots * slot_bytes; };
        auto load = [&](int block) {
            if (block < end) {
                Keys::template load<threads>(slot_of(block), k_head, k_scales_head, block);
                load_corrections(slot_of(block) + Keys::bytes, corrections, block, threadIdx.x);
            }
            ptx::cp_async_commit();
        };
#pragma unroll
        for (int i = 0; i < slots - 1; i++) load(begin + i);
        for (int block = begin; block < end; block++) {
            ptx::cp_async_wait<slots - 2>();
            __syncthreads();  // the block is there for all, and the one before is not needed any more
            load(block + slots - 1);
            if (block >= limit) continue;
            bool above[2] = {false, false};
            estimate(above, queries, slot_of(block));
#pragma unroll
            for (int half = 0; half < 2; half++)
                if (__any_sync(all_lanes, above[half])) kept[half] |= 1u << block % 32;
        }
        if (lane < 2) words[warp * 2 + lane] = lane == 0 ? kept[0] : kept[1];
        __syncthreads();
        store_words(blocks, words, shape, query_head, first_row, word, threadIdx.x);
    }
};

}  // namespace ottava
