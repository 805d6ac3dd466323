// A CUDA driver without a GPU, for tests: a libcuda.so.1 with exactly the functions that Ottava uses, on host memory, with the kernels
// carried out by the executor of the simt device. It is as lazy as a driver may be: what a stream is given to do is done when somebody
// waits for it.
//   OTTAVA_FAKE_CUDA_CAPABILITY   of its one GPU, "9.0" unless it is set; "none": there is no GPU
//   OTTAVA_FAKE_CUDA_MEMORY       in bytes, 16 GiB unless it is set
//   OTTAVA_FAKE_CUDA_FAIL         "launch:5:700": the fifth kernel ends with error 700, which its stream tells later; "allocate:2:2": the
//   second
//                                 allocation is refused with error 2; "record:1:901": the first recording of a graph ends with error 901
// Whatever only a bug of Ottava can bring about is said on stderr, in lines that begin with "fake CUDA driver:".
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>

#include "cuda/driver.h"

namespace ottava::cuda {

#define OTTAVA_DECLARE(name, parameters) extern "C" __attribute__((visibility("default"))) CUresult name parameters;
OTTAVA_DRIVER_FUNCTIONS(OTTAVA_DECLARE)
#undef OTTAVA_DECLARE

// What the handles point to.
struct CUctx_st {
    int references = 0;
};
using Work = std::function<CUresult()>;
// What a stream recorded: each piece can be done as often as wanted, with the values that it was given.
struct CUgraph_st {
    std::deque<Work> work;
};
struct CUgraphExec_st {
    std::deque<Work> work;
};
struct CUstream_st {
    std::deque<Work> work;
    CUgraph recording = nullptr;  // what it is given goes there
    bool spoilt = false;          // the recording, by what cannot be recorded

    void give(Work what) { (recording != nullptr ? recording->work : work).push_back(std::move(what)); }
};
struct CUevent_st {
    CUstream stream = nullptr;  // where it was recorded last
    uint64_t recorded = 0, reached = 0;
    double milliseconds = 0;
};

namespace fake {

struct Capability {
    int major, minor;
};
Capability capability();  // {0, 0}: no GPU
int64_t memory_bytes();

// The error that OTTAVA_FAKE_CUDA_FAIL has for this call of `what`, or CUDA_SUCCESS.
CUresult injected(const char* what);

[[gnu::format(printf, 1, 2)]] void complain(const char* format, ...);

// A call of the driver: one at a time, with the context current, and only until an error that ends all work.
struct Call {
    explicit Call(bool needs_context = true);
    std::lock_guard<std::recursive_mutex> lock;
    CUresult refused;  // CUDA_SUCCESS, or what the call returns at once
};

// Does what the stream was given, until the condition holds or nothing is left.
CUresult run(
    CUstream stream, const std::function<bool()>& until = [] { return false; });

int graphs_alive();  // recorded or instantiated, and not destroyed

// Complains of what cannot be recorded in a graph, and spoils the recording.
CUresult refuse_recording(CUstream stream, const char* what);

// Whether the bytes lie in one allocation that was not freed.
bool is_allocated(CUdeviceptr address, size_t bytes);

// A kernel's body on the host.
struct Body {
    size_t bytes;  // of its struct
    int threads;
    void (*call)(const void* kernel);
};
const Body* find_body(const std::string& kernel);

}  // namespace fake
}  // namespace ottava::cuda
