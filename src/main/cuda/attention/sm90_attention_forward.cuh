// Attention forward for Hopper (sm_90a), BF16, head size 64 or 128: FlashAttention-3 (Shah et al. 2024), algorithms 1 and 2, over listed
// blocks of keys. Without a list it is the same kernel with every block listed.
//
// Block: three warpgroups. One lane of the last loads by TMA; the first two have 64 neighbouring queries of one head each, as operand a in
// registers. A step is two blocks of 64 keys that either of them lists (sm90_walk.cuh); a warpgroup leaves out the products of a block
// that it does not list. Keys and values of a step are stages of two rings, with mbarriers `full` (bytes) and `empty` (the eight warps that
// have read it). While the weights of a step are made of its scores S = Q K^T, the values of the step before are summed, O += P V, and the
// other warpgroup multiplies: the two take turns to issue their products. Blocks are persistent and take tiles from a counter, the longest
// first; the queries of the next tile come while the last products of this one run. Registers, shared memory, reasons and predictions:
// docs/kernels/attention.md. Not measured yet.
//
// The running maximum is scaled and in units of log2; each thread sums its own columns, rows are summed across threads at the end.
//
// What no run on the processor shows, and was reviewed instead; each place names its number (compare gemm/sm90_gemm.cuh):
//  [1] mbarriers are initialised by one thread and published by fence.mbarrier_init and a barrier before anyone uses them.
//  [2] What the producer writes by itself, the words of a step and of a tile, is ordered by its arrival at `full`, and is read by all lanes
//      of a warp before the warp arrives at `empty`.
//  [3] wgmma.fence comes before the first products of a step: S, O, P were touched by ordinary instructions. Nothing touches those that are
//      under way until the wait; `wgmma_pin` keeps the compiler from moving reads over it. P is packed after the wait for O += P V.
//  [4] S, O, P and Q are arrays indexed by constants in unrolled loops alone.
//  [5] Stages and queries are read by wgmma or ldmatrix and written by TMA: between those the mbarrier is enough. No thread writes what
//      the async proxy reads.
//  [6] setmaxnreg: 384 threads start with 168 registers; 128 * 24 + 256 * 240 = 64512 of 65536 afterwards.
#pragma once

#include "../common/elements.cuh"
#include "../ptx/barrier.cuh"
#include "../ptx/exp2.cuh"
#include "../ptx/ldmatrix.cuh"
#include "../ptx/mbarrier.cuh"
#include "../ptx/tma.cuh"
#include "../ptx/warp.cuh"
#include "../ptx/wgmma_products.cuh"
#include "sm90_walk.cuh"
#include "warp_products.cuh"

namespace ottava {

// Of a warp's quad of lanes: lane t has word t of each of four pieces of 16 bytes, and gets piece t.
__device__ __forceinline__ void transpose_quad(uint32_t (&x)[4], int lane) {
#pragma unroll
    for (int bit = 1; bit <= 2; bit *= 2) {
        bool upper = (lane & bit) != 0;
#pragma unroll
        for (int i = 0; i < 4; i++) {
            if ((i & bit) != 0) continue;
            uint32_t other = __shfl_xor_sync(0xffffffffu, upper ? x[i] : x[i | bit], bit);
            (upper ? x[i] : x[i | bit]) = other;
        }
    }
}

template <int width>
struct sm90_attention_forward {
    static constexpr int threads = 384, least_blocks = 1, consumer_warps = 8;
    static constexpr int block = Sm90AttentionShape::block;
    // Rows of 64 channels are 128 bytes, one row of the widest swizzle: 128 rows of them a panel, of which a box of keys is half.
    static constexpr int panels = width / 64, box_bytes = block * 128, panel_bytes = 2 * box_bytes, tile_bytes = panels * panel_bytes;
    static constexpr int stages = width == 64 ? 6 : 3;
    static constexpr int shared_bytes = (1 + 2 * stages) * tile_bytes + 512;
    static_assert((4 * stages + 2) * 8 + (2 * stages + 1) * 4 <= 512 && shared_bytes <= 227 * 1024, "shared memory of a block");

