// What the running CUDA thread knows of itself, and what it may ask of the executor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <source_location>

#include "vectors.h"

namespace ottava::simt {

using Site = std::source_location;

struct BlockContext {
    uint3 index;
    dim3 block_dim;
    dim3 grid_dim;
};

struct ThreadContext {
    uint3 index;
    int linear;  // in the block
    int lane;    // in the warp
    BlockContext* block;
};

// The CUDA thread that runs on this processor thread.
extern thread_local ThreadContext* current __attribute__((tls_model("initial-exec"), visibility("hidden")));

// Ends the launch with this message (printf style), to which kernel, block and thread are added. The thread does not go on.
[[noreturn]] void kernel_error(const char* format, ...) __attribute__((format(printf, 1, 2)));

// bar.sync / bar.arrive of the block: barrier 0 to 15 of `threads` threads, a multiple of 32; 0: all threads of the block, whose call
// has to be the same one in the source.
void barrier_sync(int barrier, int threads, const char* operation, Site site);
void barrier_arrive(int barrier, int threads, const char* operation, Site site);

// What all lanes of a mask do together: each arrives with its arguments (of a type that the operation knows); the last to arrive runs
// `action` for all of them, then they go on. Lanes outside the mask have null arguments.
using Action = void (*)(void** arguments, uint32_t mask);
void warp_together(uint32_t mask, const char* operation, Action action, void* arguments, Site site);

// Lets other threads run, in a loop that polls for what another thread or asynchronous work will do.
void poll(const char* operation, Site site);

// Shared memory of the block: an array declared in the kernel (one per key, filled with 0xff), or what the launch asked for.
void* static_shared(const void* key, const char* name, size_t bytes, size_t alignment);
unsigned char* dynamic_shared();

}  // namespace ottava::simt
