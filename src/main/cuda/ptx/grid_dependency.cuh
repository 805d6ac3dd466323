// Programmatic dependent launch (PTX ISA, "griddepcontrol"): a kernel begins while the one before it in the stream ends, sm_90 and later.
// Elsewhere, and without the launch attribute, both calls do nothing, so any kernel may have them. On the simt device launches follow each
// other, and a missing wait is not seen.
#pragma once

#include "cuda_types.cuh"

namespace ottava::ptx {

// The next kernel of the stream may begin once all blocks have called this, or have ended.
__device__ __forceinline__ void launch_dependents() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;\n" ::: "memory");
#endif
}
// Until the kernel before has ended and its writes are visible.
__device__ __forceinline__ void wait_for_dependencies() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;\n" ::: "memory");
#endif
}

}  // namespace ottava::ptx
