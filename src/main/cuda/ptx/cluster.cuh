// Blocks of one cluster, which see each other's shared memory, sm_90 and later.
#pragma once

#include "cuda_types.cuh"
#ifndef __CUDACC__
#include "simt/cluster.h"
#endif

namespace ottava::ptx {

#ifdef __CUDACC__

__device__ __forceinline__ int cluster_rank() {
    uint32_t rank;
    asm volatile("mov.u32 %0, %%cluster_ctarank;\n" : "=r"(rank));
    return static_cast<int>(rank);
}
// All threads of the cluster.
__device__ __forceinline__ void cluster_arrive() {
    asm volatile("barrier.cluster.arrive.release.aligned;\n" ::: "memory");
}
__device__ __forceinline__ void cluster_wait() {
    asm volatile("barrier.cluster.wait.acquire.aligned;\n" ::: "memory");
}
// What is at the same place in the shared memory of another block, which must not have exited.
template <class T>
__device__ __forceinline__ T* map_shared(T* pointer, int rank) {
    T* remote;
    asm volatile("mapa.u64 %0, %1, %2;\n" : "=l"(remote) : "l"(pointer), "r"(rank));
    return remote;
}

#else

inline int cluster_rank() {
    return simt::cluster_rank();
}
inline void cluster_arrive(simt::Site site = simt::Site::current()) {
    simt::cluster_arrive(site);
}
inline void cluster_wait(simt::Site site = simt::Site::current()) {
    simt::cluster_wait(site);
}
template <class T>
T* map_shared(T* pointer, int rank) {
    return static_cast<T*>(simt::map_shared(pointer, rank));
}

#endif

}  // namespace ottava::ptx
