// The order in which tiles are walked: groups of rows, and within a group column after column, so that the tiles that are worked on at the
// same time share rows of A and of B, which then come from L2.
#pragma once

#include "../cuda_types.cuh"

namespace ottava {

struct TileOrder {
    int rows, columns, group;

    __device__ __forceinline__ int tiles() const { return rows * columns; }
    __device__ __forceinline__ void position(int tile, int& row, int& column) const {
        int first = tile / (group * columns) * group;
        int height = min(group, rows - first), in_group = tile - first * columns;
        row = first + in_group % height;
        column = in_group / height;
    }
};

}  // namespace ottava
