// Bugs with plain bulk copies, reductions of TMA, boxes of more dimensions, and cp.async counted by mbarriers.
#include "bugs.h"
#include "ptx/bulk_copy.cuh"
#include "ptx/cp_async.cuh"
#include "ptx/mbarrier.cuh"
#include "ptx/tma.cuh"

namespace ottava::bugs {

static std::string round_trip(int bytes, bool wait, bool commit) {
    Buffer<float> x(256, true), y(256);
    auto kernel = [=, px = x.data, py = y.data] {
        OTTAVA_SHARED(float, tile, 128);
        OTTAVA_SHARED(uint64_t, full, 1);
        ptx::mbarrier_init(full, 1);
        for (int half = 0; half < 2; half++) {
            ptx::mbarrier_arrive_expect(full, 512);
            ptx::bulk_load(tile, px + half * 128, bytes, full);
            if (wait) ptx::mbarrier_wait(full, half);
            ptx::bulk_store(py + half * 128, tile, 512);
            if (commit) ptx::bulk_commit();
            ptx::bulk_wait_read<0>();
        }
    };
    return check<float>({.name = "round_trip", .block = {1}}, kernel, y, [&](int i) { return x.data[i]; });
}

OTTAVA_BUG(bulk_copy_of_a_number_of_bytes_that_is_no_multiple_of_16) {
    return round_trip(WRONG ? 508 : 512, true, true);
}

OTTAVA_BUG(bulk_copy_used_before_it_has_come) {
    return round_trip(512, !WRONG, true);
}

OTTAVA_BUG(bulk_stores_waited_for_but_not_committed) {
    return round_trip(512, true, !WRONG);
}

// Four blocks add their tiles to one tensor of 3 dimensions, by boxes that reach over its edges.
OTTAVA_BUG(tma_store_where_blocks_have_to_add) {
    Buffer<float> y(12 * 5 * 3);
    for (int i = 0; i < y.count; i++) y.data[i] = 1;
    ptx::TensorMap map;
    std::string refused = simt::encode(map, y.data, 4, {12, 5, 3}, {48, 240}, {8, 4, 2}, 32);
    if (!refused.empty()) return refused;
    auto kernel = [=] {
        OTTAVA_DYNAMIC_SHARED(bytes);
        for (int i = 0; i < 64; i++) reinterpret_cast<float*>(bytes)[i] = 2;
        ptx::fence_proxy_async();
        for (int z = 0; z < 3; z += 2)
            for (int y = 0; y < 5; y += 4)
                for (int x = 0; x < 12; x += 8)
                    if (WRONG) {
                        ptx::tma_store(&map, bytes, x, y, z);
                    } else {
                        ptx::tma_reduce_add(&map, bytes, x, y, z);
                    }
        ptx::bulk_commit();
        ptx::bulk_wait<0>();
    };
    return check<float>({.name = "add_tiles", .grid = {4}, .block = {1}, .shared_bytes = 256}, kernel, y, [](int) { return 9.0f; });
}

// Boxes of 4 dimensions, transposed on the way: element [w][z][y][x] of x goes to [z][w][y][x] of y.
OTTAVA_BUG(tma_coordinates_exchanged) {
    Buffer<float> x(4 * 2 * 3 * 5, true), y(4 * 2 * 3 * 5);
    ptx::TensorMap from, to;
    std::string refused = simt::encode(from, x.data, 4, {4, 2, 3, 5}, {16, 32, 96}, {4, 2, 1, 1}, 0);
    refused += simt::encode(to, y.data, 4, {4, 2, 3, 5}, {16, 160, 32}, {4, 2, 1, 1}, 0);
    if (!refused.empty()) return refused;
    auto kernel = [=] {
        OTTAVA_DYNAMIC_SHARED(bytes);
        OTTAVA_SHARED(uint64_t, full, 1);
        ptx::mbarrier_init(full, 1);
        int phase = 0;
        for (int w = 0; w < 5; w++)
            for (int z = 0; z < 3; z++) {
                ptx::mbarrier_arrive_expect(full, 32);
                ptx::tma_load(bytes, &from, full, 0, 0, WRONG ? w : z, WRONG ? z : w);
                ptx::mbarrier_wait(full, phase++ % 2);
                ptx::tma_store(&to, bytes, 0, 0, z, w);
                ptx::bulk_commit();
                ptx::bulk_wait_read<0>();
            }
    };
    return check<float>({.name = "transpose", .block = {1}, .shared_bytes = 128}, kernel, y,
                        [&](int i) { return x.data[i / 8 % 5 * 24 + i / 40 * 8 + i % 8]; });
}

// A warp copies by cp.async, another waits at an mbarrier that counts the lanes' copies.
static std::string hand_over(int arrivals, bool counted) {
    Buffer<float> x(128, true), y(128);
    auto kernel = [=, px = x.data, py = y.data] {
        OTTAVA_SHARED(float, tile, 128);
        OTTAVA_SHARED(uint64_t, full, 1);
        unsigned t = threadIdx.x % 32;
        if (threadIdx.x == 0) ptx::mbarrier_init(full, arrivals);
        __syncthreads();
        if (threadIdx.x < 32) {
            ptx::cp_async_16(tile + 4 * t, px + 4 * t);
            if (counted) {
                ptx::cp_async_mbarrier_arrive(full);
            } else {
                ptx::mbarrier_arrive(full);
            }
        } else {
            ptx::mbarrier_wait(full, 0);
            for (unsigned i = t; i < 128; i += 32) py[i] = tile[i];
        }
    };
    return check<float>({.name = "hand_over", .block = {64}}, kernel, y, [&](int i) { return x.data[i]; });
}

OTTAVA_BUG(mbarrier_that_counts_threads_and_not_their_cp_async) {
    return hand_over(32, !WRONG);
}

OTTAVA_BUG(mbarrier_that_expects_one_cp_async_of_a_warp) {
    return hand_over(WRONG ? 1 : 32, true);
}

}  // namespace ottava::bugs
