// What the kernels of the selection share: a block of keys in shared memory, and the words that they leave.
#pragma once

#include "../common/reduce.cuh"
#include "../ptx/cp_async.cuh"
#include "sale_shape.cuh"

namespace ottava {

struct SaleInputs {
    const float* thresholds;
    const uint8_t* q_codes;
    const float* q_scales;
    const uint8_t* k_codes;
    const float* k_scales;
    const float* correction;
    int64_t key_capacity, correction_pitch;
};

// A number in the upper half of its byte is 16 times itself: the lower and the upper halves of a register are two registers of bytes.
__device__ __forceinline__ uint32_t low_halves(uint32_t codes) {
    return codes << 4 & 0xf0f0f0f0u;
}
__device__ __forceinline__ uint32_t high_halves(uint32_t codes) {
    return codes & 0xf0f0f0f0u;
}

// Where the sums of products begin: the bits of 1.5 * 2^23. As a float, less that, they are the sum; no conversion.
constexpr int32_t sum_base = 0x4b400000;

__device__ __forceinline__ float sum_as_float(int32_t sum) {
    return bits_to_float(static_cast<uint32_t>(sum)) - 12582912.0f;
}

// Codes of 64 keys, rows 16 bytes further apart than they are long so that eight of them lie in different banks, and their scales.
template <int width>
struct KeyTile {
    static constexpr int row_bytes = width / 2, pitch = row_bytes + 16;
    static constexpr int scales = 8, scales_at = sparse_block * pitch, bytes = scales_at + scales * 4;

    // Begins to copy key block `block` of a head.
    template <int threads>
    __device__ __forceinline__ static void load(unsigned char* tile, const uint8_t* codes, const float* key_scales, int block) {
        constexpr int chunks = row_bytes / 16;
        const uint8_t* from = codes + static_cast<int64_t>(block) * sparse_block * row_bytes;
        for (int i = threadIdx.x; i < sparse_block * chunks; i += threads)
            ptx::cp_async_16(tile + i / chunks * pitch + i % chunks * 16, from + i * 16);
        int i = threadIdx.x;
        if (i < 2) ptx::cp_async_16(tile + scales_at + i * 16, key_scales + block * scales + i * 4);
    }
};

// Corrections of 64 keys for one query head, by threads `thread` 0 to 15.
__device__ __forceinline__ void load_corrections(unsigned char* to, const float* correction, int block, int thread) {
    if (thread < 16) ptx::cp_async_16(to + thread * 16, correction + block * sparse_block + thread * 4);
}

// Word `word` of the row_step query blocks of a tile of 64 estimated queries from first_row on. words: of each eight queries, whatever lies
// beside those that are estimated. By threads `thread` 0 to 7.
__device__ __forceinline__ void store_words(uint32_t* blocks, const uint32_t* words, const SaleShape& shape, int64_t query_head,
                                            int first_row, int word, int thread) {
    int query_block = shape.block_of_row(first_row) + thread, octets = 8 / shape.row_step;
    if (thread >= shape.row_step || query_block >= shape.query_blocks()) return;
    uint32_t estimated = 0;
    for (int i = 0; i < octets; i++) estimated |= words[thread * octets + i];
    int first_local = shape.first_local(query_block), last_local = shape.last_local(query_block);
    blocks[(query_head * shape.query_blocks() + query_block) * shape.words() + word] =
        (estimated & bits_between(word, 1, first_local)) | bits_between(word, 0, 1) | bits_between(word, first_local, last_local + 1);
}

}  // namespace ottava
