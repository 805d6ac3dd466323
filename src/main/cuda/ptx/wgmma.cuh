// Matrix products of a warpgroup (128 threads) from shared memory (PTX ISA, "Asynchronous warpgroup-level matrix instructions"), sm_90a.
// Order: wgmma_fence, products, wgmma_commit, wgmma_wait. Until the wait neither the sums, nor the operands in shared memory, nor the
// registers of a may be touched. The products themselves: wgmma_bf16.cuh, wgmma_e4m3.cuh.
#pragma once

#include "cuda_types.cuh"
#ifdef __CUDACC__
#include "ptx/address.cuh"
#else
#include "simt/wgmma.h"
#endif

namespace ottava::ptx {

#ifdef __CUDACC__
__device__ __forceinline__ uint32_t wgmma_address(const void* shared) {
    return shared_address(shared);
}
#else
inline uint32_t wgmma_address(const void* shared) {
    return simt::wgmma_address(shared);
}
#endif

// Describes an operand whose rows (of m or n) run along k, as TMA writes it with a swizzle of 128, 64 or 32 bytes: eight rows of so many
// bytes, then the next eight after `group_bytes`. Along k the address advances inside the row. Without swizzle (0): pieces of eight rows
// of 16 bytes; the next piece along k after `piece_bytes`, the next eight rows after `group_bytes`.
__device__ __forceinline__ uint64_t wgmma_descriptor(const void* shared, int swizzle, int group_bytes, int piece_bytes = 16) {
    uint64_t mode = swizzle == 128 ? 1 : swizzle == 64 ? 2 : swizzle == 32 ? 3 : 0;
    return (wgmma_address(shared) & 0x3ffff) >> 4 | static_cast<uint64_t>(piece_bytes >> 4) << 16 |
           static_cast<uint64_t>(group_bytes >> 4) << 32 | mode << 62;
}

#ifdef __CUDACC__

__device__ __forceinline__ void wgmma_fence() {
    asm volatile("wgmma.fence.sync.aligned;\n" ::: "memory");
}
__device__ __forceinline__ void wgmma_commit() {
    asm volatile("wgmma.commit_group.sync.aligned;\n" ::: "memory");
}
// Until at most GROUPS_LEFT groups are under way.
template <int GROUPS_LEFT>
__device__ __forceinline__ void wgmma_wait() {
    asm volatile("wgmma.wait_group.sync.aligned %0;\n" ::"n"(GROUPS_LEFT) : "memory");
}

#else

inline void wgmma_fence() {
}
inline void wgmma_commit(simt::Site site = simt::Site::current()) {
    simt::wgmma_commit(site);
}
template <int GROUPS_LEFT>
void wgmma_wait(simt::Site site = simt::Site::current()) {
    simt::wgmma_wait(GROUPS_LEFT, site);
}

#endif

}  // namespace ottava::ptx
