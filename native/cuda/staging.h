// The way of host memory to a device. What cuMemcpyHtoDAsync promises of memory that is not pinned has differed between drivers and
// systems; here it is copied to pinned memory first, so a copy returns when the memory may be reused, without waiting for the stream.
#pragma once

#include <array>
#include <cstdint>

#include "gpu.h"

namespace ottava::cuda {

class Staging {
  public:
    explicit Staging(Gpu& gpu) : gpu(gpu) {}
    ~Staging();  // the stream is through with it, the context is current
    Staging(const Staging&) = delete;

    void copy(CUdeviceptr address, const void* host, int64_t bytes, CUstream stream);

  private:
    static constexpr int64_t PART = 1 << 20;
    struct Part {
        char* memory = nullptr;
        CUevent copied = nullptr;
    };
    Part& next();  // whose last copy is done

    Gpu& gpu;
    std::array<Part, 8> parts;
    size_t turn = 0;
};

}  // namespace ottava::cuda
