// An operand of the sm_90a product in a stage of shared memory: how TMA puts it there, and where wgmma finds it.
//
// A stage has 128 bytes of it for each row of the tile, under the swizzle of 128 bytes: 128 of k in FP8, 64 in BF16. Of Major::K those are
// a row of shared memory. Of Major::MN, rows of k, they lie in panels of 64 of m or n: 64 rows of k, 128 bytes each. Either way 64 rows of
// the tile are 8 KiB, and a wgmma takes 32 of the 128 bytes.
#pragma once

#include "../ptx/tma.cuh"
#include "../ptx/wgmma_products.cuh"

namespace ottava {

template <class T, ptx::Major MAJOR = ptx::Major::K>
struct Sm90Operand {
    using Element = T;
    static constexpr ptx::Major major = MAJOR;
    static constexpr int row_bytes = 128, step = row_bytes / sizeof(T);  // of k
    static constexpr int panel = 64;                                     // Major::MN: of m or n
    // From one wgmma to the next: inside of the rows, or 16 rows of k on.
    static constexpr int next = major == ptx::Major::K ? 32 : 16 * row_bytes;
    static_assert(major == ptx::Major::K || sizeof(T) == 2, "wgmma takes BF16 alone across the depth");

    __device__ __forceinline__ static uint64_t descriptor(const unsigned char* shared) {
        return ptx::wgmma_descriptor(shared, row_bytes, 8 * row_bytes, major == ptx::Major::K ? 16 : panel * row_bytes);
    }

    // All its rows of the tile from `row` on, of k from `k` on; or, if two blocks share them, this block's half of them for both.
    template <int ROWS>
    __device__ __forceinline__ static void load(unsigned char* to, const ptx::TensorMap* map, uint64_t* full, bool share, int rank, int k,
                                                int row) {
        static_assert(major == ptx::Major::K || ROWS % (2 * panel) == 0, "half the rows are whole panels");
        constexpr int half = ROWS / 2;
        if (share) {
            load_rows<half, true>(to + rank * half * row_bytes, map, full, k, row + rank * half);
        } else {
            load_rows<ROWS, false>(to, map, full, k, row);
        }
    }

  private:
    template <int ROWS, bool multicast>
    __device__ __forceinline__ static void load_rows(unsigned char* to, const ptx::TensorMap* map, uint64_t* full, int k, int row) {
        if constexpr (major == ptx::Major::K) {
            load_box<multicast>(to, map, full, k, row);
        } else {
#pragma unroll
            for (int i = 0; i < ROWS; i += panel) load_box<multicast>(to + i * row_bytes, map, full, row + i, k);
        }
    }
    template <bool multicast>
    __device__ __forceinline__ static void load_box(unsigned char* to, const ptx::TensorMap* map, uint64_t* full, int first, int second) {
        if constexpr (multicast) {
            ptx::tma_load_multicast(to, map, full, 3, first, second);
        } else {
            ptx::tma_load(to, map, full, first, second);
        }
    }
};

}  // namespace ottava
