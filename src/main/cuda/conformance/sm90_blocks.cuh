// What warps and blocks of sm_90 do for each other: one elected lane, registers handed over, mbarriers, clusters; and stmatrix.
#pragma once

#include "../ptx/cluster.cuh"
#include "../ptx/cp_async.cuh"
#include "../ptx/ldmatrix.cuh"
#include "../ptx/mbarrier.cuh"
#include "../ptx/warp.cuh"
#include "primitive.cuh"

namespace ottava {

// in: which of 32 rows each lane names, then 4 registers, 32 lanes a register. out: the rows, 4 words each.
struct sm90_stmatrix : Primitive {
    static constexpr int architecture = 90;

    __device__ __forceinline__ void operator()() const {
        OTTAVA_SHARED(uint32_t, rows, 128);
        uint32_t lane = threadIdx.x, r[4];
        for (uint32_t i = 0; i < 4; i++) r[i] = in[32 + 32 * i + lane];
        ptx::stmatrix_x4(rows + 4 * in[lane], r);
        __syncwarp();
        for (uint32_t i = 0; i < 4; i++) out[32 * i + lane] = rows[32 * i + lane];
    }
};

// A warpgroup gives registers away to two others. in: a word a thread. out: the word plus 1 in the first warpgroup and plus 2 in the
// others; then, of each thread, how many lanes of its warp were elected.
struct sm90_warp_roles : Primitive {
    static constexpr int architecture = 90;
    static constexpr int threads = 384;
    static constexpr int least_blocks = 1;  // ptxas has to know how many registers a thread begins with

    __device__ __forceinline__ void operator()() const {
        uint32_t thread = threadIdx.x, value = in[thread];
        if (thread < 128) {
            ptx::setmaxnreg_decrease<40>();
            out[thread] = value + 1;
        } else {
            ptx::setmaxnreg_increase<232>();
            out[thread] = value + 2;
        }
        out[threads + thread] = static_cast<uint32_t>(__popc(__ballot_sync(whole_warp, ptx::elect_one())));
    }
};

// A warp fills two slots in turn, 6 times; another reads and frees them. in: 32 words a turn. out: what was read, the words of a turn
// reversed.
struct sm90_mbarriers : Primitive {
    static constexpr int architecture = 90;
    static constexpr int threads = 64;

    __device__ __forceinline__ void operator()() const {
        OTTAVA_SHARED(uint32_t, slots, 64);
        OTTAVA_SHARED(uint64_t, full, 2);
        OTTAVA_SHARED(uint64_t, empty, 2);
        if (threadIdx.x == 0)
            for (int s = 0; s < 2; s++) ptx::mbarrier_init(full + s, 32), ptx::mbarrier_init(empty + s, 32);
        ptx::fence_mbarrier_init();
        __syncthreads();
        uint32_t lane = threadIdx.x % 32;
        for (int turn = 0; turn < 6; turn++) {
            int s = turn % 2, phase = turn / 2 % 2;
            if (threadIdx.x < 32) {
                ptx::mbarrier_wait(empty + s, phase ^ 1);
                slots[32 * s + static_cast<int>(lane)] = in[32 * turn + static_cast<int>(lane)];
                ptx::mbarrier_arrive(full + s);
            } else {
                ptx::mbarrier_wait(full + s, phase);
                out[32 * turn + static_cast<int>(lane)] = slots[32 * s + 31 - static_cast<int>(lane)];
                ptx::mbarrier_arrive(empty + s);
            }
        }
    }
};

// An mbarrier that waits for copies of 32 lanes. in: 4 words a lane. out: what another lane then reads, the words reversed.
struct sm90_cp_async_mbarrier : Primitive {
    static constexpr int architecture = 90;

    __device__ __forceinline__ void operator()() const {
        OTTAVA_SHARED(uint32_t, tile, 128);
        OTTAVA_SHARED(uint64_t, full, 1);
        uint32_t lane = threadIdx.x;
        if (lane == 0) ptx::mbarrier_init(full, 32);
        ptx::fence_mbarrier_init();
        __syncthreads();
        ptx::cp_async_16(tile + 4 * lane, in + 4 * lane);
        ptx::cp_async_mbarrier_arrive(full);
        ptx::mbarrier_wait(full, 0);
        for (uint32_t i = 0; i < 4; i++) out[32 * i + lane] = tile[127 - 32 * i - lane];
    }
};

// Four blocks of 32 threads. in: 32 words a block. out, of each block, 32 words each: its rank; what it read of the next block; what the
// block before it wrote here; the lanes, once the block before it has arrived at the barrier here.
struct sm90_cluster : Primitive {
    static constexpr int architecture = 90;
    static constexpr int cluster = 4;
    static constexpr int shared_bytes = 264;

    __device__ __forceinline__ void operator()() const {
        OTTAVA_DYNAMIC_SHARED(bytes);
        uint32_t* own = reinterpret_cast<uint32_t*>(bytes);
        uint32_t* from_others = own + 32;
        uint64_t* barrier = reinterpret_cast<uint64_t*>(own + 64);
        uint32_t lane = threadIdx.x;
        int rank = ptx::cluster_rank(), next = (rank + 1) % cluster;
        uint32_t* to = out + 128 * rank + static_cast<int>(lane);
        own[lane] = in[32 * rank + static_cast<int>(lane)];
        if (lane == 0) ptx::mbarrier_init(barrier, 32);
        ptx::fence_mbarrier_init();
        ptx::cluster_arrive();
        ptx::cluster_wait();
        to[0] = static_cast<uint32_t>(rank);
        to[32] = ptx::map_shared(own, next)[lane];
        ptx::map_shared(from_others, next)[lane] = own[lane] + 1;
        ptx::cluster_arrive();
        ptx::cluster_wait();
        to[64] = from_others[lane];
        ptx::mbarrier_arrive_remote(barrier, next);
        ptx::mbarrier_wait(barrier, 0);
        to[96] = lane;
        ptx::cluster_arrive();  // nobody exits while others write here
        ptx::cluster_wait();
    }
};

}  // namespace ottava
