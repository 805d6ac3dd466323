// Entry points for nvcc: the cubin exports each kernel of a family's list under its name there (see launch/launch.h).
// To be used in namespace ottava.
#pragma once

#include "../cuda_types.cuh"

namespace ottava {

// The blocks that a multiprocessor is to hold at least, for kernels that say so: ptxas aims for no more then, where it would rather spill a
// few registers for one more block. 0: as ptxas likes.
template <class Kernel, class = void>
constexpr int least_blocks_of = 0;
template <class Kernel>
constexpr int least_blocks_of<Kernel, decltype(void(Kernel::least_blocks))> = Kernel::least_blocks;

}  // namespace ottava

#define OTTAVA_EXPORT(name, ...)                                                                     \
    extern "C" __global__ void __launch_bounds__(__VA_ARGS__::threads, least_blocks_of<__VA_ARGS__>) \
        name(const __grid_constant__ __VA_ARGS__ kernel) {                                           \
        kernel();                                                                                    \
    }
