// Matrix products of a warpgroup (128 threads) from shared memory (PTX ISA, "Asynchronous warpgroup-level matrix instructions"), sm_90a.
// Order: wgmma_fence, products, wgmma_commit, wgmma_wait. Until the wait neither the sums, nor the operands in shared memory, nor the
// registers of a may be touched. The products themselves: wgmma_products.cuh.
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

// Describes an operand in shared memory, as TMA writes it with a swizzle of 128, 64 or 32 bytes.
//   Rows (of m or n) that run along k: eight rows of `swizzle` bytes, then the next eight rows after `group_bytes`. Along k the address
//   advances inside the row. `piece_bytes` does not matter.
//   Rows of k that run along m or n (Major::MN): eight rows of `swizzle` bytes, then the next eight rows after `group_bytes`, and what
//   follows along m or n after `piece_bytes`. Along k the address advances by whole groups.
// Without swizzle (0) the operand lies in pieces of eight rows of 16 bytes, 128 bytes each. Rows that run along k: the next piece along k
// after `piece_bytes`, the next eight rows after `group_bytes`. Major::MN: the next piece along m or n after `group_bytes`, the next eight
// rows after `piece_bytes`.
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

// Sums after a wait: keeps the compiler from reading them before it, since it does not see that wgmma writes them late.
template <int COUNT>
__device__ __forceinline__ void wgmma_pin(float (&sums)[COUNT]) {
#pragma unroll
    for (int i = 0; i < COUNT; i++) asm volatile("" : "+f"(sums[i])::"memory");
}
template <int COUNT>
__device__ __forceinline__ void wgmma_pin(int32_t (&sums)[COUNT]) {
#pragma unroll
    for (int i = 0; i < COUNT; i++) asm volatile("" : "+r"(sums[i])::"memory");
}

#else

template <class Sum, int COUNT>
void wgmma_pin(Sum (&)[COUNT]) {
}
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
