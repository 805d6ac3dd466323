// Transposition of bytes, eight by eight in registers.
#pragma once

#include "kernels.h"

OTTAVA_CPU_BEGIN

// x[r] and x[r + Distance] exchange the fields of `Distance` bytes that lie across the diagonal, for each pair of rows in a square of
// eight.
template <int Distance>
inline void exchange_bytes(uint64_t* x, uint64_t low_fields) {
    for (int r = 0; r < 8; r++) {
        if (r & Distance) continue;
        uint64_t changed = ((x[r] >> (8 * Distance)) ^ x[r + Distance]) & low_fields;
        x[r] ^= changed << (8 * Distance);
        x[r + Distance] ^= changed;
    }
}

// y[j, i] = x[i, j] for i < rows, a multiple of 8, and j < columns. Up to a multiple of 8 columns of x are read.
inline void transpose_bytes(uint8_t* y, int64_t y_pitch, const uint8_t* x, int64_t x_pitch, int64_t rows, int64_t columns) {
    for (int64_t j = 0; j < columns; j += 8)
        for (int64_t i = 0; i < rows; i += 8) {
            uint64_t square[8];
            for (int64_t k = 0; k < 8; k++) memcpy(square + k, x + (i + k) * x_pitch + j, 8);
            exchange_bytes<4>(square, 0x00000000ffffffffu);
            exchange_bytes<2>(square, 0x0000ffff0000ffffu);
            exchange_bytes<1>(square, 0x00ff00ff00ff00ffu);
            for (int64_t k = 0; k < 8 && j + k < columns; k++) memcpy(y + (j + k) * y_pitch + i, square + k, 8);
        }
}

OTTAVA_CPU_END
