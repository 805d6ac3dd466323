// Runs a kernel: a grid of blocks of threads, as CUDA defines it, on the processor.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "vectors.h"

namespace ottava::simt {

// The order in which ready threads run, blocks start, and asynchronous work completes. That completes when no thread is ready, as late
// as it may; with an odd seed also at any moment before.
struct Schedule {
    enum Kind { FORWARD, REVERSE, SEEDED } kind = FORWARD;
    uint64_t seed = 0;

    // OTTAVA_SIMT_SCHEDULE: forward (also when it is not set), reverse, or seed:N. Anything else throws std::invalid_argument.
    static Schedule from_environment();
    std::string name() const;
};

// OTTAVA_SIMT_FP8_ACCUMULATOR: full (also when it is not set), or truncated. Anything else throws std::invalid_argument.
bool truncates_fp8_from_environment();

struct LaunchConfig {
    const char* name = "kernel";
    dim3 grid = {};
    dim3 block = {};
    dim3 cluster = {};         // in blocks; has to divide the grid
    int64_t shared_bytes = 0;  // of dynamic shared memory
    int registers = 0;         // per thread, as ptxas says; 0: not known
    bool coresident = false;   // all blocks at the same time, for grids whose blocks wait for each other
    int workers = 0;           // processor threads; 0: as OpenMP has it
    Schedule schedule = Schedule::from_environment();
    bool truncate_fp8_sums = truncates_fp8_from_environment();  // docs/simt.md, "FP8 sums"
};

// Runs body once per thread of the grid. Returns "" or what went wrong, in one line: kernel, block, thread, what. The first error ends the
// launch.
std::string run(const LaunchConfig& config, const std::function<void()>& body);

}  // namespace ottava::simt