    ptx::TensorMap q_map, k_map, v_map;  // [batch, length, heads, channels]; boxes of 64 channels of one head: 128 queries or 64 keys
    bf16* out;
    float* log_sum_exp;      // may be null
    const uint32_t* listed;  // may be null: bits [batch, heads, blocks of 64 queries, blocks of 64 keys in whole words]
    int* counter;            // 0: how many tiles were taken, beyond one for each block
    Sm90AttentionShape shape;
    float scale;  // times log2(e); positive
    bool negate;  // the queries: the scale is negative

    struct Ring {
        unsigned char* tiles;
        uint64_t *full, *empty;
    };
    struct Memory {
        unsigned char* queries;
        Ring keys, values;
        uint64_t *queries_full, *queries_empty;
        int *steps, *tile;  // of each stage of keys its two blocks; the tile, twice, and 1 if it has a step, or -1 after the last
    };
    // Where in a ring a thread is; `phase` is the parity of the times around.
    struct Position {
        int stage = 0, phase = 0;
        __device__ __forceinline__ void advance() {
            if (++stage == stages) stage = 0, phase ^= 1;
        }
    };
    // Of the two rows of a thread.
    struct Softmax {
        int last[2];  // the last key that the row sees
        float base[2], sum[2];
    };

    __device__ __forceinline__ void operator()() const {
        OTTAVA_DYNAMIC_SHARED(bytes);
        Memory memory;
        memory.queries = bytes;
        memory.keys.tiles = bytes + tile_bytes;
        memory.values.tiles = memory.keys.tiles + stages * tile_bytes;
        memory.keys.full = reinterpret_cast<uint64_t*>(memory.values.tiles + stages * tile_bytes);
        memory.keys.empty = memory.keys.full + stages;
        memory.values.full = memory.keys.empty + stages;
        memory.values.empty = memory.values.full + stages;
        memory.queries_full = memory.values.empty + stages;
        memory.queries_empty = memory.queries_full + 1;
        memory.steps = reinterpret_cast<int*>(memory.queries_empty + 1);
        memory.tile = memory.steps + 2 * stages;
        // The same in all lanes, and the compiler is to know.
        int warp = __shfl_sync(0xffffffffu, static_cast<int>(threadIdx.x) / 32, 0);

        if (threadIdx.x == 0) {
            for (int i = 0; i < stages; i++) {
                ptx::mbarrier_init(memory.keys.full + i, 1);
                ptx::mbarrier_init(memory.values.full + i, 1);
                ptx::mbarrier_init(memory.keys.empty + i, consumer_warps);
                ptx::mbarrier_init(memory.values.empty + i, consumer_warps);
            }
            ptx::mbarrier_init(memory.queries_full, 1);
            ptx::mbarrier_init(memory.queries_empty, consumer_warps);
            ptx::fence_mbarrier_init();  // [1]
        }
        __syncthreads();

        if (warp >= consumer_warps) {
            ptx::setmaxnreg_decrease<24>();  // [6]
            if (warp == consumer_warps && ptx::elect_one()) produce(memory);
        } else {
            ptx::setmaxnreg_increase<240>();
            consume(memory, warp);
        }
    }

  private:
    __device__ __forceinline__ static void load_blocks(unsigned char* to, const ptx::TensorMap* map, uint64_t* full, ListedBlock first,
                                                       ListedBlock second, int kv_head, int sequence) {
        int count = second.takers != 0 ? 2 : 1;
        ptx::mbarrier_arrive_expect(full, count * panels * box_bytes);
#pragma unroll
        for (int panel = 0; panel < panels; panel++)
            ptx::tma_load(to + panel * panel_bytes, map, full, panel * 64, kv_head, first.block * block, sequence);
        if (count == 1) return;
#pragma unroll
        for (int panel = 0; panel < panels; panel++)
            ptx::tma_load(to + panel * panel_bytes + box_bytes, map, full, panel * 64, kv_head, second.block * block, sequence);
    }

