// The selection of any_sale_select for Hopper: the same codes, widened to 8 bits for wgmma, and the same bits.
//
// Scores are transposed, S^T = K Q^T, because the operand that has to lie in shared memory is the one that is widened once: queries. Keys,
// which come as 4 bits by cp.async, are widened in registers as operand a.
//
// Block: four warpgroups, each with a tile of 64 estimated queries of a head; neighbouring warpgroups have the heads of a group, then
// the next tile, so that a tile of keys in shared memory serves a whole group. Grid: (tiles x group / 4 x words, kv_heads, batch); a
// block makes one word of the bitmap, up to 32 key blocks, in four slots. A thread has keys g and g + 8 of its warp's 16, which share a
// scale, and queries 2 t and 2 t + 1 of each eight. Shared memory: 58 KiB at width 128. Widened numbers are 16 times themselves, and 1 /
// 256 goes into the scale of the query. A row of bytes: of each 32 channels first the even ones, then the odd ones, as in registers of
// keys.
#pragma once

#include "../ptx/ldmatrix.cuh"
#include "../ptx/mbarrier.cuh"
#include "../ptx/wgmma_products.cuh"
#include "sale_tiles.cuh"

namespace ottava {

template <int width>
struct sm90_sale_select {
    static constexpr int threads = 512, least_blocks = 1, warpgroups = threads / 128, tile_rows = 64, slots = 4;
    using Keys = KeyTile<width>;
    static constexpr int tile_bytes = tile_rows * width;                            // of widened queries
    static constexpr int slot_bytes = Keys::bytes + warpgroups * sparse_block * 4;  // with corrections for each head
    static constexpr int scales_at = warpgroups * tile_bytes, slots_at = scales_at + warpgroups * tile_rows * 8;
    static constexpr int shared_bytes = slots_at + slots * slot_bytes;

    uint32_t* blocks;
    SaleInputs in;
    SaleShape shape;

    // What a warpgroup has: a tile of a head, and the first block that its queries keep anyway.
    struct Tile {
        int head, first_row, limit;
    };

    __device__ __forceinline__ Tile tile_of(int index) const {
        int first_row = index / shape.group * tile_rows, last_row = min(first_row + tile_rows, shape.rows()) - 1;
        return {static_cast<int>(blockIdx.y) * shape.group + index % shape.group, first_row,
                first_row < shape.rows() ? shape.first_local(shape.block_of_row(last_row)) : 0};
    }

    // Widens the tile's codes into shared memory, swizzled as wgmma reads them, with scale and threshold of each query. Returns whether any
    // row of each eight has no threshold, and so keeps everything, as bits.
    __device__ __forceinline__ void load_queries(unsigned char* codes, float2* scales, int64_t query_head, int first_row,
                                                 int thread) const {
        const uint8_t* from = in.q_codes + query_head * shape.query_length * Keys::row_bytes;
        const float* q_scales = in.q_scales + query_head * ((shape.query_length + 15) / 16 * 8);
        constexpr int words = width / 8;
        for (int i = thread; i < tile_rows * words; i += 128) {
            // Rows beyond the last do as the last does.
            int row = i / words, word = i % words, query = min(first_row + row, shape.rows() - 1) * shape.row_step;
            uint32_t packed = reinterpret_cast<const uint32_t*>(from + static_cast<int64_t>(query) * Keys::row_bytes)[word];
            int at = row * width + word / 4 * 32 + word % 4 * 4;
            *reinterpret_cast<uint32_t*>(codes + swizzled(at)) = low_halves(packed);
            *reinterpret_cast<uint32_t*>(codes + swizzled(at + 16)) = high_halves(packed);
        }
        if (thread < tile_rows) {
            int row = min(first_row + thread, shape.rows() - 1), query = row * shape.row_step;
            scales[thread] =
                make_float2(q_scales[query / 16 * 8 + query % 8] * (1.0f / 256), in.thresholds[query_head * shape.rows() + row]);
        }
    }

    __device__ __forceinline__ static int swizzled(int at) { return at ^ (at >> 7 & (width / 16 - 1)) << 4; }

