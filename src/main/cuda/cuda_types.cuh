// The one header of CUDA's types for kernel sources: CUDA's own under nvcc, those of the simt device under g++.
// Shared memory is declared by two macros, because on the simt device it belongs to the executor:
//   OTTAVA_SHARED(float, tile, 256);      an array, of a constant size; 16-byte aligned at least
//   OTTAVA_DYNAMIC_SHARED(bytes);         unsigned char*, what the launch asked for; 1024-byte aligned
#pragma once

#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <stdint.h>

#define OTTAVA_SHARED(type, name, count) __shared__ __align__(16) type name[count]
#define OTTAVA_DYNAMIC_SHARED(name) extern __shared__ __align__(1024) unsigned char name[]
#else
#include "simt/cuda.h"
#endif

namespace ottava {

using bf16 = __nv_bfloat16;

}  // namespace ottava