    __device__ __forceinline__ void produce(const Memory& memory) const {
        ptx::tma_prefetch_map(&q_map);
        ptx::tma_prefetch_map(&k_map);
        ptx::tma_prefetch_map(&v_map);
        Position at;
        int tile = static_cast<int>(blockIdx.x);
        // The first time around, the phase before the first counts as over.
        for (int phase = 1; tile < shape.tiles(); phase ^= 1) {
            int all_head, row_tile;
            shape.position(tile, all_head, row_tile);
            int sequence = all_head / shape.heads, head = all_head - sequence * shape.heads, kv_head = head / shape.group;
            BlockWalk walk(shape, listed, all_head, row_tile);
            ListedBlock first = walk.next();
            ptx::mbarrier_wait(memory.queries_empty, phase);
            *memory.tile = 2 * tile + (first.takers != 0 ? 1 : 0);  // [2]
            ptx::mbarrier_arrive_expect(memory.queries_full, tile_bytes);
#pragma unroll
            for (int panel = 0; panel < panels; panel++)
                ptx::tma_load(memory.queries + panel * panel_bytes, &q_map, memory.queries_full, panel * 64, head,
                              row_tile * Sm90AttentionShape::tile_rows, sequence);
            while (first.takers != 0) {
                ListedBlock second = walk.next(), after = walk.next();
                ptx::mbarrier_wait(memory.keys.empty + at.stage, at.phase ^ 1);
                memory.steps[2 * at.stage] = first.packed(after.takers == 0);
                memory.steps[2 * at.stage + 1] = second.packed(false);
                load_blocks(memory.keys.tiles + at.stage * tile_bytes, &k_map, memory.keys.full + at.stage, first, second, kv_head,
                            sequence);
                ptx::mbarrier_wait(memory.values.empty + at.stage, at.phase ^ 1);
                load_blocks(memory.values.tiles + at.stage * tile_bytes, &v_map, memory.values.full + at.stage, first, second, kv_head,
                            sequence);
                at.advance();
                first = after;
            }
            tile = static_cast<int>(gridDim.x) + atomicAdd(counter, 1);
            if (tile >= shape.tiles()) {
                ptx::mbarrier_wait(memory.queries_empty, phase ^ 1);
                *memory.tile = -1;
                ptx::mbarrier_arrive(memory.queries_full);
            }
        }
    }

    // This warp has read what the barrier guards, and none of its lanes still waits for `full`, which may then fill twice.
    __device__ __forceinline__ static void release(uint64_t* empty, int lane) {
        __syncwarp();
        if (lane == 0) ptx::mbarrier_arrive(empty);
    }

    // The warp's 16 rows of queries as operand a, with their sign.
    __device__ __forceinline__ void load_queries(uint32_t (&queries)[width / 16][4], const unsigned char* tile, int warp, int lane) const {
        uint32_t sign = negate ? 0x80008000u : 0;
        int row = warp * 16 + lane % 16;
#pragma unroll
        for (int k = 0; k < width / 16; k++) {
            int piece = k % 4 * 2 + lane / 16;
            ptx::ldmatrix_x4(queries[k], tile + k / 4 * panel_bytes + row * 128 + (piece ^ row % 8) * 16);
#pragma unroll
            for (int i = 0; i < 4; i++) queries[k][i] ^= sign;
        }
    }

    // S of a block of keys; descriptors count in 16 bytes.
    __device__ __forceinline__ static void multiply_keys(float (&scores)[block / 2], const uint32_t (&queries)[width / 16][4],
                                                         uint64_t keys) {
#pragma unroll
        for (int k = 0; k < width / 16; k++)
            ptx::wgmma<bf16, bf16>(scores, queries[k], keys + (k / 4 * panel_bytes + k % 4 * 32) / 16, k > 0);
    }

