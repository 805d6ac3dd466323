// Copies from global to shared memory that go on while the thread does (PTX ISA, "cp.async"). A thread groups its copies by a commit;
// waiting leaves the newest groups under way. What other threads copied is there after a wait of theirs and a barrier; or each thread lets
// an mbarrier (mbarrier.cuh) wait for its copies.
#pragma once

#include "cuda_types.cuh"
#ifndef __CUDACC__
#include "simt/copies.h"
#else
#include "ptx/address.cuh"
#endif

namespace ottava::ptx {

#ifdef __CUDACC__

// 16 bytes; both addresses 16-byte aligned. The first `bytes` of them are read, the rest become zero.
__device__ __forceinline__ void cp_async_16(void* shared, const void* global, int bytes = 16) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(shared_address(shared)), "l"(global), "r"(bytes) : "memory");
}

__device__ __forceinline__ void cp_async_commit() {
    asm volatile("cp.async.commit_group;\n" ::: "memory");
}

template <int GROUPS_LEFT>
__device__ __forceinline__ void cp_async_wait() {
    asm volatile("cp.async.wait_group %0;\n" ::"n"(GROUPS_LEFT) : "memory");
}

// Arrives at the barrier, which counts the arrival of each thread, when this thread's copies so far are done.
__device__ __forceinline__ void cp_async_mbarrier_arrive(uint64_t* barrier) {
    asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];\n" ::"r"(shared_address(barrier)) : "memory");
}

#else

inline void cp_async_16(void* shared, const void* global, int bytes = 16) {
    simt::cp_async(shared, global, 16, bytes);
}
inline void cp_async_commit() {
    simt::cp_async_commit();
}
template <int GROUPS_LEFT>
inline void cp_async_wait() {
    simt::cp_async_wait(GROUPS_LEFT);
}
inline void cp_async_mbarrier_arrive(uint64_t* barrier) {
    simt::cp_async_mbarrier_arrive(barrier);
}

#endif

}  // namespace ottava::ptx
