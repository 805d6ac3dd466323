// Epilogues of the sm_90a product: a warp has of each of `halves` times 64 rows 16 rows of `columns` columns, the first at (row, column) of
// D. They write to D by TMA, through two boxes of 16 rows of 128 bytes that belong to the warp: no warp waits for another, and the tile's
// stores run on under the products of the next. An epilogue is a member of the kernel: it has its own tensor map, and is called
//
//     epilogue.finish<Tile>(sums, scale, row, column, workspace);
#pragma once

#include "../ptx/barrier.cuh"
#include "../ptx/bulk_copy.cuh"
#include "../ptx/ldmatrix.cuh"
#include "../ptx/mbarrier.cuh"
#include "../ptx/tma.cuh"
#include "../ptx/wgmma.cuh"
#include "epilogue.cuh"

namespace ottava {

// What a warp of the consumers works with; lives as long as the block.
struct Sm90Workspace {
    static constexpr int box_rows = 16, row_bytes = 128, box_bytes = box_rows * row_bytes;
    static constexpr int warps = 8, amax_bytes = 2 * warps * 2 * 4;

    unsigned char* boxes;  // [2, box_bytes] of this warp, 1024-byte aligned
    uint32_t* amax;        // [2, warps, 2] of the block: by tiles in turn, and of two blocks of 128 columns
    int warp, lane;
    int box = 0, tile = 0;  // which are next

    // A box to write to, from which the store before the last has been read. Groups of stores belong to the thread that commits them:
    // lane 0 always.
    __device__ __forceinline__ unsigned char* take_box() {
        if (lane == 0) ptx::bulk_wait_read<1>();
        __syncwarp();
        unsigned char* taken = boxes + box * box_bytes;
        box ^= 1;
        return taken;
    }
    // Every lane makes what it wrote visible to TMA, then one stores the box.
    __device__ __forceinline__ void store_box(const ptx::TensorMap* map, const unsigned char* written, int column, int row) {
        ptx::fence_proxy_async();
        __syncwarp();
        if (lane == 0) {
            ptx::tma_store(map, written, column, row);
            ptx::bulk_commit();
        }
    }
    // Before the block ends: its shared memory has been read, and D is written.
    __device__ __forceinline__ void finish() const {
        if (lane == 0) ptx::bulk_wait<0>();
    }
    // A 16-byte piece of a box under TMA's swizzle of 128 bytes. Boxes are 1024-byte aligned, so address bits 7-9 are those of the row.
    static __device__ __forceinline__ unsigned char* piece(unsigned char* box, int row, int piece) {
        return box + row * row_bytes + ((piece ^ (row & 7)) << 4);
    }
};

// D in F32 or BF16. F32 is stored from the registers: four lanes fill a sector of 32 bytes. So is BF16 where TMA cannot: it takes a pitch
// and an address of multiples of 16 bytes, and boxes of 64 columns.
struct Sm90Store {
    StoreResult result;
    bool is_f32, by_tma;
    ptx::TensorMap map;  // of D, boxes of 64 x 16

    __device__ __forceinline__ void prefetch() const {
        if (by_tma) ptx::tma_prefetch_map(&map);
    }

    template <class Tile>
    __device__ __forceinline__ void finish(float (&sums)[Tile::halves][Tile::columns / 2], float scale, int row, int column,
                                           Sm90Workspace& work) const {
        // A box at a time, so that few registers are needed beside the sums.
        constexpr int width = Tile::columns < 64 ? Tile::columns : 64;
#pragma unroll
        for (int half = 0; half < Tile::halves; half++)
#pragma unroll
            for (int first = 0; first < Tile::columns; first += width) {
                float(&x)[width / 2] = *reinterpret_cast<float(*)[width / 2]>(&sums[half][first / 2]);
                FragmentPlace place(row + 64 * half, column + first, result.rows, result.columns);
                if (is_f32) {
                    result.template finish<float>(x, scale, place);
                    result.template store<float>(x, place);
                } else {
                    result.template finish<bf16>(x, scale, place);
                    if (width == 64 && by_tma) {
                        store_box(x, row + 64 * half, column + first, work);
                    } else {
                        result.template store<bf16>(x, place);
                    }
                }
            }
    }

  private:
    template <int COUNT>
    __device__ __forceinline__ void store_box(const float (&x)[COUNT], int row, int column, Sm90Workspace& work) const {
        unsigned char* box = work.take_box();
#pragma unroll
        for (int i = 0; i < COUNT / 8; i++) {
            // Four matrices of 8 x 8: rows 0-7 and 8-15 of the first 8 columns, then of the next.
            const float* from = x + 8 * i;
            uint32_t packed[4] = {pack(from[0], from[1]), pack(from[2], from[3]), pack(from[4], from[5]), pack(from[6], from[7])};
            ptx::stmatrix_x4(Sm90Workspace::piece(box, work.lane % 16, 2 * i + work.lane / 16), packed);
        }
        work.store_box(&map, box, column, row);
    }
    static __device__ __forceinline__ uint32_t pack(float low, float high) {
        return Element<bf16>::store(low) | static_cast<uint32_t>(Element<bf16>::store(high)) << 16;
    }
};

// D in FP8. With blocks of 128 x 128, tiles have whole ones: of a tile of 256 x 128 each warpgroup has one of its own.
// Values are made from the sums, 64 columns at a time, once for the maximum and once for the codes: the registers of accumulators cannot
// hold anything else, and there are none to keep all values beside them.
struct Sm90Quantize {
    QuantizeResult result;
    ptx::TensorMap map;  // of the codes, rows filled up to multiples of 16; boxes of 128 x 16