    // O += P V of a block of values, whose rows are keys.
    __device__ __forceinline__ static void multiply_values(float (&sums)[width / 2], const uint32_t (&weights)[block / 16][4],
                                                           uint64_t values) {
#pragma unroll
        for (int k = 0; k < block / 16; k++) ptx::wgmma<bf16, bf16, ptx::Major::MN>(sums, weights[k], values + k * 16 * 128 / 16, true);
    }

    // Keys that a row does not see. Scores: 4 j + 2 r + i is column 8 j + 2 (lane % 4) + i of row r of the thread's two.
    __device__ __forceinline__ static void mask(float (&scores)[block / 2], const Softmax& softmax, int first_key) {
#pragma unroll
        for (int r = 0; r < 2; r++) {
            int last = softmax.last[r] - first_key - static_cast<int>(threadIdx.x) % 4 * 2;
#pragma unroll
            for (int j = 0; j < block / 8; j++)
#pragma unroll
                for (int i = 0; i < 2; i++)
                    if (j * 8 + i > last) scores[4 * j + 2 * r + i] = -INFINITY;
        }
    }

    // Scores of `blocks` blocks become weights; `shrink` is what earlier ones and their sums shrink by.
    template <int blocks>
    __device__ __forceinline__ void weigh(float (&scores)[2][block / 2], Softmax& softmax, float (&shrink)[2]) const {
        float maximum[2] = {-INFINITY, -INFINITY}, base[2];
#pragma unroll
        for (int n = 0; n < blocks; n++)
#pragma unroll
            for (int i = 0; i < block / 2; i++) maximum[i / 2 % 2] = fmaxf(maximum[i / 2 % 2], scores[n][i]);
#pragma unroll
        for (int r = 0; r < 2; r++) {
            maximum[r] = fmaxf(maximum[r], __shfl_xor_sync(0xffffffffu, maximum[r], 1));
            maximum[r] = fmaxf(maximum[r], __shfl_xor_sync(0xffffffffu, maximum[r], 2));
            float before = softmax.base[r];
            softmax.base[r] = fmaxf(before, maximum[r] * scale);
            // A row may have seen no key so far.
            base[r] = softmax.base[r] == -INFINITY ? 0.0f : softmax.base[r];
            shrink[r] = ptx::exp2_approximate(before - base[r]);
            softmax.sum[r] *= shrink[r];
        }
#pragma unroll
        for (int n = 0; n < blocks; n++)
#pragma unroll
            for (int i = 0; i < block / 2; i++) {
                float& weight = scores[n][i];
                weight = ptx::exp2_approximate(fmaf(weight, scale, -base[i / 2 % 2]));
                softmax.sum[i / 2 % 2] += weight;
            }
    }

    // What a warpgroup has of a tile.
    struct Tile {
        uint32_t queries[width / 16][4];
        float sums[width / 2];
        float scores[2][block / 2];
        uint32_t weights[2][block / 16][4];
        Softmax softmax;
        int first_query, lane, other_turn;
        uint64_t keys[2], values[2];  // descriptors of blocks of this step, and of the one before
        int first_key[2];
    };

