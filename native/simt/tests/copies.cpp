// Bugs with cp.async, mbarriers and TMA.
#include "bugs.h"
#include "ptx/bulk_copy.cuh"
#include "ptx/cp_async.cuh"
#include "ptx/mbarrier.cuh"
#include "ptx/tma.cuh"
#include "ptx/warp.cuh"

namespace ottava::bugs {

// One warp copies 16 bytes a lane in two groups and uses the first.
static std::string copy(bool wait, bool all_but_two, int shift) {
    Buffer<float> x(512, true), y(128);
    auto kernel = [=, px = x.data, py = y.data] {
        OTTAVA_SHARED(float, tile, 256);
        unsigned t = threadIdx.x;
        ptx::cp_async_16(tile + 4 * t, px + 4 * t + shift);
        ptx::cp_async_commit();
        ptx::cp_async_16(tile + 128 + 4 * t, px + 128 + 4 * t);
        ptx::cp_async_commit();
        if (wait && all_but_two) ptx::cp_async_wait<2>();
        if (wait && !all_but_two) ptx::cp_async_wait<1>();
        __syncwarp();
        for (unsigned i = t; i < 128; i += 32) py[i] = tile[i];
    };
    return check<float>({.name = "copy", .block = {32}}, kernel, y, [&](int i) { return x.data[i + shift]; });
}

OTTAVA_BUG(cp_async_without_a_wait) {
    return copy(!WRONG, false, 0);
}

OTTAVA_BUG(cp_async_that_waits_for_too_few_groups) {
    return copy(true, WRONG, 0);
}

OTTAVA_BUG(cp_async_from_a_misaligned_address) {
    return copy(true, false, WRONG ? 2 : 4);
}

struct Pipeline {
    int expected_bytes = 64 * 64 * 2;
    int swizzle_read = 128;  // how the kernel finds elements
    bool initialise = true;
    bool wait_for_empty = true;
    bool release_late = true;
    bool wait_for_full = true;
    int first_parity = 0;
    int shift = 0;  // of the box in shared memory, bytes
    int tiles = 6;
    int box_rows = 64;
};

// A producer warp loads tiles of 64x64 BF16 into two slots; a consumer warp adds one to them and writes them. Warp 0 produces.
static std::string pipeline(Pipeline p) {
    Buffer<bf16> x(p.tiles * 64 * 64, true);
    Buffer<float> y(p.tiles * 64 * 64);
    ptx::TensorMap map;
    std::string refused = simt::encode(map, x.data, 2, {64, 64 * p.tiles}, {128}, {64, p.box_rows}, 128);
    if (!refused.empty()) return refused;
    auto kernel = [=, py = y.data] {
        OTTAVA_DYNAMIC_SHARED(bytes);
        OTTAVA_SHARED(uint64_t, full, 2);
        OTTAVA_SHARED(uint64_t, empty, 2);
        auto slot = [&](int tile) { return bytes + tile % 2 * 8192 + p.shift; };
        if (threadIdx.x == 0 && p.initialise)
            for (int s = 0; s < 2; s++) ptx::mbarrier_init(full + s, 1), ptx::mbarrier_init(empty + s, 32);
        ptx::fence_mbarrier_init();
        __syncthreads();
        unsigned lane = threadIdx.x % 32;
        if (threadIdx.x < 32) {
            if (!ptx::elect_one()) return;
            for (int tile = 0; tile < p.tiles; tile++) {
                if (p.wait_for_empty && tile >= 2) ptx::mbarrier_wait(empty + tile % 2, tile / 2 % 2 ^ 1);
                ptx::mbarrier_arrive_expect(full + tile % 2, p.expected_bytes);
                ptx::tma_load(slot(tile), &map, full + tile % 2, 0, tile * 64);
            }
        } else {
            for (int tile = 0; tile < p.tiles; tile++) {
                if (p.wait_for_full) ptx::mbarrier_wait(full + tile % 2, tile / 2 % 2 ^ p.first_parity);
                if (!p.release_late) ptx::mbarrier_arrive(empty + tile % 2);
                __syncwarp();
                for (unsigned i = lane; i < 64 * 64; i += 32) {
                    unsigned offset = i * 2;
                    if (p.swizzle_read == 128) offset ^= offset >> 3 & 0x70;
                    if (p.swizzle_read == 64) offset ^= offset >> 3 & 0x30;
                    py[tile * 4096 + static_cast<int>(i)] = *reinterpret_cast<const bf16*>(slot(tile) + offset);
                    if (i % 1024 >= 992) __syncwarp();  // gives the producer a chance
                }
                if (p.release_late) ptx::mbarrier_arrive(empty + tile % 2);
            }
        }
    };
    return check<float>({.name = "pipeline", .block = {64}, .shared_bytes = 2 * 8192 + 1024}, kernel, y,
                        [&](int i) { return static_cast<float>(x.data[i]); });
}

OTTAVA_BUG(tma_transaction_count_too_large) {
    return pipeline({.expected_bytes = WRONG ? 64 * 64 * 4 : 64 * 64 * 2});
}

OTTAVA_BUG(tma_transaction_count_too_small) {
    return pipeline({.expected_bytes = WRONG ? 64 * 64 : 64 * 64 * 2});
}

OTTAVA_BUG(tma_read_with_another_swizzle) {
    return pipeline({.swizzle_read = WRONG ? 64 : 128});
}

OTTAVA_BUG(mbarrier_never_initialised) {
    return pipeline({.initialise = !WRONG});
}

OTTAVA_BUG(tma_slot_filled_before_it_is_free) {
    return pipeline({.wait_for_empty = !WRONG});
}

OTTAVA_BUG(tma_slot_released_before_it_is_read) {
    return pipeline({.release_late = !WRONG});
}

OTTAVA_BUG(tma_read_without_waiting) {
    return pipeline({.wait_for_full = !WRONG});
}

OTTAVA_BUG(mbarrier_wait_for_the_wrong_parity) {
    return pipeline({.first_parity = WRONG ? 1 : 0});
}

OTTAVA_BUG(tma_box_not_aligned_in_shared_memory) {
    return pipeline({.shift = WRONG ? 128 : 0});
}

OTTAVA_BUG(tma_box_larger_than_the_slots) {
    return pipeline({.expected_bytes = 64 * 128, .box_rows = WRONG ? 256 : 64});
}

OTTAVA_BUG(tma_stride_not_a_multiple_of_16_bytes) {
    Buffer<float> x(1024, true), y(64);
    int pitch = WRONG ? 18 : 20;
    ptx::TensorMap map;
    std::string refused = simt::encode(map, x.data, 4, {16, 16}, {pitch * 4}, {8, 8}, 32);
    if (!refused.empty()) return refused;
    auto kernel = [=, py = y.data] {
        OTTAVA_DYNAMIC_SHARED(bytes);
        OTTAVA_SHARED(uint64_t, full, 1);
        ptx::mbarrier_init(full, 1);
        ptx::mbarrier_arrive_expect(full, 256);
        ptx::tma_load(bytes, &map, full, 12, 12);
        ptx::mbarrier_wait(full, 0);
        for (unsigned i = 0; i < 64; i++) py[i] = *reinterpret_cast<float*>(bytes + (i * 4 ^ (i * 4 >> 3 & 0x10)));
    };
    return check<float>({.name = "corner", .block = {1}, .shared_bytes = 256}, kernel, y, [&](int i) {
        int row = 12 + i / 8, column = 12 + i % 8;
        return row < 16 && column < 16 ? x.data[row * pitch + column] : 0.0f;
    });
}

OTTAVA_BUG(shared_memory_reused_before_the_tma_store_has_read_it) {
    Buffer<float> y(256);
    ptx::TensorMap map;
    std::string refused = simt::encode(map, y.data, 4, {256}, {}, {128}, 0);
    if (!refused.empty()) return refused;
    auto kernel = [=] {
        OTTAVA_DYNAMIC_SHARED(bytes);
        auto* tile = reinterpret_cast<float*>(bytes);
        for (int half = 0; half < 2; half++) {
            for (int i = 0; i < 128; i++) tile[i] = static_cast<float>(half * 128 + i);
            ptx::fence_proxy_async();
            ptx::tma_store(&map, tile, half * 128);
            ptx::bulk_commit();
            if (!WRONG) ptx::bulk_wait_read<0>();
        }
        ptx::bulk_wait<0>();
    };
    return check<float>({.name = "store", .block = {1}, .shared_bytes = 512}, kernel, y, [](int i) { return static_cast<float>(i); });
}

}  // namespace ottava::bugs
