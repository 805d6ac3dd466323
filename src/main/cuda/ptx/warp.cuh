// Warps as units, sm_90 and later: one elected lane, and registers handed from the producer's warps to the consumers'.
#pragma once

#include "cuda_types.cuh"
#ifndef __CUDACC__
#include "simt/warp_roles.h"
#endif

namespace ottava::ptx {

#ifdef __CUDACC__

// True on one lane. All 32 lanes.
__device__ __forceinline__ bool elect_one() {
    uint32_t elected;
    asm volatile("{\n.reg .pred p;\nelect.sync _|p, 0xffffffff;\nselp.u32 %0, 1, 0, p;\n}\n" : "=r"(elected));
    return elected != 0;
}

// All warps of a warpgroup; REGISTERS a multiple of 8 from 24 to 256. An increase waits until others have decreased.
template <int REGISTERS>
__device__ __forceinline__ void setmaxnreg_increase() {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;\n" ::"n"(REGISTERS));
}
template <int REGISTERS>
__device__ __forceinline__ void setmaxnreg_decrease() {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;\n" ::"n"(REGISTERS));
}

#else

inline bool elect_one(simt::Site site = simt::Site::current()) {
    return simt::elect_one(site);
}
template <int REGISTERS>
void setmaxnreg_increase(simt::Site site = simt::Site::current()) {
    simt::set_registers("setmaxnreg.inc", REGISTERS, true, site);
}
template <int REGISTERS>
void setmaxnreg_decrease(simt::Site site = simt::Site::current()) {
    simt::set_registers("setmaxnreg.dec", REGISTERS, false, site);
}

#endif

}  // namespace ottava::ptx
