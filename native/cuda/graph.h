// The operations of a stream, recorded as a graph of CUDA's.
#pragma once

#include "../abi/device_object.h"
#include "gpu.h"

namespace ottava::cuda {

class Recorder {
  public:
    explicit Recorder(Gpu& gpu) : gpu(gpu) {}
    Recorder(const Recorder&) = delete;

    void begin(CUstream stream);
    Graph* end(CUstream stream);  // to be launched on that stream
    void cancel(CUstream stream);

    // Before what cannot be recorded: throws while something is.
    void refuse(const char* what) const;

  private:
    Gpu& gpu;
    bool recording = false;
};

}  // namespace ottava::cuda
