// Bugs with barriers of a block and of some of its threads.
#include "bugs.h"
#include "ptx/barrier.cuh"

namespace ottava::bugs {

OTTAVA_BUG(missing_barrier) {
    Buffer<float> x(256, true), y(256);
    auto kernel = [px = x.data, py = y.data] {
        OTTAVA_SHARED(float, tile, 256);
        unsigned i = threadIdx.x;
        tile[i] = px[i];
        if (!WRONG) __syncthreads();
        py[i] = tile[255 - i];
    };
    return check<float>({.name = "reverse", .block = {256}}, kernel, y, [&](int i) { return x.data[255 - i]; });
}

OTTAVA_BUG(tile_overwritten_before_all_have_read_it) {
    Buffer<float> x(1024, true), y(1024);
    auto kernel = [px = x.data, py = y.data] {
        OTTAVA_SHARED(float, tile, 256);
        unsigned t = threadIdx.x;
        for (unsigned base = 0; base < 1024; base += 256) {
            tile[t] = px[base + t];
            __syncthreads();
            py[base + t] = tile[255 - t];
            if (!WRONG) __syncthreads();
        }
    };
    return check<float>({.name = "reverse_tiles", .block = {256}}, kernel, y, [&](int i) { return x.data[i / 256 * 256 + 255 - i % 256]; });
}

OTTAVA_BUG(divergent_barrier) {
    Buffer<float> y(128);
    auto kernel = [py = y.data] {
        if (WRONG && threadIdx.x >= 64) {
            __syncthreads();
            py[threadIdx.x] = 2;
        } else {
            __syncthreads();
            py[threadIdx.x] = 1;
        }
    };
    return check<float>({.name = "diverge", .block = {128}}, kernel, y, [](int) { return 1.0f; });
}

OTTAVA_BUG(barrier_after_an_early_return) {
    Buffer<float> y(100);
    auto kernel = [py = y.data] {
        if (WRONG && threadIdx.x >= 100) return;
        __syncthreads();
        if (threadIdx.x < 100) py[threadIdx.x] = 1;
    };
    return check<float>({.name = "early_return", .block = {128}}, kernel, y, [](int) { return 1.0f; });
}

OTTAVA_BUG(missing_syncwarp) {
    Buffer<float> y(32);
    auto kernel = [py = y.data] {
        OTTAVA_SHARED(float, tile, 32);
        unsigned i = threadIdx.x;
        tile[i] = static_cast<float>(i);
        if (!WRONG) __syncwarp();
        py[i] = tile[i ^ 1];
    };
    return check<float>({.name = "neighbours", .block = {32}}, kernel, y, [](int i) { return static_cast<float>(i ^ 1); });
}

// A producer warp fills a tile, two consumer warps read it.
static std::string produce(int arrivals, int barrier_of_the_producer, int full) {
    Buffer<float> y(64);
    auto kernel = [=, py = y.data] {
        OTTAVA_SHARED(float, tile, 64);
        unsigned t = threadIdx.x;
        if (t >= 64) {
            tile[t - 64] = static_cast<float>(t);
            tile[t - 32] = static_cast<float>(t + 32);
            ptx::named_barrier_arrive(barrier_of_the_producer, arrivals);
        } else {
            ptx::named_barrier_sync(full, 96);
            py[t] = tile[t];
        }
    };
    return check<float>({.name = "produce", .block = {96}}, kernel, y, [](int i) { return static_cast<float>(i + 64); });
}

OTTAVA_BUG(named_barrier_of_too_few_threads) {
    return produce(WRONG ? 64 : 96, 1, 1);
}

OTTAVA_BUG(named_barrier_of_another_number) {
    return produce(96, WRONG ? 2 : 1, 1);
}

OTTAVA_BUG(named_barrier_that_counts_the_consumers_alone) {
    Buffer<float> y(64);
    auto kernel = [py = y.data] {
        OTTAVA_SHARED(float, tile, 64);
        unsigned t = threadIdx.x;
        if (t >= 64) {
            tile[t - 64] = static_cast<float>(t);
            tile[t - 32] = static_cast<float>(t + 32);
            if (!WRONG) ptx::named_barrier_arrive(1, 96);
        } else {
            ptx::named_barrier_sync(1, WRONG ? 64 : 96);
            py[t] = tile[t];
        }
    };
    return check<float>({.name = "consume", .block = {96}}, kernel, y, [](int i) { return static_cast<float>(i + 64); });
}

OTTAVA_BUG(blocks_that_wait_for_each_other) {
    Buffer<int> flags(4);
    Buffer<float> y(4);
    for (int i = 0; i < 4; i++) flags.data[i] = 0;
    auto kernel = [pf = flags.data, py = y.data] {
        atomicAdd(&pf[0], 1);
        while (atomicAdd(&pf[0], 0) < 4) __nanosleep(100);
        py[blockIdx.x] = 1;
    };
    return check<float>({.name = "grid_barrier", .grid = {4}, .block = {1}, .coresident = !WRONG, .workers = 1}, kernel, y,
                        [](int) { return 1.0f; });
}

}  // namespace ottava::bugs
