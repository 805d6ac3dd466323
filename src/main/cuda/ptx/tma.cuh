// Boxes of a tensor of 1 to 5 dimensions between global and shared memory, copied by the hardware (PTX ISA, "cp.async.bulk.tensor"),
// sm_90 and later. One thread asks for a box. The tensor map comes from the host, as a __grid_constant__ argument. Coordinates are in
// elements, innermost first; outside the tensor a load brings zeros and a store writes nothing. The box in shared memory is dense and
// 128-byte aligned, its 16-byte pieces exchanged as the map's swizzle says: with 128 bytes, address bits 4-6 ^= bits 7-9; with 64,
// bits 4-5 ^= bits 7-8; with 32, bit 4 ^= bit 7.
#pragma once

#include "cuda_types.cuh"
#ifdef __CUDACC__
#include <cuda.h>

#include "ptx/address.cuh"
#else
#include "simt/tma.h"
#endif

namespace ottava::ptx {

#ifdef __CUDACC__

using TensorMap = CUtensorMap;

// Brings the map itself, before its first use.
__device__ __forceinline__ void tma_prefetch(const TensorMap* map) {
    asm volatile("prefetch.tensormap [%0];\n" ::"l"(map) : "memory");
}
__device__ __forceinline__ void tma_load_1d(void* shared, const TensorMap* map, uint64_t* barrier, int c0) {
    asm volatile("cp.async.bulk.tensor.1d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3}], [%2];\n" ::"r"(
                     shared_address(shared)),
                 "l"(map), "r"(shared_address(barrier)), "r"(c0)
                 : "memory");
}
__device__ __forceinline__ void tma_load_2d(void* shared, const TensorMap* map, uint64_t* barrier, int c0, int c1) {
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4}], [%2];\n" ::"r"(
                     shared_address(shared)),
                 "l"(map), "r"(shared_address(barrier)), "r"(c0), "r"(c1)
                 : "memory");
}
__device__ __forceinline__ void tma_load_3d(void* shared, const TensorMap* map, uint64_t* barrier, int c0, int c1, int c2) {
    asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5}], [%2];\n" ::"r"(
                     shared_address(shared)),
                 "l"(map), "r"(shared_address(barrier)), "r"(c0), "r"(c1), "r"(c2)
                 : "memory");
}
__device__ __forceinline__ void tma_load_4d(void* shared, const TensorMap* map, uint64_t* barrier, int c0, int c1, int c2, int c3) {
    asm volatile(
        "cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, %6}], [%2];\n" ::"r"(
            shared_address(shared)),
        "l"(map), "r"(shared_address(barrier)), "r"(c0), "r"(c1), "r"(c2), "r"(c3)
        : "memory");
}
__device__ __forceinline__ void tma_load_5d(void* shared, const TensorMap* map, uint64_t* barrier, int c0, int c1, int c2, int c3, int c4) {
    asm volatile(
        "cp.async.bulk.tensor.5d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, %6, %7}], [%2];\n" ::"r"(
            shared_address(shared)),
        "l"(map), "r"(shared_address(barrier)), "r"(c0), "r"(c1), "r"(c2), "r"(c3), "r"(c4)
        : "memory");
}
// To the same place in each block of the cluster whose bit is set; each block's own barrier counts its bytes.
__device__ __forceinline__ void tma_load_2d_multicast(void* shared, const TensorMap* map, uint64_t* barrier, uint16_t blocks, int c0,
                                                      int c1) {
    asm volatile(
        "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1, {%4, %5}], [%2], "
        "%3;\n" ::"r"(shared_address(shared)),
        "l"(map), "r"(shared_address(barrier)), "h"(blocks), "r"(c0), "r"(c1)
        : "memory");
}
__device__ __forceinline__ void tma_store_1d(const TensorMap* map, const void* shared, int c0) {
    asm volatile("cp.async.bulk.tensor.1d.global.shared::cta.tile.bulk_group [%0, {%2}], [%1];\n" ::"l"(map), "r"(shared_address(shared)),
                 "r"(c0)
                 : "memory");
}
__device__ __forceinline__ void tma_store_2d(const TensorMap* map, const void* shared, int c0, int c1) {
    asm volatile("cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group [%0, {%2, %3}], [%1];\n" ::"l"(map),
                 "r"(shared_address(shared)), "r"(c0), "r"(c1)
                 : "memory");
}
__device__ __forceinline__ void tma_store_commit() {
    asm volatile("cp.async.bulk.commit_group;\n" ::: "memory");
}
// Until at most GROUPS_LEFT groups of this thread's stores are under way: completely, or until shared memory has been read.
template <int GROUPS_LEFT>
__device__ __forceinline__ void tma_store_wait() {
    asm volatile("cp.async.bulk.wait_group %0;\n" ::"n"(GROUPS_LEFT) : "memory");
}
template <int GROUPS_LEFT>
__device__ __forceinline__ void tma_store_wait_read() {
    asm volatile("cp.async.bulk.wait_group.read %0;\n" ::"n"(GROUPS_LEFT) : "memory");
}

#else

using TensorMap = simt::TensorMap;

inline void tma_prefetch(const TensorMap*) {
}
inline void tma_load_1d(void* shared, const TensorMap* map, uint64_t* barrier, int c0) {
    simt::tma_load(shared, *map, barrier, {c0}, 0);
}
inline void tma_load_2d(void* shared, const TensorMap* map, uint64_t* barrier, int c0, int c1) {
    simt::tma_load(shared, *map, barrier, {c0, c1}, 0);
}
inline void tma_load_3d(void* shared, const TensorMap* map, uint64_t* barrier, int c0, int c1, int c2) {
    simt::tma_load(shared, *map, barrier, {c0, c1, c2}, 0);
}
inline void tma_load_4d(void* shared, const TensorMap* map, uint64_t* barrier, int c0, int c1, int c2, int c3) {
    simt::tma_load(shared, *map, barrier, {c0, c1, c2, c3}, 0);
}
inline void tma_load_5d(void* shared, const TensorMap* map, uint64_t* barrier, int c0, int c1, int c2, int c3, int c4) {
    simt::tma_load(shared, *map, barrier, {c0, c1, c2, c3, c4}, 0);
}
inline void tma_load_2d_multicast(void* shared, const TensorMap* map, uint64_t* barrier, uint16_t blocks, int c0, int c1) {
    simt::tma_load(shared, *map, barrier, {c0, c1}, blocks);
}
inline void tma_store_1d(const TensorMap* map, const void* shared, int c0) {
    simt::tma_store(*map, shared, {c0});
}
inline void tma_store_2d(const TensorMap* map, const void* shared, int c0, int c1) {
    simt::tma_store(*map, shared, {c0, c1});
}
inline void tma_store_commit() {
    simt::tma_store_commit();
}
template <int GROUPS_LEFT>
void tma_store_wait() {
    simt::tma_store_wait(GROUPS_LEFT);
}
template <int GROUPS_LEFT>
void tma_store_wait_read() {
    simt::tma_store_wait(GROUPS_LEFT);
}

#endif

}  // namespace ottava::ptx
