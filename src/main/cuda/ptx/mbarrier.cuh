// Barriers in shared memory that count arrivals of threads and bytes of copies (PTX ISA, "mbarrier"), sm_90 and later.
// A barrier is a uint64_t, 8-byte aligned. Its phases alternate; a phase completes when all arrivals are in and all announced bytes have
// come. wait(parity) returns when the phase of that parity, 0 for the first, has completed.
#pragma once

#include "cuda_types.cuh"
#ifndef __CUDACC__
#include "simt/mbarrier.h"
#else
#include "ptx/address.cuh"
#endif

namespace ottava::ptx {

#ifdef __CUDACC__

// One thread; then fence_mbarrier_init and a barrier before others use it.
__device__ __forceinline__ void mbarrier_init(uint64_t* barrier, int arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;\n" ::"r"(shared_address(barrier)), "r"(arrivals) : "memory");
}
__device__ __forceinline__ void fence_mbarrier_init() {
    asm volatile("fence.mbarrier_init.release.cluster;\n" ::: "memory");
}
// Between accesses of threads to shared memory and those of TMA or wgmma.
__device__ __forceinline__ void fence_proxy_async() {
    asm volatile("fence.proxy.async.shared::cta;\n" ::: "memory");
}
__device__ __forceinline__ void mbarrier_arrive(uint64_t* barrier) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];\n" ::"r"(shared_address(barrier)) : "memory");
}
// Arrives and announces bytes that copies will bring.
__device__ __forceinline__ void mbarrier_arrive_expect(uint64_t* barrier, int bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;\n" ::"r"(shared_address(barrier)), "r"(bytes) : "memory");
}
// Arrives at the barrier in the same place of another block of the cluster.
__device__ __forceinline__ void mbarrier_arrive_remote(uint64_t* barrier, int rank) {
    asm volatile(
        "{\n.reg .b32 remote;\nmapa.shared::cluster.u32 remote, %0, %1;\n"
        "mbarrier.arrive.release.cluster.shared::cluster.b64 _, [remote];\n}\n" ::"r"(shared_address(barrier)),
        "r"(rank)
        : "memory");
}
__device__ __forceinline__ void mbarrier_wait(uint64_t* barrier, int parity) {
    asm volatile(
        "{\n.reg .pred done;\nwaiting:\n"
        "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
        "@done bra finished;\nbra waiting;\nfinished:\n}\n" ::"r"(shared_address(barrier)),
        "r"(parity)
        : "memory");
}

#else

inline void mbarrier_init(uint64_t* barrier, int arrivals) {
    simt::mbarrier_init(barrier, arrivals);
}
inline void fence_mbarrier_init() {
}
inline void fence_proxy_async() {
}
inline void mbarrier_arrive(uint64_t* barrier) {
    simt::mbarrier_arrive(barrier, 0);
}
inline void mbarrier_arrive_expect(uint64_t* barrier, int bytes) {
    simt::mbarrier_arrive(barrier, bytes);
}
inline void mbarrier_arrive_remote(uint64_t* barrier, int rank) {
    simt::mbarrier_arrive(static_cast<uint64_t*>(simt::map_shared(barrier, rank)), 0);
}
inline void mbarrier_wait(uint64_t* barrier, int parity, simt::Site site = simt::Site::current()) {
    simt::mbarrier_wait(barrier, parity, site);
}

#endif

}  // namespace ottava::ptx
