// Runs of bytes between global and shared memory, copied by the hardware (PTX ISA, "cp.async.bulk"), sm_90 and later; and the groups by
// which these stores and those of tma.cuh are waited for. One thread asks. Addresses and bytes are multiples of 16.
#pragma once

#include "cuda_types.cuh"
#ifdef __CUDACC__
#include "ptx/address.cuh"
#else
#include "simt/bulk_copy.h"
#endif

namespace ottava::ptx {

#ifdef __CUDACC__

// The barrier counts the bytes.
__device__ __forceinline__ void bulk_load(void* shared, const void* global, int bytes, uint64_t* barrier) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];\n" ::"r"(shared_address(shared)),
                 "l"(global), "r"(bytes), "r"(shared_address(barrier))
                 : "memory");
}
__device__ __forceinline__ void bulk_store(void* global, const void* shared, int bytes) {
    asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;\n" ::"l"(global), "r"(shared_address(shared)), "r"(bytes)
                 : "memory");
}
// Adds F32 elements, each by one atomic addition.
__device__ __forceinline__ void bulk_reduce_add(float* global, const float* shared, int bytes) {
    asm volatile("cp.reduce.async.bulk.global.shared::cta.bulk_group.add.f32 [%0], [%1], %2;\n" ::"l"(global), "r"(shared_address(shared)),
                 "r"(bytes)
                 : "memory");
}
// Brings the bytes to the L2 cache.
__device__ __forceinline__ void bulk_prefetch(const void* global, int bytes) {
    asm volatile("cp.async.bulk.prefetch.L2.global [%0], %1;\n" ::"l"(global), "r"(bytes) : "memory");
}
// Makes one group of this thread's stores since the last.
__device__ __forceinline__ void bulk_commit() {
    asm volatile("cp.async.bulk.commit_group;\n" ::: "memory");
}
// Until at most GROUPS_LEFT groups of this thread's stores are under way: completely, or until shared memory has been read.
template <int GROUPS_LEFT>
__device__ __forceinline__ void bulk_wait() {
    asm volatile("cp.async.bulk.wait_group %0;\n" ::"n"(GROUPS_LEFT) : "memory");
}
template <int GROUPS_LEFT>
__device__ __forceinline__ void bulk_wait_read() {
    asm volatile("cp.async.bulk.wait_group.read %0;\n" ::"n"(GROUPS_LEFT) : "memory");
}

#else

inline void bulk_load(void* shared, const void* global, int bytes, uint64_t* barrier) {
    simt::bulk_load(shared, global, bytes, barrier);
}
inline void bulk_store(void* global, const void* shared, int bytes) {
    simt::bulk_store(global, shared, bytes);
}
inline void bulk_reduce_add(float* global, const float* shared, int bytes) {
    simt::bulk_reduce_add(global, shared, bytes);
}
inline void bulk_prefetch(const void*, int) {
}
inline void bulk_commit() {
    simt::bulk_commit();
}
template <int GROUPS_LEFT>
void bulk_wait() {
    simt::bulk_wait(GROUPS_LEFT);
}
template <int GROUPS_LEFT>
void bulk_wait_read() {
    simt::bulk_wait(GROUPS_LEFT);
}

#endif

}  // namespace ottava::ptx
