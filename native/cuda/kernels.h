// The kernels of one device: loaded when they are first launched.
#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "gpu.h"
#include "images.h"
#include "launch/launch.h"

namespace ottava::cuda {

class Kernels {
  public:
    Kernels(Gpu& gpu, const Choice& choice);
    ~Kernels();  // the context is current
    Kernels(const Kernels&) = delete;

    void launch(const Launch& launch, CUstream stream);

  private:
    struct Function {
        CUfunction handle = nullptr;
        int most_threads = 0;
        int64_t static_shared = 0, dynamic_shared = 0;  // bytes; of the latter, what it may have now
        bool large_clusters = false;
    };
    Function& function(const Launch& launch);
    CUmodule module(const Image& image);

    Gpu& gpu;
    std::string architecture;
    bool has_clusters;
    int64_t most_shared;
    std::map<const Image*, CUmodule> modules;
    std::unordered_map<const char*, Function> functions;  // by the address of the name, a constant
};

}  // namespace ottava::cuda
