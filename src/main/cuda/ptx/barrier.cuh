// Barriers of some of the threads of a block: 1 to 15 (0 is __syncthreads), of a multiple of 32 threads that both kinds of call count.
#pragma once

#include "cuda_types.cuh"

namespace ottava::ptx {

#ifdef __CUDACC__

__device__ __forceinline__ void named_barrier_sync(int barrier, int threads) {
    asm volatile("bar.sync %0, %1;\n" ::"r"(barrier), "r"(threads) : "memory");
}
// Counts the thread in and goes on.
__device__ __forceinline__ void named_barrier_arrive(int barrier, int threads) {
    asm volatile("bar.arrive %0, %1;\n" ::"r"(barrier), "r"(threads) : "memory");
}

#else

inline void named_barrier_sync(int barrier, int threads, simt::Site site = simt::Site::current()) {
    simt::barrier_sync(barrier, threads, "bar.sync", site);
}
inline void named_barrier_arrive(int barrier, int threads, simt::Site site = simt::Site::current()) {
    simt::barrier_arrive(barrier, threads, "bar.arrive", site);
}

#endif

}  // namespace ottava::ptx
