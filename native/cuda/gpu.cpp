#include "gpu.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>

#include "../abi/error.h"

namespace ottava::cuda {

namespace {

// After these "any further CUDA work will return the same error" (cuda.h).
bool ends_all_work(CUresult result) {
    static constexpr CUresult sticky[] = {CUDA_ERROR_ECC_UNCORRECTABLE,
                                          CUDA_ERROR_NVLINK_UNCORRECTABLE,
                                          CUDA_ERROR_CONTAINED,
                                          CUDA_ERROR_ILLEGAL_ADDRESS,
                                          CUDA_ERROR_LAUNCH_TIMEOUT,
                                          CUDA_ERROR_CONTEXT_IS_DESTROYED,
                                          CUDA_ERROR_ASSERT,
                                          CUDA_ERROR_HARDWARE_STACK_ERROR,
                                          CUDA_ERROR_ILLEGAL_INSTRUCTION,
                                          CUDA_ERROR_MISALIGNED_ADDRESS,
                                          CUDA_ERROR_INVALID_ADDRESS_SPACE,
                                          CUDA_ERROR_INVALID_PC,
                                          CUDA_ERROR_LAUNCH_FAILED,
                                          CUDA_ERROR_UNKNOWN};
    return std::find(std::begin(sticky), std::end(sticky), result) != std::end(sticky);
}

void initialise(const Driver& driver) {
    CUresult result = driver.cuInit(0);
    if (result != CUDA_SUCCESS)
        fail(OTTAVA_UNSUPPORTED, "the CUDA driver (for CUDA %s) finds no GPU that it can use: %s", version_text(driver.version()).c_str(),
             driver.describe(result).c_str());
}

}  // namespace

void Gpu::check(CUresult result, const char* what) {
    if (result == CUDA_SUCCESS) return;
    std::lock_guard lock(mutex);
    std::string error = name + ": " + what + ": " + driver().describe(result);
    if (ends_all_work(result)) {
        if (const char* kernel = last_kernel) error += std::string("; the last kernel launched before was ") + kernel;
        if (first_error.empty()) first_error = error;
        fail(OTTAVA_DEVICE_ERROR, "%s; nothing more can be computed there in this process", first_error.c_str());
    }
    fail(result == CUDA_ERROR_OUT_OF_MEMORY ? OTTAVA_OUT_OF_MEMORY : OTTAVA_DEVICE_ERROR, "%s", error.c_str());
}

void Gpu::check_usable() {
    std::lock_guard lock(mutex);
    if (!first_error.empty()) fail(OTTAVA_DEVICE_ERROR, "%s; nothing more can be computed there in this process", first_error.c_str());
}

int Gpu::attribute(CUdevice_attribute attribute) {
    int value = 0;
    check(driver().cuDeviceGetAttribute(&value, attribute, device), "cuDeviceGetAttribute");
    return value;
}

Gpu& gpu(int ordinal) {
    static std::mutex mutex;
    static std::map<int, std::unique_ptr<Gpu>> all;
    const Driver& driver = cuda::driver();
    std::lock_guard lock(mutex);
    std::unique_ptr<Gpu>& found = all[ordinal];
    if (found == nullptr) {
        initialise(driver);
        auto made = std::make_unique<Gpu>();
        made->name = "cuda:" + std::to_string(ordinal);
        int count = 0;
        made->check(driver.cuDeviceGetCount(&count), "cuDeviceGetCount");
        if (ordinal >= count) fail(OTTAVA_UNSUPPORTED, "%s: this machine has %d CUDA devices, counted from 0", made->name.c_str(), count);
        made->check(driver.cuDeviceGet(&made->device, ordinal), "cuDeviceGet");
        found = std::move(made);
    }
    return *found;
}

}  // namespace ottava::cuda
