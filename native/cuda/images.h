// The compiled kernels that this library carries, one image for each family and architecture, and which of them a GPU runs.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace ottava::cuda {

struct Image {
    const char* family;
    const char* architecture;  // "sm_80", "sm_89", "sm_90a": a cubin; "compute_89": PTX, which the driver compiles
    const char* begin;
    const char* end;  // a 0 follows

    bool is_ptx() const;
    bool contains(const char* kernel) const;  // an entry point of this name
};

// Empty where the build had no nvcc.
std::span<const Image> images();

struct Choice {
    const char* image;  // Image::architecture, or null: no kernels for this GPU
    int architecture;   // KernelDevice::architecture
    std::string why;
};

// By the exact compute capability.
Choice choose_kernels(int major, int minor);

}  // namespace ottava::cuda
