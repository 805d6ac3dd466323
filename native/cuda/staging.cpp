#include "staging.h"

#include <algorithm>
#include <cstring>

namespace ottava::cuda {

Staging::~Staging() {
    for (Part& part : parts) {
        if (part.copied != nullptr) driver().cuEventDestroy_v2(part.copied);
        if (part.memory != nullptr) driver().cuMemFreeHost(part.memory);
    }
}

Staging::Part& Staging::next() {
    Part& part = parts[turn++ % parts.size()];
    if (part.copied == nullptr) {
        void* memory = nullptr;
        gpu.check(driver().cuMemAllocHost_v2(&memory, PART), "pinned memory for copies to the device");
        part.memory = static_cast<char*>(memory);
        gpu.check(driver().cuEventCreate(&part.copied, CU_EVENT_DISABLE_TIMING), "cuEventCreate");
    } else {
        gpu.check(driver().cuEventSynchronize(part.copied), "copy to the device");
    }
    return part;
}

void Staging::copy(CUdeviceptr address, const void* host, int64_t bytes, CUstream stream) {
    for (int64_t done = 0; done < bytes; done += PART) {
        Part& part = next();
        auto count = static_cast<size_t>(std::min(PART, bytes - done));
        std::memcpy(part.memory, static_cast<const char*>(host) + done, count);
        gpu.check(driver().cuMemcpyHtoDAsync_v2(address + static_cast<CUdeviceptr>(done), part.memory, count, stream),
                  "copy to the device");
        gpu.check(driver().cuEventRecord(part.copied, stream), "copy to the device");
    }
}

}  // namespace ottava::cuda
