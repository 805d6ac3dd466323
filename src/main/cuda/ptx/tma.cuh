// Boxes of a tensor of 1 to 5 dimensions between global and shared memory, copied by the hardware (PTX ISA, "cp.async.bulk.tensor"),
// sm_90 and later. One thread asks for a box. The tensor map comes from the host, as a __grid_constant__ argument. Coordinates, as many as
// the tensor has dimensions, are in elements, innermost first; outside the tensor a load brings zeros and a store writes nothing. The box
// in shared memory is dense and 128-byte aligned, its 16-byte pieces exchanged as the map's swizzle says: with 128 bytes, address bits
// 4-6 ^= bits 7-9; with 64, bits 4-5 ^= bits 7-8; with 32, bit 4 ^= bit 7.
//
// A load counts its bytes off at a barrier, a store is waited for by groups (bulk_copy.cuh). Shared memory that threads wrote is seen by a
// store after fence_proxy_async (mbarrier.cuh).
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

// The instruction in the variant for each number of dimensions; coordinates are its asm operands 0 to 4, others follow.
#define OTTAVA_TENSOR(name, before, after, ...)                                                      \
    static_assert(sizeof...(coordinates) >= 1 && sizeof...(coordinates) <= 5, "1 to 5 coordinates"); \
    constexpr int dimensions = static_cast<int>(sizeof...(coordinates));                             \
    int c[5] = {coordinates...};                                                                     \
    if constexpr (dimensions == 1) {                                                                 \
        OTTAVA_TENSOR_ASM(name ".1d" before "{%0}" after, __VA_ARGS__);                              \
    } else if constexpr (dimensions == 2) {                                                          \
        OTTAVA_TENSOR_ASM(name ".2d" before "{%0, %1}" after, __VA_ARGS__);                          \
    } else if constexpr (dimensions == 3) {                                                          \
        OTTAVA_TENSOR_ASM(name ".3d" before "{%0, %1, %2}" after, __VA_ARGS__);                      \
    } else if constexpr (dimensions == 4) {                                                          \
        OTTAVA_TENSOR_ASM(name ".4d" before "{%0, %1, %2, %3}" after, __VA_ARGS__);                  \
    } else {                                                                                         \
        OTTAVA_TENSOR_ASM(name ".5d" before "{%0, %1, %2, %3, %4}" after, __VA_ARGS__);              \
    }
#define OTTAVA_TENSOR_ASM(text, ...) \
    asm volatile(text ";\n" ::"r"(c[0]), "r"(c[1]), "r"(c[2]), "r"(c[3]), "r"(c[4]), __VA_ARGS__ : "memory")

template <class... Coordinates>
__device__ __forceinline__ void tma_load(void* shared, const TensorMap* map, uint64_t* barrier, Coordinates... coordinates) {
    OTTAVA_TENSOR("cp.async.bulk.tensor", ".shared::cluster.global.tile.mbarrier::complete_tx::bytes [%5], [%6, ", "], [%7]",
                  "r"(shared_address(shared)), "l"(map), "r"(shared_address(barrier)))
}
// To the same place in each block of the cluster whose bit is set; each block's own barrier, in the same place too, counts its bytes.
template <class... Coordinates>
__device__ __forceinline__ void tma_load_multicast(void* shared, const TensorMap* map, uint64_t* barrier, uint16_t blocks,
                                                   Coordinates... coordinates) {
    OTTAVA_TENSOR("cp.async.bulk.tensor", ".shared::cluster.global.tile.mbarrier::complete_tx::bytes.multicast::cluster [%5], [%6, ",
                  "], [%7], %8", "r"(shared_address(shared)), "l"(map), "r"(shared_address(barrier)), "h"(blocks))
}
template <class... Coordinates>
__device__ __forceinline__ void tma_store(const TensorMap* map, const void* shared, Coordinates... coordinates) {
    OTTAVA_TENSOR("cp.async.bulk.tensor", ".global.shared::cta.tile.bulk_group [%5, ", "], [%6]", "l"(map), "r"(shared_address(shared)))
}
// Adds the box to the tensor, F32 elements, each by one atomic addition.
template <class... Coordinates>
__device__ __forceinline__ void tma_reduce_add(const TensorMap* map, const void* shared, Coordinates... coordinates) {
    OTTAVA_TENSOR("cp.reduce.async.bulk.tensor", ".global.shared::cta.add.tile.bulk_group [%5, ", "], [%6]", "l"(map),
                  "r"(shared_address(shared)))
}
// Brings the box to the L2 cache.
template <class... Coordinates>
__device__ __forceinline__ void tma_prefetch(const TensorMap* map, Coordinates... coordinates){
    OTTAVA_TENSOR("cp.async.bulk.prefetch.tensor", ".L2.global.tile [%5, ", "]", "l"(map))}  // Brings the map itself near.
__device__ __forceinline__ void tma_prefetch_map(const TensorMap* map) {
    asm volatile("prefetch.tensormap [%0];\n" ::"l"(map) : "memory");
}

#undef OTTAVA_TENSOR
#undef OTTAVA_TENSOR_ASM

#else

using TensorMap = simt::TensorMap;

template <class... Coordinates>
void tma_load(void* shared, const TensorMap* map, uint64_t* barrier, Coordinates... coordinates) {
    simt::tma_load(shared, *map, barrier, {coordinates...}, 0);
}
template <class... Coordinates>
void tma_load_multicast(void* shared, const TensorMap* map, uint64_t* barrier, uint16_t blocks, Coordinates... coordinates) {
    simt::tma_load(shared, *map, barrier, {coordinates...}, blocks);
}
template <class... Coordinates>
void tma_store(const TensorMap* map, const void* shared, Coordinates... coordinates) {
    simt::tma_store(*map, shared, {coordinates...});
}
template <class... Coordinates>
void tma_reduce_add(const TensorMap* map, const void* shared, Coordinates... coordinates) {
    simt::tma_reduce_add(*map, shared, {coordinates...});
}
template <class... Coordinates>
void tma_prefetch(const TensorMap*, Coordinates...) {
}
inline void tma_prefetch_map(const TensorMap*) {
}

#endif

}  // namespace ottava::ptx
