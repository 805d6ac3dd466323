// LOMO as an epilogue of the sm_90a product; see lomo.cuh. A warp has of each of `halves` times 64 rows 16 rows of 128 columns, or twice
// 128 for weights of F32 and BF16. Weights come and go between registers and memory. FP8 weights need 64 registers beside fast sums: new
// values take the place of the gradient, but the registers of the accumulators cannot hold them (docs/kernels/sm90-gemm.md).
#pragma once

#include "lomo.cuh"
#include "sm90_epilogue.cuh"

namespace ottava {

// Calls body(x, pairs, block) for chunks of COUNT sums of a thread, block by block of 128 columns, and half by half. FP8 weights take
// smaller chunks: they need more registers beside them.
template <class Tile, int COUNT, class Body>
__device__ __forceinline__ void for_each_chunk(float (&sums)[Tile::halves][Tile::columns / 2], int row, int column, int lane, Body body) {
    static_assert(!Tile::beside && Tile::columns % 128 == 0, "a warpgroup has blocks of 128 columns");
#pragma unroll
    for (int half = 0; half < Tile::halves; half++)
#pragma unroll
        for (int first = 0; first < Tile::columns / 2; first += COUNT)
            body(*reinterpret_cast<float(*)[COUNT]>(&sums[half][first]),
                 FragmentPairs{row + 64 * half + lane / 4, column + 2 * first + lane % 4 * 2}, half * (Tile::columns / 128) + first / 64);
}

template <class Tile>
__device__ __forceinline__ void write_partials(const LomoResult& result, float (&sums)[Tile::halves][Tile::columns / 2], int row,
                                               int column, int lane) {
    constexpr int across = Tile::columns / 128;
    double squares[Tile::halves * across] = {};
    for_each_chunk<Tile, 32>(sums, row, column, lane,
                             [&](const float(&x)[32], FragmentPairs pairs, int block) { squares[block] += result.squares(x, pairs); });
#pragma unroll
    for (int block = 0; block < Tile::halves * across; block++)
        result.write_partial_of_warp(squares[block], row + 64 * (block / across), column + 128 * (block % across));
}

// F32 and BF16 weights.
struct Sm90Lomo {
    LomoResult result;

    __device__ __forceinline__ void prefetch() const {}

    template <class Tile>
    __device__ __forceinline__ void finish(float (&sums)[Tile::halves][Tile::columns / 2], float, int row, int column,
                                           Sm90Workspace& work) const {
        LomoStep step = result.begin();
        if (result.partial != nullptr) write_partials<Tile>(result, sums, row, column, work.lane);
        if (!step.writes) return;
        for_each_chunk<Tile, 32>(sums, row, column, work.lane,
                                 [&](const float(&x)[32], FragmentPairs pairs, int) { result.update(x, step, pairs); });
    }
};

// FP8 weights: tiles have whole blocks of 128 x 128, of 256 x 128 each warpgroup one of its own.
struct Sm90LomoQuantize {
    LomoResult result;

    __device__ __forceinline__ void prefetch() const {}

    template <class Tile>
    __device__ __forceinline__ void finish(float (&sums)[Tile::halves][Tile::columns / 2], float, int row, int column,
                                           Sm90Workspace& work) const {
        static_assert(Tile::columns == 128, "a warpgroup has one block");
        LomoStep step = result.begin();
        if (result.partial != nullptr) write_partials<Tile>(result, sums, row, column, work.lane);
        if (!step.writes) return;
        float* scale = result.scale_at(row / 128 * 128, column);
        float before = scale == nullptr ? 1.0f : *scale;
        uint32_t largest = 0;
        for_each_chunk<Tile, 16>(sums, row, column, work.lane, [&](float(&x)[16], FragmentPairs pairs, int) {
            __syncwarp();  // or the loads of all chunks would come first, and there are no registers for them
            largest = max(largest, result.new_values(x, step, before, pairs));
        });
        // As in Sm90Quantize: maxima are exchanged in two places by tiles in turn.
        constexpr int sharing = Tile::halves == 2 ? 4 : Sm90Workspace::warps;
        uint32_t* amax = work.amax + work.tile * Sm90Workspace::warps * 2;
        work.tile ^= 1;
        largest = warp_reduce<Maximum>(largest);
        if (work.lane == 0) amax[work.warp] = largest;
        ptx::named_barrier_sync(1, Sm90Workspace::warps * 32);  // and all have read the scale
        int first = work.warp / sharing * sharing;
#pragma unroll
        for (int w = 0; w < sharing; w++) largest = max(largest, amax[first + w]);
        float after = weight_scale_of(largest, result.power_of_two);
        if (scale != nullptr && work.warp == first && work.lane == 0) *scale = after;
        ExactDivision divided(after);
        for_each_chunk<Tile, 16>(sums, row, column, work.lane,
                                 [&](const float(&x)[16], FragmentPairs pairs, int) { result.store_codes(x, step, divided, pairs); });
    }
};

}  // namespace ottava
