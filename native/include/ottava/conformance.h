/* Conformance of a device's primitives: the wrappers of src/main/cuda/ptx/, one by one. */
#ifndef OTTAVA_CONFORMANCE_H
#define OTTAVA_CONFORMANCE_H

#include "ottava/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The kernels there are, a line each: name, a space, and the least architecture, 80, 89 or 90 (90: on nothing else). */
OTTAVA_API const char* ottava_conformance_kernels(void);

/*
 * Runs a kernel, on devices that run CUDA kernels of its architecture: `simt`, `cuda`. What its words mean, it says itself, in
 * src/main/cuda/conformance/.
 *   host_name         of the kernel.
 *   host_parameters   40 numbers: 0 to 7 go to the kernel. A kernel of TMA has a tensor, in `in` or, if it stores, in `out`, from byte
 *                     parameters[2] on: 8 dimensions, 9 bytes of an element, 10 bytes of the swizzle; then, innermost first, from 16 on the
 *                     sizes, from 24 on the strides in bytes (24 is not used), from 32 on the box, of up to 5 dimensions.
 *   in, out           words of 32 bits.
 */
OTTAVA_API int ottava_conformance_run(int64_t stream, const char* host_name, const int32_t* host_parameters, int64_t in, int64_t out);

#ifdef __cplusplus
}
#endif

#endif
