// Grids of kernels that go over elements, and the choice of a kernel by dtype.
#pragma once

#include "common/elements.cuh"
#include "common/rows.cuh"
#include "launch.h"

namespace ottava {

// Whether all the addresses are multiples of 16.
template <class... Addresses>
bool all_aligned(Addresses... addresses) {
    return ((addresses % 16 == 0) && ...);
}

// Blocks of 256 threads with a run of elements each.
inline int64_t blocks_of_runs(int64_t count, int64_t run) {
    int64_t blocks = ceil_div(count, 256 * run);
    return blocks < INT32_MAX ? blocks : INT32_MAX;
}

// The same where each block leaves a partial result: fewer, as their threads take several runs. The shape alone decides.
inline int64_t blocks_of_sums(int64_t count, int64_t run) {
    int64_t blocks = blocks_of_runs(count, run);
    return blocks < 1024 ? blocks : 1024;
}

// Threads for a row with a run each, in whole warps.
inline int64_t threads_of_row(int64_t columns, int64_t run, int64_t most) {
    int64_t threads = ceil_div(columns, 32 * run) * 32;
    return threads < 32 ? 32 : threads < most ? threads : most;
}

inline int64_t blocks_of_rows(int64_t rows) {
    return rows < INT32_MAX ? rows : INT32_MAX;
}

// Calls body with a value of the type that the dtype stands for.
template <class Body>
void with_float_type(int64_t stream, const char* operation, int dtype, Body body) {
    switch (dtype) {
        case OTTAVA_F32: body(float()); break;
        case OTTAVA_BF16: body(bf16()); break;
        default: refuse_dtype(stream, operation, dtype);
    }
}

// Tensors [rows, columns] of T, dense.
template <class T>
DenseRows<T> dense_rows(int64_t x, int64_t columns) {
    return {pointer<T>(x), columns, all_aligned(x) && columns % 8 == 0};
}

inline GroupedCodes grouped_codes(int64_t codes, int64_t pitch, int64_t scales, int64_t columns) {
    return {pointer<uint8_t>(codes), pitch, pointer<uint16_t>(scales), ceil_div(columns, 16)};
}

}  // namespace ottava
