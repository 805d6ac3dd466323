// One GPU of this machine, as the driver tells of it: what every device on it shares.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "driver.h"

namespace ottava::cuda {

struct Gpu {
    CUdevice device = 0;
    std::string name;  // "cuda:0", as messages say it

    // Throws what the result says, if it is no success: `what` names the operation. Most errors are about one call. Some end all work on
    // the GPU for this process; whoever uses it afterwards is told of the first of them.
    void check(CUresult result, const char* what);
    void check_usable();
    // The last kernel that was launched. An error inside a kernel is seen at some later call.
    void launched(const char* kernel) { last_kernel = kernel; }

    int attribute(CUdevice_attribute attribute);

  private:
    std::mutex mutex;
    std::string first_error;
    std::atomic<const char*> last_kernel = nullptr;
};

// The GPU of that number; throws where there is no driver or no such GPU.
Gpu& gpu(int ordinal);

}  // namespace ottava::cuda