    // Scores of `blocks` blocks of keys, with their weights, and sums of `blocks_before` blocks of values of the step before. The other
    // warpgroup's turn is when all products are issued; `empty` is that of the keys.
    template <int blocks, int blocks_before>
    __device__ __forceinline__ void step(Tile& tile, uint64_t* empty) const {
        ptx::wgmma_fence();  // [3]
#pragma unroll
        for (int n = 0; n < blocks; n++) multiply_keys(tile.scores[n], tile.queries, tile.keys[n]);
        if (blocks > 0) ptx::wgmma_commit();
#pragma unroll
        for (int n = 0; n < blocks_before; n++) multiply_values(tile.sums, tile.weights[n], tile.values[n]);
        if (blocks_before > 0) ptx::wgmma_commit();
        ptx::named_barrier_arrive(tile.other_turn, 256);
        float shrink[2];
        if constexpr (blocks > 0) {
            ptx::wgmma_wait<(blocks_before > 0 ? 1 : 0)>();
#pragma unroll
            for (int n = 0; n < blocks; n++) ptx::wgmma_pin(tile.scores[n]);
            release(empty, tile.lane);
#pragma unroll
            for (int n = 0; n < blocks; n++)
                if (tile.first_key[n] + block - 1 > shape.last_key(tile.first_query)) mask(tile.scores[n], tile.softmax, tile.first_key[n]);
            weigh<blocks>(tile.scores, tile.softmax, shrink);
        } else {
            release(empty, tile.lane);
        }
        if constexpr (blocks_before > 0) {
            ptx::wgmma_wait<0>();
            ptx::wgmma_pin(tile.sums);
        }
        if constexpr (blocks > 0) {
            // Mostly the maxima stay, above all behind the first keys, which are often the largest: sums times 1 are what they are.
            if (__any_sync(0xffffffffu, !(shrink[0] == 1.0f && shrink[1] == 1.0f))) {
#pragma unroll
                for (int i = 0; i < width / 2; i++) tile.sums[i] *= shrink[i / 2 % 2];
            }
#pragma unroll
            for (int n = 0; n < blocks; n++)
#pragma unroll
                for (int i = 0; i < block / 4; i++)
                    tile.weights[n][i / 4][i % 4] = pack_bf16(tile.scores[n][2 * i], tile.scores[n][2 * i + 1]);
        }
    }

    template <int blocks>
    __device__ __forceinline__ void step(Tile& tile, uint64_t* empty, int blocks_before) const {
        if (blocks_before == 2) return step<blocks, 2>(tile, empty);
        if (blocks_before == 1) return step<blocks, 1>(tile, empty);
        step<blocks, 0>(tile, empty);
    }

    // The values of the last step of a tile.
    template <int blocks>
    __device__ __forceinline__ static void sum_last(Tile& tile) {
        ptx::wgmma_fence();  // [3]
#pragma unroll
        for (int n = 0; n < blocks; n++) multiply_values(tile.sums, tile.weights[n], tile.values[n]);
        ptx::wgmma_commit();
        ptx::wgmma_wait<0>();
        ptx::wgmma_pin(tile.sums);
    }

