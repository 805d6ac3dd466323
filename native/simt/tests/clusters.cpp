// Bugs with blocks that read each other's shared memory.
#include "bugs.h"
#include "ptx/cluster.cuh"
#include "ptx/mbarrier.cuh"
#include "ptx/tma.cuh"

namespace ottava::bugs {

static std::string neighbours(bool sync_before, bool sync_after, int blocks) {
    Buffer<float> y(256);
    auto kernel = [=, py = y.data] {
        OTTAVA_SHARED(float, tile, 32);
        unsigned t = threadIdx.x;
        tile[t] = static_cast<float>(blockIdx.x * 32 + t);
        if (sync_before) ptx::cluster_arrive(), ptx::cluster_wait();
        py[blockIdx.x * 32 + t] = ptx::map_shared(tile, ptx::cluster_rank() ^ 1)[t];
        if (sync_after) ptx::cluster_arrive(), ptx::cluster_wait();
    };
    return check<float>({.name = "neighbours", .grid = {8}, .block = {32}, .cluster = {static_cast<unsigned>(blocks)}}, kernel, y,
                        [](int i) { return static_cast<float>(i ^ 32); });
}

OTTAVA_BUG(cluster_read_before_the_other_block_has_written) {
    return neighbours(!WRONG, true, 2);
}

OTTAVA_BUG(block_of_a_cluster_exits_while_others_read_it) {
    return neighbours(true, !WRONG, 2);
}

OTTAVA_BUG(cluster_that_does_not_divide_the_grid) {
    return neighbours(true, true, WRONG ? 3 : 4);
}

OTTAVA_BUG(multicast_that_one_block_does_not_expect) {
    Buffer<float> x(64, true), y(128);
    ptx::TensorMap map;
    std::string refused = simt::encode(map, x.data, 4, {8, 8}, {32}, {8, 8}, 0);
    if (!refused.empty()) return refused;
    auto kernel = [=, py = y.data] {
        OTTAVA_DYNAMIC_SHARED(bytes);
        OTTAVA_SHARED(uint64_t, full, 1);
        ptx::mbarrier_init(full, 1);
        ptx::cluster_arrive(), ptx::cluster_wait();
        if (!WRONG || ptx::cluster_rank() == 0) ptx::mbarrier_arrive_expect(full, 256);
        if (ptx::cluster_rank() == 0) ptx::tma_load_multicast(bytes, &map, full, 3, 0, 0);
        ptx::mbarrier_wait(full, 0);
        for (unsigned i = 0; i < 64; i++) py[blockIdx.x * 64 + i] = reinterpret_cast<float*>(bytes)[i];
        ptx::cluster_arrive(), ptx::cluster_wait();
    };
    return check<float>({.name = "multicast", .grid = {2}, .block = {1}, .cluster = {2}, .shared_bytes = 256}, kernel, y,
                        [&](int i) { return x.data[i % 64]; });
}

}  // namespace ottava::bugs
