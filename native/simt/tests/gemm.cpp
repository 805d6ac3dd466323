// Bugs in a warp-specialised matrix product, as Hopper runs it: a persistent grid of clusters of two blocks; in each block a producer that
// loads by TMA, half of b for both blocks, and two warpgroups that multiply FP8 and write BF16 through shared memory.
#include "bugs.h"
#include "ptx/barrier.cuh"
#include "ptx/bulk_copy.cuh"
#include "ptx/cluster.cuh"
#include "ptx/ldmatrix.cuh"
#include "ptx/mbarrier.cuh"
#include "ptx/tma.cuh"
#include "ptx/warp.cuh"
#include "ptx/wgmma_products.cuh"

namespace ottava::bugs {

struct Plan {
    int empty_arrivals = 16;       // warps of both blocks that release a slot
    bool release_remotely = true;  // at the other block's barrier too
    bool lone_release = false;     // warp 0 of each block releases for all
    int idle_warp = -1;            // takes no part in products
    int shifted_warp = -1;         // takes the next 16 rows of a
    bool drain = true;             // the producer stays until all slots are free
    bool all_written = true;       // before the store
    bool store_read = true;        // before the next tile is written
    bool swizzle_output = true;
    bool give_registers = true;
    int multicast_bytes = 8192;  // of b that a block expects
};

static constexpr int M = 512, N = 64, K = 256, SLOT = 24576, OUTPUT = 2 * SLOT;

static float a_at(int i, int k) {
    return static_cast<float>((i * 7 + k * 3 + k / 5) % 3 - 1);
}
static float b_at(int j, int k) {
    return static_cast<float>((j * 5 + k + k / 7) % 3 - 1);
}

struct Gemm {
    Plan plan;
    ptx::TensorMap a, b, d;

    void produce(unsigned char* bytes, uint64_t* full, uint64_t* empty) const {
        if (plan.give_registers) ptx::setmaxnreg_decrease<40>();
        if (threadIdx.x >= 32 || !ptx::elect_one()) return;
        int rank = ptx::cluster_rank(), step = 0;
        for (int tile = static_cast<int>(blockIdx.x); tile < M / 128; tile += static_cast<int>(gridDim.x))
            for (int k = 0; k < K; k += 128, step++) {
                int slot = step % 2;
                ptx::mbarrier_wait(empty + slot, step / 2 % 2 ^ 1);
                ptx::mbarrier_arrive_expect(full + slot, 16384 + plan.multicast_bytes);
                ptx::tma_load(bytes + slot * SLOT, &a, full + slot, k, tile * 128);
                ptx::tma_load_multicast(bytes + slot * SLOT + 16384 + rank * 4096, &b, full + slot, 3, k, rank * 32);
            }
        for (int i = 0; i < 2 && plan.drain; i++, step++) ptx::mbarrier_wait(empty + step % 2, step / 2 % 2 ^ 1);
    }

    void consume(unsigned char* bytes, uint64_t* full, uint64_t* empty) const {
        ptx::setmaxnreg_increase<232>();
        int group = static_cast<int>(threadIdx.x) / 128 - 1, warp = static_cast<int>(threadIdx.x) / 32 % 4;
        int lane = static_cast<int>(threadIdx.x) % 32, step = 0;
        unsigned char* output = bytes + OUTPUT + group * 8192;
        for (int tile = static_cast<int>(blockIdx.x); tile < M / 128; tile += static_cast<int>(gridDim.x)) {
            float sums[N / 2];
            for (int k = 0; k < K; k += 128, step++) {
                unsigned char* slot = bytes + step % 2 * SLOT;
                ptx::mbarrier_wait(full + step % 2, step / 2 % 2);
                ptx::wgmma_fence();
                for (int part = 0; part < 128 && warp != plan.idle_warp; part += 32)
                    ptx::wgmma<e4m3, e5m2>(
                        sums, ptx::wgmma_descriptor(slot + group * 8192 + part + (warp == plan.shifted_warp ? 2048 : 0), 128, 1024),
                        ptx::wgmma_descriptor(slot + 16384 + part, 128, 1024), k + part > 0);
                ptx::wgmma_commit();
                ptx::wgmma_wait<0>();
                if (ptx::elect_one() && (!plan.lone_release || (group == 0 && warp == 0)))
                    for (int block = 0; block < 2; block++)
                        if (block == ptx::cluster_rank() || plan.release_remotely) ptx::mbarrier_arrive_remote(empty + step % 2, block);
            }
            bool leader = threadIdx.x % 128 == 0;
            if (leader && plan.store_read) ptx::bulk_wait_read<0>();
            ptx::named_barrier_sync(1 + group, 128);
            for (int j = 0; j < N / 8; j += 2) {
                uint32_t pairs[4];
                for (int i = 0; i < 4; i++) {
                    __nv_bfloat162 pair = __floats2bfloat162_rn(sums[j * 4 + 2 * i], sums[j * 4 + 2 * i + 1]);
                    memcpy(&pairs[i], &pair, 4);
                }
                int row = warp * 16 + lane % 16, piece = j + lane / 16;
                ptx::stmatrix_x4(output + row * 128 + (plan.swizzle_output ? piece ^ row % 8 : piece) * 16, pairs);
            }
            ptx::fence_proxy_async();
            if (plan.all_written) ptx::named_barrier_sync(1 + group, 128);
            if (leader) {
                ptx::tma_store(&d, output, 0, tile * 128 + group * 64);
                ptx::bulk_commit();
                if (!plan.all_written) ptx::bulk_wait_read<0>();
            }
        }
        ptx::bulk_wait<0>();
    }

