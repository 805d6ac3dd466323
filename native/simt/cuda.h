// What a kernel source needs of CUDA when g++ compiles it for the simt device. Included by src/main/cuda/cuda_types.cuh only.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "bfloat16.h"
#include "context.h"
#include "intrinsics.h"
#include "vectors.h"
#include "warp.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __cluster_dims__(...)
#define __align__(n) alignas(n)

#define threadIdx (::ottava::simt::current->index)
#define blockIdx (::ottava::simt::current->block->index)
#define blockDim (::ottava::simt::current->block->block_dim)
#define gridDim (::ottava::simt::current->block->grid_dim)
#define warpSize 32

// Arrays in shared memory: static ones are found by the address of a marker, one per place in the source and per instantiation.
#define OTTAVA_SHARED(type, name, count)   \
    static char name##_marker;             \
    type* const name = static_cast<type*>( \
        ::ottava::simt::static_shared(&name##_marker, #name, sizeof(type) * (count), alignof(type) > 16 ? alignof(type) : 16))
#define OTTAVA_DYNAMIC_SHARED(name) unsigned char* const name = ::ottava::simt::dynamic_shared()

inline void __syncthreads(::ottava::simt::Site site = ::ottava::simt::Site::current()) {
    ::ottava::simt::barrier_sync(0, 0, "__syncthreads", site);
}

inline void __threadfence() {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
inline void __threadfence_block() {
}

inline void __nanosleep(unsigned, ::ottava::simt::Site site = ::ottava::simt::Site::current()) {
    ::ottava::simt::poll("__nanosleep", site);
}