    __device__ __forceinline__ void consume(const Memory& memory, int warp) const {
        int warpgroup = warp / 4, own_turn = 1 + warpgroup;
        uint64_t keys = ptx::wgmma_descriptor(memory.keys.tiles, 128, 1024);
        uint64_t values = ptx::wgmma_descriptor(memory.values.tiles, 128, 1024, panel_bytes);
        Tile tile;
        tile.lane = static_cast<int>(threadIdx.x) % 32;
        tile.other_turn = 2 - warpgroup;
        if (warpgroup == 1) ptx::named_barrier_arrive(tile.other_turn, 256);
        Position at, before;  // of keys, and of the values of the step before
        for (int phase = 0;; phase ^= 1) {
            ptx::mbarrier_wait(memory.queries_full, phase);
            int number = __shfl_sync(0xffffffffu, *memory.tile, 0);  // [2]
            if (number < 0) break;
            load_queries(tile.queries, memory.queries, warp, tile.lane);
            release(memory.queries_empty, tile.lane);

            int all_head, row_tile;
            shape.position(number / 2, all_head, row_tile);
            tile.first_query = row_tile * Sm90AttentionShape::tile_rows + warpgroup * block;
            int row = tile.first_query + warp % 4 * 16 + tile.lane / 4;
#pragma unroll
            for (int r = 0; r < 2; r++) {
                tile.softmax.last[r] = shape.last_key(row + 8 * r);
                tile.softmax.base[r] = -INFINITY;
                tile.softmax.sum[r] = 0;
            }
#pragma unroll
            for (int i = 0; i < width / 2; i++) tile.sums[i] = 0;

            int blocks_before = 0;
            bool more = number % 2 != 0;
            for (bool first = true; more; first = false) {
                ptx::mbarrier_wait(memory.keys.full + at.stage, at.phase);
                if (!first) ptx::mbarrier_wait(memory.values.full + before.stage, before.phase);
                int words[2];  // the same in all lanes, and the compiler is to know
#pragma unroll
                for (int n = 0; n < 2; n++) words[n] = __shfl_sync(0xffffffffu, memory.steps[2 * at.stage + n], 0);  // [2]
                more = !ListedBlock::last_of(words[0]);
                // One that is not listed is left out; the other is then the first.
                bool has_first = ListedBlock::taken(words[0], warpgroup), has_second = ListedBlock::taken(words[1], warpgroup);
                int blocks = (has_first ? 1 : 0) + (has_second ? 1 : 0), skipped = has_first ? 0 : 1;
                uint64_t offset = static_cast<uint64_t>(at.stage) * (tile_bytes / 16) + skipped * (box_bytes / 16);
                tile.keys[0] = keys + offset;
                tile.keys[1] = keys + offset + box_bytes / 16;
                tile.first_key[0] = ListedBlock::block_of(has_first ? words[0] : words[1]) * block;
                tile.first_key[1] = ListedBlock::block_of(words[1]) * block;
                uint64_t* empty = memory.keys.empty + at.stage;
                ptx::named_barrier_sync(own_turn, 256);
                if (blocks == 2) {
                    step<2>(tile, empty, blocks_before);
                } else if (blocks == 1) {
                    step<1>(tile, empty, blocks_before);
                } else {
                    step<0>(tile, empty, blocks_before);
                }
                if (!first) {
                    release(memory.values.empty + before.stage, tile.lane);
                    before.advance();
                }
                tile.values[0] = values + offset;
                tile.values[1] = values + offset + box_bytes / 16;
                blocks_before = blocks;
                at.advance();
            }
            if (number % 2 != 0) {
                ptx::mbarrier_wait(memory.values.full + before.stage, before.phase);
                if (blocks_before == 2) sum_last<2>(tile);
                if (blocks_before == 1) sum_last<1>(tile);
                release(memory.values.empty + before.stage, tile.lane);
                before.advance();
            }
            store(tile.sums, tile.softmax, all_head, row, tile.lane);
        }
        if (warpgroup == 0) ptx::named_barrier_sync(own_turn, 256);  // the turn that nobody takes
    }

    // Pieces of 16 bytes of a row for each lane: four lanes have 64 bytes beside each other.
    __device__ __forceinline__ void store(const float (&sums)[width / 2], const Softmax& softmax, int all_head, int row, int lane) const {
        int sequence = all_head / shape.heads, head = all_head - sequence * shape.heads;
#pragma unroll
        for (int r = 0; r < 2; r++) {
            float sum = softmax.sum[r];
            sum += __shfl_xor_sync(0xffffffffu, sum, 1);
            sum += __shfl_xor_sync(0xffffffffu, sum, 2);
            float factor = sum == 0 ? 0 : 1 / sum;
            int query = row + 8 * r;
            bool there = query < shape.query_length;
            if (there && log_sum_exp != nullptr && lane % 4 == 0)
                log_sum_exp[static_cast<int64_t>(all_head) * shape.query_length + query] =
                    (softmax.base[r] + log2f(sum)) * 0.693147180559945309f;
            bf16* to = out + ((static_cast<int64_t>(sequence) * shape.query_length + query) * shape.heads + head) * width + lane % 4 * 8;
#pragma unroll
            for (int j = 0; j < width / 8; j += 4) {
                uint32_t pieces[4];
#pragma unroll
                for (int i = 0; i < 4; i++)
                    pieces[i] = pack_bf16(sums[4 * (j + i) + 2 * r] * factor, sums[4 * (j + i) + 2 * r + 1] * factor);
                transpose_quad(pieces, lane);
                if (there) *reinterpret_cast<uint4*>(to + j * 8) = make_uint4(pieces[0], pieces[1], pieces[2], pieces[3]);
            }
        }
    }
};

}  // namespace ottava
