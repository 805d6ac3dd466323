// Blocks of sparse attention, and rows of codes. See ottava/sparse_attention.h.
#pragma once

#include "packing.h"

OTTAVA_CPU_BEGIN

constexpr int64_t sparse_block = 64;

// Rows of a tensor [batch, capacity, heads, head_dim].
template <class T>
struct SaleRows {
    const T* x;
    int64_t heads, head_dim, batch_pitch;
    const T* row(int64_t b, int64_t h, int64_t i) const { return x + b * batch_pitch + (i * heads + h) * head_dim; }
};

// Which rows share a scale: in each `block` rows, `groups` groups of `rows`.
struct SaleGroups {
    int64_t block, groups, rows;
    explicit SaleGroups(int kind)
        : block(kind == OTTAVA_SALE_KEYS ? 32 : 16), groups(kind == OTTAVA_SALE_KEYS ? 4 : 8), rows(kind == OTTAVA_SALE_KEYS ? 8 : 2) {}
    int64_t row(int64_t group, int64_t i) const { return rows == 8 ? i / 2 * 8 + group * 2 + i % 2 : group + 8 * i; }
    int64_t group(int64_t row) const { return rows == 8 ? row % 8 / 2 : row % 8; }
    int64_t scale_of(int64_t row) const { return row / block * groups + group(row); }
    int64_t scales(int64_t capacity) const { return (capacity + block - 1) / block * groups; }
};

// Blocks that are kept whatever the estimate says, and the queries that are estimated.
struct SaleBlocks {
    int64_t query_length, key_length, local_keys, row_step;
    int64_t rows() const { return (query_length + row_step - 1) / row_step; }
    int64_t query_blocks() const { return (query_length + sparse_block - 1) / sparse_block; }
    int64_t words() const { return (key_length + 32 * sparse_block - 1) / (32 * sparse_block); }
    int64_t position(int64_t query) const { return query + key_length - query_length; }
    int64_t first_local(int64_t query_block) const {
        int64_t key = position(query_block * sparse_block) - local_keys + 1;
        return key < 0 ? 0 : key / sparse_block;
    }
    int64_t last_local(int64_t query_block) const {
        return position(smaller((query_block + 1) * sparse_block, query_length) - 1) / sparse_block;
    }
};

OTTAVA_CPU_END
