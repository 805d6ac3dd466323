// What a block of sm90_attention_forward walks over: tiles of 128 queries of a head, and for each the blocks of 64 keys that either half
// of it lists, two at a time.
#pragma once

#include "../cuda_types.cuh"

namespace ottava {

// The sizes of a call, and the order of its tiles.
struct Sm90AttentionShape {
    static constexpr int block = 64, tile_rows = 2 * block;  // a block of queries is what a warpgroup has, a block of keys half a step

    int heads, group, query_length, key_length;
    int tiles_of_head, section_heads, all_heads;  // the latter of all sequences

    __host__ __device__ int tiles() const { return tiles_of_head * all_heads; }
    __device__ int query_blocks() const { return (query_length + block - 1) / block; }
    __device__ int key_words() const { return (key_length + 32 * block - 1) / (32 * block); }
    // The last key that a query sees.
    __device__ int last_key(int query) const { return query + key_length - query_length; }
    // How many blocks of keys a block of queries sees; none if it is beyond the last.
    __device__ int seen_blocks(int query_block) const {
        if (query_block >= query_blocks()) return 0;
        return last_key(min(query_block * block + block, query_length) - 1) / block + 1;
    }

    // Sections of heads, whose keys and values together fit in the L2 cache, one after the other; within a section the tiles that see
    // the most keys first, and neighbouring heads, which share keys, together.
    __device__ void position(int tile, int& all_head, int& row_tile) const {
        int section = tile / (section_heads * tiles_of_head), rest = tile - section * section_heads * tiles_of_head;
        int heads_here = min(section_heads, all_heads - section * section_heads);
        row_tile = tiles_of_head - 1 - rest / heads_here;
        all_head = section * section_heads + rest % heads_here;
    }
};

// A block of keys, and which of the two warpgroups lists it.
struct ListedBlock {
    int block, takers;  // takers: bit w for warpgroup w; 0 if there is no block left

    // As a word for the consumers, in which they find the rest.
    __device__ int packed(bool last) const { return block << 3 | (last ? 4 : 0) | takers; }
    __device__ static int block_of(int packed) { return packed >> 3; }
    __device__ static bool last_of(int packed) { return (packed & 4) != 0; }
    __device__ static bool taken(int packed, int warpgroup) { return (packed >> warpgroup & 1) != 0; }
};

// The blocks of keys that the two query blocks of a tile list and see, in order. Without a list, all that they see.
struct BlockWalk {
    const uint32_t* lists[2];  // or null
    int seen[2], word = -1;
    uint32_t bits[2], left = 0;

    // all_head: of all sequences.
    __device__ BlockWalk(const Sm90AttentionShape& shape, const uint32_t* listed, int all_head, int row_tile) {
#pragma unroll
        for (int i = 0; i < 2; i++) {
            int query_block = 2 * row_tile + i;
            seen[i] = shape.seen_blocks(query_block);
            lists[i] = listed == nullptr
                           ? nullptr
                           : listed + (static_cast<int64_t>(all_head) * shape.query_blocks() + query_block) * shape.key_words();
        }
    }

    __device__ __forceinline__ uint32_t load(int i) const {
        int rest = seen[i] - 32 * word;
        if (rest <= 0) return 0;
        uint32_t all = lists[i] == nullptr ? 0xffffffffu : lists[i][word];
        return rest >= 32 ? all : all & ((1u << rest) - 1);
    }

    __device__ __forceinline__ ListedBlock next() {
        while (left == 0) {
            word++;
            if (32 * word >= max(seen[0], seen[1])) return {0, 0};
            bits[0] = load(0);
            bits[1] = load(1);
            left = bits[0] | bits[1];
        }
        int bit = __ffs(static_cast<int>(left)) - 1;
        left &= left - 1;
        return {32 * word + bit, static_cast<int>(bits[0] >> bit & 1u) | static_cast<int>(bits[1] >> bit & 1u) << 1};
    }
};

}  // namespace ottava