    // Of each eight queries, a bit: whether any of this thread's two keys in the slot is above the threshold of any of its two queries.
    __device__ __forceinline__ uint32_t estimate(const unsigned char* codes, const float2* scales, const unsigned char* slot,
                                                 const unsigned char* corrections) const {
        int warp = threadIdx.x / 32 % 4, lane = threadIdx.x % 32;
        int32_t sums[tile_rows / 2];
#pragma unroll
        for (int i = 0; i < tile_rows / 2; i++) sums[i] = sum_base;
        uint32_t keys[width / 32][4];
#pragma unroll
        for (int i = 0; i < width / 64; i++) {
            uint32_t packed[4];
            ptx::ldmatrix_x4(packed, slot + (warp * 16 + lane % 16) * Keys::pitch + lane / 16 * 16 + i * 32);
#pragma unroll
            for (int r = 0; r < 4; r++) {
                keys[2 * i + r / 2][r % 2] = low_halves(packed[r]);
                keys[2 * i + r / 2][r % 2 + 2] = high_halves(packed[r]);
            }
        }
        ptx::wgmma_fence();
#pragma unroll
        for (int step = 0; step < width / 32; step++)
            ptx::wgmma<int8_t, int8_t>(sums, keys[step], ptx::wgmma_descriptor(codes + 32 * step, width, 8 * width), true);
        ptx::wgmma_commit();
        ptx::wgmma_wait<0>();
        ptx::wgmma_pin(sums);
        float key_scale = reinterpret_cast<const float*>(slot + Keys::scales_at)[warp / 2 * 4 + lane / 8];
        float c[2] = {reinterpret_cast<const float*>(corrections)[warp * 16 + lane / 4],
                      reinterpret_cast<const float*>(corrections)[warp * 16 + lane / 4 + 8]};
        uint32_t above = 0;
#pragma unroll
        for (int octet = 0; octet < tile_rows / 8; octet++) {
            bool any = false;
#pragma unroll
            for (int i = 0; i < 2; i++) {
                float2 query = scales[octet * 8 + lane % 4 * 2 + i];
                float scale = query.x * key_scale;
#pragma unroll
                for (int half = 0; half < 2; half++)
                    // Not `>`: what is not a number keeps its block.
                    any |= !(fmaf(sum_as_float(sums[octet * 4 + half * 2 + i]), scale, c[half]) <= query.y);
            }
            above |= static_cast<uint32_t>(any) << octet;
        }
        return above;
    }

    __device__ void operator()() const {
        OTTAVA_DYNAMIC_SHARED(shared);
        OTTAVA_SHARED(uint32_t, kept, warpgroups * 4 * 8);
        int warpgroup = __shfl_sync(all_lanes, static_cast<int>(threadIdx.x) / 128, 0), thread = threadIdx.x % 128;
        int word = static_cast<int>(blockIdx.x) % shape.words(), first_tile = static_cast<int>(blockIdx.x) / shape.words() * warpgroups;
        Tile tile = tile_of(first_tile + warpgroup);
        bool there = tile.first_row < shape.rows();
        int64_t query_head = static_cast<int64_t>(blockIdx.z) * shape.heads + tile.head;
        int64_t key_head = static_cast<int64_t>(blockIdx.z) * shape.kv_heads + blockIdx.y;
        unsigned char* codes = shared + warpgroup * tile_bytes;
        float2* scales = reinterpret_cast<float2*>(shared + scales_at) + warpgroup * tile_rows;
        if (there) load_queries(codes, scales, query_head, tile.first_row, thread);

        const uint8_t* k_head = in.k_codes + key_head * in.key_capacity * Keys::row_bytes;
        const float* k_scales_head = in.k_scales + key_head * ((in.key_capacity + 31) / 32 * 4);
        const float* corrections = in.correction + query_head * in.correction_pitch;
        int begin = max(1, 32 * word), end = 0;
        for (int i = 0; i < warpgroups; i++) end = max(end, tile_of(first_tile + i).limit);
        end = min(end, 32 * word + 32);
        auto slot_of = [&](int block) { return shared + slots_at + (block - begin) % slots * slot_bytes; };
        auto load = [&](int block) {
            if (block < end) {
                Keys::template load<threads>(slot_of(block), k_head, k_scales_head, block);
                if (block < tile.limit)
                    load_corrections(slot_of(block) + Keys::bytes + warpgroup * sparse_block * 4, corrections, block, thread);
            }
            ptx::cp_async_commit();
        };
#pragma unroll
        for (int i = 0; i < slots - 1; i++) load(begin + i);
        ptx::fence_proxy_async();  // queries were written by threads and are read by wgmma

        uint32_t mine = 0;  // of lane j < 8: the word of queries 8 j to 8 j + 7 of the tile, as this warp's keys have it
        int lane = threadIdx.x % 32;
        __syncthreads();
        if (there && lane < 8)
            for (int i = 0; i < 8; i++)
                if (scales[lane * 8 + i].y != scales[lane * 8 + i].y) mine = 0xffffffffu;  // no threshold: a dense head
        bool estimated = there && __any_sync(all_lanes, lane < 8 && mine == 0);
        for (int block = begin; block < end; block++) {
            ptx::cp_async_wait<slots - 2>();
            __syncthreads();  // the block is there for all, and the one before is not needed any more
            load(block + slots - 1);
            if (!estimated || block >= tile.limit) continue;
            const unsigned char* slot = slot_of(block);
            uint32_t above = estimate(codes, scales, slot, slot + Keys::bytes + warpgroup * sparse_block * 4);
            above = __reduce_or_sync(all_lanes, above);
            mine |= (above >> lane & 1u) << block % 32;
        }
        uint32_t* words = kept + warpgroup * 4 * 8;
        if (lane < 8) words[thread / 32 * 8 + lane] = mine;
        __syncthreads();
        if (thread < 8) {
            for (int warp = 1; warp < 4; warp++) words[thread] |= words[warp * 8 + thread];
            __syncwarp(0xff);
            if (there) store_words(blocks, words, shape, query_head, tile.first_row, word, thread);
        }
    }
};

}  // namespace ottava
