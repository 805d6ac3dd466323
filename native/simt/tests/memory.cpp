// Bugs with bounds of shared and global memory, and with what a launch may ask for.
#include "bugs.h"

namespace ottava::bugs {

OTTAVA_BUG(shared_write_past_the_end) {
    Buffer<float> y(64);
    auto kernel = [py = y.data] {
        OTTAVA_SHARED(float, tile, WRONG ? 63 : 64);
        unsigned i = threadIdx.x;
        tile[i] = 1;
        py[i] = 1;
    };
    return check<float>({.name = "fill_tile", .block = {64}}, kernel, y, [](int) { return 1.0f; });
}

OTTAVA_BUG(shared_read_past_the_end) {
    Buffer<float> y(64);
    auto kernel = [py = y.data] {
        OTTAVA_SHARED(float, tile, 64);
        unsigned i = threadIdx.x;
        tile[i] = 1;
        __syncthreads();
        py[i] = tile[WRONG ? i + 1 : i];
    };
    return check<float>({.name = "read_tile", .block = {64}}, kernel, y, [](int) { return 1.0f; });
}

OTTAVA_BUG(dynamic_shared_memory_too_small) {
    Buffer<float> y(64);
    auto kernel = [py = y.data] {
        OTTAVA_DYNAMIC_SHARED(bytes);
        unsigned i = threadIdx.x;
        reinterpret_cast<float*>(bytes)[i] = 1;
        py[i] = 1;
    };
    return check<float>({.name = "fill_dynamic", .block = {64}, .shared_bytes = WRONG ? 252 : 256}, kernel, y, [](int) { return 1.0f; });
}

OTTAVA_BUG(shared_memory_never_written) {
    Buffer<float> y(64);
    auto kernel = [py = y.data] {
        OTTAVA_SHARED(float, sums, 64);
        unsigned i = threadIdx.x;
        if (!WRONG) sums[i] = 0;
        sums[i] += 1;
        py[i] = sums[i];
    };
    return check<float>({.name = "accumulate", .block = {64}}, kernel, y, [](int) { return 1.0f; });
}

OTTAVA_BUG(global_write_past_the_end) {
    Buffer<float> y(100);
    auto kernel = [py = y.data] {
        unsigned i = blockIdx.x * 64 + threadIdx.x;
        if (WRONG || i < 100) py[i] = 1;
    };
    return check<float>({.name = "fill", .grid = {2}, .block = {64}}, kernel, y, [](int) { return 1.0f; });
}

OTTAVA_BUG(global_read_past_the_end) {
    Buffer<float> x(100, true), y(1);
    auto kernel = [px = x.data, py = y.data] {
        float sum = 0;
        for (int i = 0; i < (WRONG ? 101 : 100); i++) sum += px[i];
        *py = sum;
    };
    return check<float>({.name = "sum", .block = {1}}, kernel, y, [](int) { return 4950.0f; });
}

OTTAVA_BUG(wrong_tail) {
    Buffer<float> y(100);
    auto kernel = [py = y.data] {
        unsigned i = blockIdx.x * 64 + threadIdx.x;
        if (i < 100) py[i] = 1;
    };
    unsigned blocks = WRONG ? 100 / 64 : (100 + 63) / 64;
    return check<float>({.name = "fill", .grid = {blocks}, .block = {64}}, kernel, y, [](int) { return 1.0f; });
}

OTTAVA_BUG(misaligned_vector_access) {
    Buffer<float> x(64, true), y(4);
    auto kernel = [px = x.data, py = y.data] {
        float4 v = *reinterpret_cast<const float4*>(px + (WRONG ? 1 : 4));
        py[0] = v.x, py[1] = v.y, py[2] = v.z, py[3] = v.w;
    };
    return check<float>({.name = "vector", .block = {1}}, kernel, y, [](int i) { return static_cast<float>(i + (WRONG ? 1 : 4)); });
}

OTTAVA_BUG(more_registers_than_a_block_has) {
    Buffer<float> y(1024);
    auto kernel = [py = y.data] { py[threadIdx.x] = 1; };
    return check<float>({.name = "fill", .block = {1024}, .registers = WRONG ? 72 : 64}, kernel, y, [](int) { return 1.0f; });
}

OTTAVA_BUG(more_shared_memory_than_a_block_has) {
    Buffer<float> y(1);
    auto kernel = [py = y.data] {
        OTTAVA_SHARED(float, tile, 1024);
        tile[0] = 1;
        *py = tile[0];
    };
    return check<float>({.name = "tile", .block = {1}, .shared_bytes = (WRONG ? 224 : 223) * 1024}, kernel, y, [](int) { return 1.0f; });
}

}  // namespace ottava::bugs
