// D[m, n] = sum_k A[m, k] B[n, k] as native/include/ottava/gemm.h defines it, for Hopper (sm_90a): of FP8 operands with scales, or of BF16
// operands that lie along k or across it.
//
// Block: three warpgroups and a tile of D (sm90_tiles.h). One lane of the last loads a step of A and B at a time by TMA, 128 of k in FP8 or
// 64 in BF16 (sm90_operand.cuh), into as many stages as shared memory has room for; the first two multiply them by wgmma. A stage has two
// mbarriers: `full` counts its bytes, `empty` the warps that have read it. Blocks are persistent: while a tile's epilogue runs, the next
// one's stages fill. Two blocks of a cluster may share an operand: each loads half of it for both, and a stage is empty when the warps of
// both have read it.
//
// Sums. Fast: they stay in the accumulators of the tensor cores over all of k, which for FP8 on Hopper keep about 14 bits, with the scales
// of the whole tensors applied at the end. Promoted: after each 128 of k they go to registers of their own, times the scales of those 128;
// the stage is given back before. A warpgroup of 128 rows then does its two halves one after the other, in the same accumulators. BF16
// needs no promotion: its sums are fast.
//
// The shape: addresses of A and B multiples of 16 bytes, and pitches; k at least 1. TMA brings zeros beyond the edges of k, m and n, and
// leaves out what is beyond D's. Registers and shared memory: docs/kernels/sm90-gemm.md. Not measured yet.
//
// What no run on the processor shows, and was reviewed instead; each place names its number:
//  [1] mbarriers are initialised by one thread, published to the async proxy and the cluster by fence.mbarrier_init, and a barrier of the
//      cluster follows before anyone, here or in the other block, arrives at one or names one in a copy.
//  [2] No block ends while the other may still multicast into it or arrive at its mbarriers: a barrier of the cluster ends the kernel, and
//      a consumer gets there when all copies into its block have come and all its arrivals at the other's are made.
//  [3] wgmma.fence comes before the first wgmma of a group whose accumulators ordinary instructions have touched; nothing touches them
//      between their wgmma and the wait. `wgmma_pin` keeps the compiler from moving reads of them over the wait.
//  [4] Sums are arrays indexed by constants in unrolled loops alone.
//  [5] A stage is read by the async proxy (wgmma) and written by it (TMA): between those the mbarrier is enough. What lanes write for a
//      TMA store is made visible by fence.proxy.async of each lane (sm90_epilogue.cuh).
//  [6] setmaxnreg: 384 threads start with at most 168 registers; 128 * 40 + 256 * 232 = 64512 of 65536 afterwards. All warps of a warpgroup
//      execute it, also the three idle ones of the producer, and roles are one if and else.
//  [7] The idle lanes and warps of the producer go to the last barrier of the cluster and wait there: they neither poll nor exit.
//  [8] Tensor maps are members of a __grid_constant__ parameter, and only their addresses are taken.
//  [9] Each warp of the consumers waits for its TMA stores before the block ends and its shared memory is gone.
#pragma once

#include "../ptx/cluster.cuh"
#include "../ptx/warp.cuh"
#include "fp8_scales.cuh"
#include "sm90_epilogue.cuh"
#include "sm90_operand.cuh"
#include "sm90_tiles.h"
#include "tile_order.cuh"

namespace ottava {

// A, B: Sm90Operand.
template <class A, class B, class Tile, bool promoted, class Epilogue>
struct sm90_gemm {
    static constexpr int threads = 384, least_blocks = 1;
    static constexpr int consumers = 256, consumer_warps = consumers / 32;
    static constexpr int step_bytes = A::row_bytes;  // of k
    static constexpr bool scaled = sizeof(typename A::Element) == 1;
    static_assert(A::step == B::step && (scaled || !promoted), "both FP8, or both BF16");
    static constexpr int a_bytes = Tile::rows * step_bytes, b_bytes = Tile::tile_columns * step_bytes, stage_bytes = a_bytes + b_bytes;
    static constexpr int box_bytes = consumer_warps * 2 * Sm90Workspace::box_bytes;
    static constexpr int block_bytes = 227 * 1024, other_bytes = box_bytes + Sm90Workspace::amax_bytes + 256;
    static constexpr int stages = (block_bytes - other_bytes) / stage_bytes;
    static constexpr int shared_bytes = box_bytes + stages * stage_bytes + stages * 16 + Sm90Workspace::amax_bytes;
    static_assert(stages >= 4 && stages * 16 <= 256 && shared_bytes <= block_bytes, "shared memory of a block");

    ptx::TensorMap a_map, b_map;   // of Major::K, boxes of a step and the rows that one block loads: all of the tile, or half if two share
                                   // them; of Major::MN, of a panel and a step
    Fp8Scales a_scales, b_scales;  // of FP8
    TileOrder order;               // of clusters' tiles
    int steps;
    int shared;  // Sm90Shared
    Epilogue epilogue;

