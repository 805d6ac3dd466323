/* Named ranges of time on the calling thread, for profilers: NVTX 3, as Nsight Systems and Nsight Compute read it. */
#ifndef OTTAVA_RANGES_H
#define OTTAVA_RANGES_H

#include "ottava/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Attaches the profiler, once in a process: loads the library that the environment variable NVTX_INJECTION64_PATH names, which a profiler
 * sets for the programs it starts, and calls its InitializeInjectionNvtx2. Without that variable nobody listens, and ranges do nothing.
 * Fails where the library cannot be loaded, is none of NVTX, or refuses.
 */
OTTAVA_API int ottava_ranges_attach(void);

/* Begins a range, inside of those of the thread that have not ended; ends the last. */
OTTAVA_API int ottava_range_push(const char* name);
OTTAVA_API int ottava_range_pop(void);

#ifdef __cplusplus
}
#endif

#endif
