// What all kernels of conformance share. Each runs the wrappers of one header of ptx/ on words from memory and writes their raw results to
// memory, so that two devices can be compared bit for bit. Which words mean what, each kernel says; dev.ottava.conformance fills them in.
#pragma once

#include "../cuda_types.cuh"

namespace ottava {

struct Primitive {
    static constexpr int threads = 32;
    static constexpr int cluster = 1;        // blocks: of the cluster, which is the grid
    static constexpr int shared_bytes = 0;   // dynamic
    static constexpr int architecture = 80;  // the least; kernels of 90 are for sm_90a alone

    const uint32_t* in;
    uint32_t* out;
    int32_t parameters[8];
};

constexpr uint32_t whole_warp = 0xffffffffu;

}  // namespace ottava
