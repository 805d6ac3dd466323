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
 *                 "cuda" or "cuda:0", "cuda:1", ...: a GPU, through the CUDA driver of the machine;
 *                 "simt", which runs the CUDA kernels of sm_90a on the processor, or "simt:sm_80", "simt:sm_89", which run those of
 *                 that architecture. The name may end in the order in which threads, blocks and copies take their turns:
 *                 "simt:reverse", "simt:sm_89:seed:1". Otherwise OTTAVA_SIMT_SCHEDULE tells it: forward, reverse or seed:N.
 *   onednn_path   for "cpu": path of oneDNN's shared library, or "" to multiply with Ottava's own kernel.
 *   threads       for "cpu" and "simt": OpenMP threads; 0 takes one per core (OMP_NUM_THREADS is respected).
 */
OTTAVA_API int ottava_device_open(const char* name, const char* onednn_path, int threads, int64_t* host_device);

/* 1 where this machine has a CUDA driver, whether it can be used or not, otherwise 0. */
OTTAVA_API int ottava_cuda_driver_found(void);

OTTAVA_API int ottava_device_close(int64_t device);

/*
 * A property of a device as text; "" if it has none of that name. Valid until the device is closed.
 * "name", "processor", "matmul" (who multiplies matrices), "native_bf16" ("true" or "false"); and
 *   cpu    "threads", "instructions"
 *   simt   "threads", "architecture" (whose kernels run: "sm_80", "sm_89" or "sm_90a"), "schedule", "multiprocessors",
 *          "last_kernel" (the name, in its cubin, of the one launched last)
 *   cuda   "architecture" (as simt, or "compute_89"), "kernels" (the same and why), "compute_capability", "driver" (for which CUDA),
 *          "memory" (bytes), "multiprocessors", "clock_mhz" (at most), "last_kernel", "graphs" ("true": it has them)
 */
OTTAVA_API const char* ottava_device_property(int64_t device, const char* name);

/* Streams. Every device has a default stream, which is not destroyed. */
OTTAVA_API int64_t ottava_device_default_stream(int64_t device);
OTTAVA_API int ottava_stream_synchronize(int64_t stream);

/*
 * For calls of CUDA's own libraries: on cuda writes the CUstream of the stream to host_handle[0] and makes its context, the primary one,
 * current on the calling thread. On other devices writes 0.
 */
OTTAVA_API int ottava_stream_native(int64_t stream, int64_t* host_handle);

/*
 * Events: points on a stream, to measure the time between two. Where operations are complete when they return, it is that of the wall
 * clock. ottava_event_elapsed waits until the stream has reached the event `end` and writes the milliseconds since `start`. Both are of one
 * device and were recorded. An event is destroyed before its device is closed.
 */
OTTAVA_API int ottava_event_create(int64_t device, int64_t* host_event);
OTTAVA_API int ottava_event_record(int64_t event, int64_t stream);
OTTAVA_API int ottava_event_elapsed(int64_t start, int64_t end, double* host_milliseconds);
OTTAVA_API int ottava_event_destroy(int64_t event);

/*
 * Graphs: what a stream is given to do, recorded once with all its arguments, and launched again as one. On devices without the property
 * "graphs" they are OTTAVA_UNSUPPORTED.
 *
 * From ottava_graph_begin to ottava_graph_end nothing runs: operations and copies on the device are recorded. What cannot be recorded is
 * OTTAVA_UNSUPPORTED meanwhile: memory that is allocated or freed, copies from and to the host, waits, events. After any error
 * ottava_graph_cancel ends the recording and forgets it. ottava_graph_end writes the graph, to be launched on that stream as often as
 * wanted, and destroyed before its device is closed. The memory that it uses is the caller's: it has to stay where it is.
 */
OTTAVA_API int ottava_graph_begin(int64_t stream);
OTTAVA_API int ottava_graph_end(int64_t stream, int64_t* host_graph);
OTTAVA_API int ottava_graph_cancel(int64_t stream);
OTTAVA_API int ottava_graph_launch(int64_t graph);
OTTAVA_API int ottava_graph_destroy(int64_t graph);

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
