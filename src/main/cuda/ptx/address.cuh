// Addresses as inline PTX wants them. Under nvcc only: on the host, wrappers take pointers.
#pragma once

#include "cuda_types.cuh"

namespace ottava::ptx {

__device__ __forceinline__ uint32_t shared_address(const void* pointer) {
    return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

}  // namespace ottava::ptx