    void operator()() const {
        OTTAVA_DYNAMIC_SHARED(bytes);
        OTTAVA_SHARED(uint64_t, full, 2);
        OTTAVA_SHARED(uint64_t, empty, 2);
        if (threadIdx.x == 0)
            for (int slot = 0; slot < 2; slot++) ptx::mbarrier_init(full + slot, 1), ptx::mbarrier_init(empty + slot, plan.empty_arrivals);
        ptx::fence_mbarrier_init();
        ptx::cluster_arrive(), ptx::cluster_wait();
        if (threadIdx.x < 128) {
            produce(bytes, full, empty);
        } else {
            consume(bytes, full, empty);
        }
    }
};

static std::string gemm(Plan plan) {
    Buffer<e4m3> a(M * K);
    Buffer<e5m2> b(N * K);
    Buffer<bf16> d(M * N);
    for (int i = 0; i < M * K; i++) a.data[i] = ptx::to_fp8<e4m3>(a_at(i / K, i % K));
    for (int i = 0; i < N * K; i++) b.data[i] = ptx::to_fp8<e5m2>(b_at(i / K, i % K));
    Gemm kernel{plan, {}, {}, {}};
    std::string refused = simt::encode(kernel.a, a.data, 1, {K, M}, {K}, {128, 128}, 128);
    refused += simt::encode(kernel.b, b.data, 1, {K, N}, {K}, {128, 32}, 128);
    refused += simt::encode(kernel.d, d.data, 2, {N, M}, {N * 2}, {64, 64}, 128);
    if (!refused.empty()) return refused;
    std::vector<float> expected(M * N);
    for (int at = 0; at < M * N; at++)
        for (int k = 0; k < K; k++) expected[static_cast<size_t>(at)] += a_at(at / N, k) * b_at(at % N, k);
    return check<bf16>({.name = "gemm", .grid = {2}, .block = {384}, .cluster = {2}, .shared_bytes = OUTPUT + 16384, .registers = 168},
                       kernel, d, [&](int at) { return expected[static_cast<size_t>(at)]; });
}

OTTAVA_BUG(gemm_slot_released_by_its_own_block_alone) {
    return gemm({.empty_arrivals = WRONG ? 8 : 16, .release_remotely = !WRONG});
}

OTTAVA_BUG(gemm_slot_released_by_one_warp_for_all) {
    return gemm({.empty_arrivals = WRONG ? 2 : 16, .lone_release = WRONG});
}

OTTAVA_BUG(gemm_multicast_bytes_of_its_own_half_alone) {
    return gemm({.multicast_bytes = WRONG ? 4096 : 8192});
}

OTTAVA_BUG(gemm_producer_that_leaves_before_the_slots_are_free) {
    return gemm({.drain = !WRONG});
}

OTTAVA_BUG(gemm_product_without_one_warp_of_the_warpgroup) {
    return gemm({.idle_warp = WRONG ? 2 : -1});
}

OTTAVA_BUG(gemm_descriptor_of_one_warp_differs) {
    return gemm({.shifted_warp = WRONG ? 3 : -1});
}

OTTAVA_BUG(gemm_output_stored_before_all_have_written_it) {
    return gemm({.all_written = !WRONG});
}

OTTAVA_BUG(gemm_output_overwritten_before_it_is_stored) {
    return gemm({.store_read = !WRONG});
}

OTTAVA_BUG(gemm_output_written_without_the_swizzle) {
    return gemm({.swizzle_output = !WRONG});
}

OTTAVA_BUG(gemm_producer_that_keeps_its_registers) {
    return gemm({.give_registers = !WRONG});
}

}  // namespace ottava::bugs
