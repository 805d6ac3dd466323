// Entry points for nvcc: the cubin exports each kernel of a family's list under its name there (see launch/launch.h).
// To be used in namespace ottava.
#pragma once

#include "../cuda_types.cuh"

#define OTTAVA_EXPORT(name, ...)                                                                                        \
    extern "C" __global__ void __launch_bounds__(__VA_ARGS__::threads) name(const __grid_constant__ __VA_ARGS__ kernel) { \
        kernel();                                                                                                       \
    }
