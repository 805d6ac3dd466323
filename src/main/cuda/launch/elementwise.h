// Launches of the elementwise operations.
#pragma once

#include "elements.h"
#include "elementwise/kernels.h"
#include "ptx/fp8.cuh"

namespace ottava {

OTTAVA_ELEMENTWISE_KERNELS(OTTAVA_NAME)

// The groups of rows of a MatrixTile's grid: about 1024 blocks, at least 16 groups, and never less than a row to a warp.
struct RowGroups {
    int64_t tiles, size, count;

    RowGroups(int64_t rows, int64_t columns) : tiles(ceil_div(columns, MatrixTile::columns)) {
        int64_t wanted = tiles < 1 ? 1 : 1024 / tiles;
        if (wanted < 16) wanted = 16;
        if (wanted > 512) wanted = 512;
        size = ceil_div(ceil_div(rows, wanted), MatrixTile::warps) * MatrixTile::warps;
        count = size == 0 ? 0 : ceil_div(rows, size);
    }
    Extent grid() const { return Extent(tiles, count); }
};

namespace kernels {

inline int fill(int64_t stream, int dtype, int64_t x, int64_t count, double value) {
    uint32_t pattern;
    int64_t size = 4;
    switch (dtype) {
        case OTTAVA_F32: pattern = float_to_bits(static_cast<float>(value)); break;
        case OTTAVA_I32: pattern = static_cast<uint32_t>(static_cast<int32_t>(value)); break;
        case OTTAVA_BF16:
            pattern = Element<bf16>::store(static_cast<float>(value)) * 0x10001u;
            size = 2;
            break;
        case OTTAVA_I16:
            pattern = static_cast<uint16_t>(static_cast<int16_t>(value)) * 0x10001u;
            size = 2;
            break;
        case OTTAVA_E4M3:
            pattern = ptx::fp8_code<e4m3>(static_cast<float>(value)) * 0x1010101u;
            size = 1;
            break;
        case OTTAVA_E5M2:
            pattern = ptx::fp8_code<e5m2>(static_cast<float>(value)) * 0x1010101u;
            size = 1;
            break;
        default:
            fail(OTTAVA_UNSUPPORTED, "fill on %s: dtype %d is none of f32, bf16, e4m3, e5m2, i32, i16",
                 device_of(stream).properties["name"].c_str(), dtype);
    }
    launch(stream, any_fill{pointer<void>(x), count * size, pattern, all_aligned(x)}, blocks_of_runs(count * size, 16), 256);
    return OTTAVA_OK;
}

template <class D, class S>
void cast_to(int64_t stream, int64_t destination, int64_t source, int64_t count) {
    using Kernel = any_cast<D, S>;
    launch(stream, Kernel{pointer<D>(destination), pointer<S>(source), count, all_aligned(destination, source)},
           blocks_of_runs(count, Kernel::run), 256);
}

template <class D>
bool cast_from(int64_t stream, int64_t destination, int source_dtype, int64_t source, int64_t count) {
    switch (source_dtype) {
        case OTTAVA_F32: cast_to<D, float>(stream, destination, source, count); return true;
        case OTTAVA_BF16: cast_to<D, bf16>(stream, destination, source, count); return true;
        case OTTAVA_F16: cast_to<D, f16>(stream, destination, source, count); return true;
        default: return false;
    }
}

inline int cast(int64_t stream, int destination_dtype, int64_t destination, int source_dtype, int64_t source, int64_t count) {
    bool done = false;
    if (destination_dtype == OTTAVA_F32) done = cast_from<float>(stream, destination, source_dtype, source, count);
    if (destination_dtype == OTTAVA_BF16) done = cast_from<bf16>(stream, destination, source_dtype, source, count);
    if (destination_dtype == OTTAVA_F16) done = cast_from<f16>(stream, destination, source_dtype, source, count);
    if (!done)
        fail(OTTAVA_UNSUPPORTED, "cast on %s: from dtype %d to dtype %d", device_of(stream).properties["name"].c_str(), source_dtype,
             destination_dtype);
    return OTTAVA_OK;
}

inline int add(int64_t stream, int dtype, int64_t out, int64_t a, int64_t b, int64_t count) {
    with_float_type(stream, "add", dtype, [&](auto type) {
        using T = decltype(type);
        launch(stream, any_add<T>{pointer<T>(out), pointer<T>(a), pointer<T>(b), count, all_aligned(out, a, b)},
               blocks_of_runs(count, any_add<T>::run), 256);
    });
    return OTTAVA_OK;
}

// out[0] = the sum of the blocks' partial sums.
inline void finish_sum(int64_t stream, int64_t out, const double* partial, int64_t blocks) {
    launch(stream, any_finish_sum{pointer<float>(out), partial, blocks}, 1, 256);
}

template <class T, bool Square>
void sum_of(int64_t stream, int64_t out, int64_t x, int64_t count) {
    using Kernel = any_sum<T, Square>;
    int64_t blocks = blocks_of_sums(count, Kernel::run);
    Scratch scratch(stream, "sum");
    double* partial = scratch.take<double>(blocks);
    launch(stream, Kernel{partial, pointer<T>(x), count, all_aligned(x)}, blocks, 256);
    finish_sum(stream, out, partial, blocks);
}

inline int sum(int64_t stream, int64_t out, int64_t x, int64_t count) {
    sum_of<float, false>(stream, out, x, count);
    return OTTAVA_OK;
}

inline int sum_squares(int64_t stream, int64_t out, int dtype, int64_t x, int64_t count) {
    with_float_type(stream, "sum_squares", dtype, [&](auto type) { sum_of<decltype(type), true>(stream, out, x, count); });
    return OTTAVA_OK;
}

// out[j] (+)= the sum of partial[i, j] over i.
inline void finish_column_sum(int64_t stream, int64_t out, const float* partial, int64_t rows, int64_t columns, bool accumulate) {
    launch(stream, any_finish_column_sum{pointer<float>(out), partial, rows, columns, accumulate}, ceil_div(columns, 32), 256);
}

inline int column_sum(int64_t stream, int64_t out, int dtype, int64_t x, int64_t rows, int64_t columns, int accumulate) {
    with_float_type(stream, "column_sum", dtype, [&](auto type) {
        using T = decltype(type);
        RowGroups groups(rows, columns);
        Scratch scratch(stream, "column_sum");
        float* partial = scratch.take<float>(groups.count * columns);
        bool aligned = all_aligned(x) && columns % MatrixTile::run == 0;
        launch(stream, any_column_sum<T>{partial, pointer<T>(x), rows, columns, groups.size, aligned}, groups.grid(), MatrixTile::threads);
        finish_column_sum(stream, out, partial, groups.count, columns, accumulate != 0);
    });
    return OTTAVA_OK;
}

}  // namespace kernels
}  // namespace ottava