    // Where in the ring of stages a thread is; `phase` is the parity of the times around.
    struct Position {
        int stage = 0, phase = 0;
        __device__ __forceinline__ void advance() {
            if (++stage == stages) stage = 0, phase ^= 1;
        }
    };

    struct Memory {
        unsigned char *a, *b;
        uint64_t *full, *empty;
    };

    // The blocks of a cluster have the same tiles to do, in number, and the same k.
    template <class Body>
    __device__ __forceinline__ void for_each_tile(int cluster_blocks, int rank, Body&& body) const {
        int step = static_cast<int>(gridDim.x) / cluster_blocks;
        for (int tile = static_cast<int>(blockIdx.x) / cluster_blocks; tile < order.tiles(); tile += step) {
            int row, column;
            order.position(tile, row, column);
            if (shared == OTTAVA_SHARE_A) column = 2 * column + rank;
            if (shared == OTTAVA_SHARE_B) row = 2 * row + rank;
            body(row * Tile::rows, column * Tile::tile_columns);
        }
    }

    __device__ __forceinline__ void operator()() const {
        OTTAVA_DYNAMIC_SHARED(bytes);
        Memory memory;
        memory.a = bytes + box_bytes;
        memory.b = memory.a + stages * a_bytes;
        memory.full = reinterpret_cast<uint64_t*>(memory.b + stages * b_bytes);
        memory.empty = memory.full + stages;
        int cluster_blocks = shared == OTTAVA_SHARE_NONE ? 1 : 2;
        int rank = shared == OTTAVA_SHARE_NONE ? 0 : ptx::cluster_rank();
        // The same in all lanes, and the compiler is to know.
        int warp = __shfl_sync(all_lanes, static_cast<int>(threadIdx.x) / 32, 0);

        if (threadIdx.x == 0) {
            for (int i = 0; i < stages; i++) {
                ptx::mbarrier_init(memory.full + i, 1);
                ptx::mbarrier_init(memory.empty + i, consumer_warps * cluster_blocks);
            }
            ptx::fence_mbarrier_init();  // [1]
        }
        __syncwarp();
        ptx::cluster_arrive();
        ptx::cluster_wait();

        if (warp >= consumer_warps) {
            ptx::setmaxnreg_decrease<40>();  // [6]
            if (warp == consumer_warps && ptx::elect_one()) produce(memory, cluster_blocks, rank);
            __syncwarp();  // [7]
        } else {
            ptx::setmaxnreg_increase<232>();
            Sm90Workspace work;
            work.boxes = bytes + warp * 2 * Sm90Workspace::box_bytes;
            work.amax = reinterpret_cast<uint32_t*>(memory.empty + stages);
            work.warp = warp;
            work.lane = static_cast<int>(threadIdx.x) % 32;
            consume(memory, cluster_blocks, rank, work);
            work.finish();  // [9]
            __syncwarp();
        }
        ptx::cluster_arrive();  // [2]
        ptx::cluster_wait();
    }

  private:
    __device__ __forceinline__ void produce(const Memory& memory, int cluster_blocks, int rank) const {
        ptx::tma_prefetch_map(&a_map);
        ptx::tma_prefetch_map(&b_map);
        epilogue.prefetch();
        Position at;
        for_each_tile(cluster_blocks, rank, [&](int row, int column) {
            for (int step = 0; step < steps; step++, at.advance()) {
                uint64_t* full = memory.full + at.stage;
                // The first time around, the phase before the first counts as over.
                ptx::mbarrier_wait(memory.empty + at.stage, at.phase ^ 1);
                // Bytes that the other block sends may come before they are announced: the phase still waits for this arrival.
                ptx::mbarrier_arrive_expect(full, stage_bytes);
                A::template load<Tile::rows>(memory.a + at.stage * a_bytes, &a_map, full, shared == OTTAVA_SHARE_A, rank, step * A::step,
                                             row);
                B::template load<Tile::tile_columns>(memory.b + at.stage * b_bytes, &b_map, full, shared == OTTAVA_SHARE_B, rank,
                                                     step * B::step, column);
            }
        });
    }

    // This warp has read the stage, in both blocks that write to it.
    __device__ __forceinline__ static void release(const Memory& memory, int stage, int cluster_blocks, int lane) {
        if (cluster_blocks == 1) {
            if (lane == 0) ptx::mbarrier_arrive(memory.empty + stage);
        } else if (lane < 2) {
            ptx::mbarrier_arrive_remote(memory.empty + stage, lane);
        }
    }

