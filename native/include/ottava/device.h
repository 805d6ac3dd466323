/* Devices, streams and memory. */
#ifndef OTTAVA_DEVICE_H
#define OTTAVA_DEVICE_H

#include "ottava/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The message of the last failure on this thread: operation, shapes, dtypes, device and what to do. Valid until the next failure. */
OTTAVA_API const char* ottava_last_error(void);

/*
 * Opens a device and writes its handle to host_device[0].
 *   name          "cpu"; "meta", which counts memory and computes nothing: its addresses are not memory, its operations return at once;
 *                 "simt", which runs the CUDA kernels of sm_90a on the processor, or "simt:sm_80", "simt:sm_89": those of that
 * architecture. onednn_path   for "cpu": path of oneDNN's shared library, or "" to multiply with Ottava's own kernel. threads       for
 * "cpu": OpenMP threads; 0 takes one per core (OMP_NUM_THREADS is respected).
 */
OTTAVA_API int ottava_device_open(const char* name, const char* onednn_path, int threads, int64_t* host_device);
OTTAVA_API int ottava_device_close(int64_t device);

/*
 * A property of a device as text; "" if it has none of that name. Valid until the device is closed.
 * "name", "processor", "instructions", "threads", "matmul" (who multiplies matrices), "native_bf16" ("true" or "false");
 * of devices that run kernels "last_kernel": the name, in its cubin, of the one launched last.
 */
OTTAVA_API const char* ottava_device_property(int64_t device, const char* name);

/* Streams. Every device has a default stream, which is not destroyed. */
OTTAVA_API int64_t ottava_device_default_stream(int64_t device);
OTTAVA_API int ottava_stream_synchronize(int64_t stream);

/* Memory, aligned to 256 bytes and not initialised. */
OTTAVA_API int ottava_memory_allocate(int64_t device, int64_t bytes, int64_t* host_address);
OTTAVA_API int ottava_memory_free(int64_t device, int64_t address, int64_t bytes);
OTTAVA_API int ottava_memory_available(int64_t device, int64_t* host_bytes);

/* Copies of bytes. They return when the host memory may be reused. */
OTTAVA_API int ottava_copy_to_device(int64_t stream, int64_t address, int64_t host_address, int64_t bytes);
OTTAVA_API int ottava_copy_to_host(int64_t stream, int64_t host_address, int64_t address, int64_t bytes);
OTTAVA_API int ottava_copy(int64_t stream, int64_t destination, int64_t source, int64_t bytes);

#ifdef __cplusplus
}
#endif

#endif