    __device__ __forceinline__ void prefetch() const { ptx::tma_prefetch_map(&map); }

    template <class Tile>
    __device__ __forceinline__ void finish(float (&sums)[Tile::halves][Tile::columns / 2], float scale, int row, int column,
                                           Sm90Workspace& work) const {
        static_assert(!Tile::beside && Tile::columns % 128 == 0, "a tile has whole blocks");
        float scales[Tile::columns / 128] = {};
        if (!result.groups) block_scales<Tile>(sums, scale, row, column, work, scales);
        float again[1] = {scale};
        ptx::wgmma_pin(again);  // or the compiler would see that the products are the same, and keep the first
#pragma unroll
        for (int half = 0; half < Tile::halves; half++)
#pragma unroll
            for (int block = 0; block < Tile::columns / 128; block++) {
                unsigned char* box = work.take_box();
#pragma unroll
                for (int part = 0; part < 2; part++) {
                    FragmentPlace place(row + 64 * half, column + 128 * block + 64 * part, result.rows, result.columns);
                    float x[32];
                    values(x, &sums[half][64 * block + 32 * part], again[0], place);
                    if (result.groups) {
                        put_groups(box, 4 * part, x, place, work.lane);
                    } else {
                        put_block(box, 4 * part, x, scales[block], place, work.lane);
                    }
                }
                work.store_box(&map, box, column + 128 * block, row + 64 * half);
            }
    }

  private:
    __device__ __forceinline__ void values(float (&x)[32], const float* sums, float scale, FragmentPlace place) const {
#pragma unroll
        for (int i = 0; i < 32; i++) x[i] = sums[i];
        result.finish(x, scale, place);
    }

    __device__ __forceinline__ void put_groups(unsigned char* box, int first_piece, const float (&x)[32], FragmentPlace place,
                                               int lane) const {
#pragma unroll
        for (int j = 0; j < 8; j += 2)
#pragma unroll
            for (int h = 0; h < 2; h++) {
                ExactDivision divided(result.group_scale(x, j, h, place));
                put_codes(box, first_piece, x, j, h, divided, place, lane);
                put_codes(box, first_piece, x, j + 1, h, divided, place, lane);
            }
    }
    __device__ __forceinline__ void put_block(unsigned char* box, int first_piece, const float (&x)[32], float scale, FragmentPlace place,
                                              int lane) const {
        ExactDivision divided(scale);
#pragma unroll
        for (int j = 0; j < 8; j++)
#pragma unroll
            for (int h = 0; h < 2; h++) put_codes(box, first_piece, x, j, h, divided, place, lane);
    }
    // Eight rows of 8 bytes at a time, which the swizzle spreads over all banks.
    __device__ __forceinline__ void put_codes(unsigned char* box, int first_piece, const float (&x)[32], int j, int h,
                                              const ExactDivision& divided, FragmentPlace place, int lane) const {
        unsigned char* to = Sm90Workspace::piece(box, lane / 4 + 8 * h, first_piece + j / 2) + j % 2 * 8 + lane % 4 * 2;
        *reinterpret_cast<uint16_t*>(to) = result.codes(x, j, h, divided, place);
    }

    // The consumers exchange their maxima. They write to two places by tiles in turn: who writes for the tile after the next has passed
    // the barrier of the next, and so has everyone who read this tile's.
    template <class Tile>
    __device__ __forceinline__ void block_scales(const float (&sums)[Tile::halves][Tile::columns / 2], float scale, int row, int column,
                                                 Sm90Workspace& work, float (&scales)[Tile::columns / 128]) const {
        constexpr int blocks = Tile::columns / 128, sharing = Tile::halves == 2 ? 4 : Sm90Workspace::warps;
        uint32_t* amax = work.amax + work.tile * Sm90Workspace::warps * 2;
        work.tile ^= 1;
#pragma unroll
        for (int block = 0; block < blocks; block++) {
            uint32_t bits = 0;
#pragma unroll
            for (int half = 0; half < Tile::halves; half++)
#pragma unroll
                for (int part = 0; part < 2; part++) {
                    float x[32];
                    values(x, &sums[half][64 * block + 32 * part], scale,
                           FragmentPlace(row + 64 * half, column + 128 * block + 64 * part, result.rows, result.columns));
#pragma unroll
                    for (int i = 0; i < 32; i++) bits = Maximum()(bits, magnitude_bits(x[i]));
                }
            bits = warp_reduce<Maximum>(bits);
            if (work.lane == 0) amax[work.warp * 2 + block] = bits;
        }
        ptx::named_barrier_sync(1, Sm90Workspace::warps * 32);
        int first = work.warp / sharing * sharing;
#pragma unroll
        for (int block = 0; block < blocks; block++) {
            uint32_t bits = 0;
#pragma unroll
            for (int w = 0; w < sharing; w++) bits = Maximum()(bits, amax[(first + w) * 2 + block]);
            scales[block] = result.block_scale(bits, row, column + 128 * block, work.warp == first && work.lane == 0);
        }
    }
};

}  // namespace ottava