    // Four wgmma over a stage; descriptors count in 16 bytes.
    template <int COUNT>
    __device__ __forceinline__ static void multiply(float (&sums)[COUNT], uint64_t a, uint64_t b, bool accumulate) {
#pragma unroll
        for (int i = 0; i < step_bytes / 32; i++)
            ptx::wgmma<typename A::Element, typename B::Element, A::major, B::major>(sums, a + i * A::next / 16, b + i * B::next / 16,
                                                                                     accumulate || i > 0);
    }

    __device__ __forceinline__ void consume(const Memory& memory, int cluster_blocks, int rank, Sm90Workspace& work) const {
        int warpgroup = work.warp / 4;
        int row_in_tile = warpgroup * Tile::next_row, column_in_tile = warpgroup * Tile::next_column;
        uint64_t a = A::descriptor(memory.a) + row_in_tile * step_bytes / 16;
        uint64_t b = B::descriptor(memory.b) + column_in_tile * step_bytes / 16;
        Position at;
        for_each_tile(cluster_blocks, rank, [&](int row, int column) {
            row += row_in_tile, column += column_in_tile;
            float sums[Tile::halves][Tile::columns / 2];
            float scale = promoted || !scaled ? 1.0f : __ldg(a_scales.values) * __ldg(b_scales.values);
            if constexpr (promoted) {
                promoted_sums(sums, memory, cluster_blocks, work.lane, a, b, row, column, at);
            } else {
                fast_sums(sums, memory, cluster_blocks, work.lane, a, b, at);
            }
            epilogue.template finish<Tile>(sums, scale, row + work.warp % 4 * 16, column, work);
        });
    }

    // One group of wgmma is always under way; a stage is given back when the next one's has been issued.
    __device__ __forceinline__ void fast_sums(float (&sums)[Tile::halves][Tile::columns / 2], const Memory& memory, int cluster_blocks,
                                              int lane, uint64_t a, uint64_t b, Position& at) const {
        int before = 0;
        for (int step = 0; step < steps; step++, at.advance()) {
            ptx::mbarrier_wait(memory.full + at.stage, at.phase);
            ptx::wgmma_fence();  // [3]
#pragma unroll
            for (int half = 0; half < Tile::halves; half++)
                multiply(sums[half], a + (at.stage * a_bytes + half * 64 * step_bytes) / 16, b + at.stage * (b_bytes / 16), step > 0);
            ptx::wgmma_commit();
            if (step > 0) {
                ptx::wgmma_wait<1>();
                release(memory, before, cluster_blocks, lane);
            }
            before = at.stage;
        }
        ptx::wgmma_wait<0>();
#pragma unroll
        for (int half = 0; half < Tile::halves; half++) ptx::wgmma_pin(sums[half]);
        release(memory, before, cluster_blocks, lane);
    }

    __device__ __forceinline__ void promoted_sums(float (&sums)[Tile::halves][Tile::columns / 2], const Memory& memory, int cluster_blocks,
                                                  int lane, uint64_t a, uint64_t b, int row, int column, Position& at) const {
        // Columns that are no multiple of 128 reach into a second block of B's scales, at most one.
        constexpr bool two_scales = Tile::columns > 128;
        static_assert(Tile::columns <= 128 || Tile::columns == 192, "at most two scales of B");
        const float* a_scale = a_scales.of_rows(row);
        const float* b_scale = b_scales.of_rows(column);
        const float* b_second = b_scales.of_rows(column + 128);
        int boundary = 128 - column % 128;
#pragma unroll
        for (int half = 0; half < Tile::halves; half++)
#pragma unroll
            for (int i = 0; i < Tile::columns / 2; i++) sums[half][i] = 0.0f;
        for (int step = 0; step < steps; step++, at.advance()) {
            // Asked for before the products, used after them.
            float of_a = __ldg(a_scale + step * a_scales.k_stride), of_b = __ldg(b_scale + step * b_scales.k_stride);
            float of_second = two_scales ? __ldg(b_second + step * b_scales.k_stride) : of_b;
            ptx::mbarrier_wait(memory.full + at.stage, at.phase);
#pragma unroll
            for (int half = 0; half < Tile::halves; half++) {
                float partial[Tile::columns / 2];
                ptx::wgmma_fence();  // [3]
                multiply(partial, a + (at.stage * a_bytes + half * 64 * step_bytes) / 16, b + at.stage * (b_bytes / 16), false);
                ptx::wgmma_commit();
                ptx::wgmma_wait<0>();
                ptx::wgmma_pin(partial);
                if (half == Tile::halves - 1) release(memory, at.stage, cluster_blocks, lane);
                float scale = of_a * of_b, second = of_a * of_second;
#pragma unroll
                for (int i = 0; i < Tile::columns / 2; i++)
                    sums[half][i] = fmaf(partial[i], two_scales && i / 4 * 8 >= boundary ? second : scale, sums[half][i]);
            }
        }
    }
};

}  // namespace ottava
