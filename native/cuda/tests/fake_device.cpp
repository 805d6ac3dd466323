// The fake driver's GPU, its context, and its errors.
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "fake.h"

namespace ottava::cuda {

namespace fake {

namespace {

std::recursive_mutex everything;
CUresult ended_by = CUDA_SUCCESS;
CUctx_st primary;
thread_local CUcontext current = nullptr;

}  // namespace

Capability capability() {
    const char* text = std::getenv("OTTAVA_FAKE_CUDA_CAPABILITY");
    Capability found{9, 0};
    if (text != nullptr && std::sscanf(text, "%d.%d", &found.major, &found.minor) != 2) return {0, 0};
    return found;
}

int64_t memory_bytes() {
    const char* text = std::getenv("OTTAVA_FAKE_CUDA_MEMORY");
    return text != nullptr ? std::atoll(text) : int64_t{16} << 30;
}

CUresult injected(const char* what) {
    static std::map<std::string, int> counts;
    const char* text = std::getenv("OTTAVA_FAKE_CUDA_FAIL");
    char kind[16] = "";
    int turn = 0, error = 0;
    if (text == nullptr || std::sscanf(text, "%15[a-z]:%d:%d", kind, &turn, &error) != 3 || std::strcmp(kind, what) != 0)
        return CUDA_SUCCESS;
    return ++counts[what] == turn ? error : CUDA_SUCCESS;
}

void complain(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::fputs("fake CUDA driver: ", stderr);
    std::vfprintf(stderr, format, arguments);
    std::fputs("\n", stderr);
    va_end(arguments);
}

Call::Call(bool needs_context) : lock(everything), refused(ended_by) {
    if (refused == CUDA_SUCCESS && needs_context && current != &primary) refused = CUDA_ERROR_INVALID_CONTEXT;
}

CUresult run(CUstream stream, const std::function<bool()>& until) {
    while (!stream->work.empty() && !until() && ended_by == CUDA_SUCCESS) {
        auto next = std::move(stream->work.front());
        stream->work.pop_front();
        ended_by = next();
    }
    return ended_by;
}

}  // namespace fake

// For a library beside: work for a stream, which may be done more than once.
extern "C" __attribute__((visibility("default"))) void ottava_fake_give(CUstream stream, const std::function<void()>* work) {
    fake::Call call;
    stream->give([work = *work] {
        work();
        return CUresult{CUDA_SUCCESS};
    });
}

CUresult cuInit(unsigned) {
    return fake::capability().major == 0 ? CUDA_ERROR_NO_DEVICE : CUDA_SUCCESS;
}

CUresult cuDriverGetVersion(int* version) {
    *version = 13000;
    return CUDA_SUCCESS;
}

CUresult cuGetErrorName(CUresult error, const char** name) {
    static const std::map<CUresult, const char*> names = {
        {CUDA_ERROR_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE"},
        {CUDA_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"},
        {CUDA_ERROR_NO_DEVICE, "CUDA_ERROR_NO_DEVICE"},
        {CUDA_ERROR_INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT"},
        {CUDA_ERROR_NO_BINARY_FOR_GPU, "CUDA_ERROR_NO_BINARY_FOR_GPU"},
        {CUDA_ERROR_ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS"},
        {CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"},
    };
    auto found = names.find(error);
    *name = found == names.end() ? nullptr : found->second;
    return found == names.end() ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUresult cuGetErrorString(CUresult, const char** text) {
    *text = "as the fake driver says";
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int* count) {
    *count = 1;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice* device, int ordinal) {
    *device = ordinal;
    return ordinal == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

CUresult cuDeviceGetName(char* name, int length, CUdevice) {
    std::snprintf(name, static_cast<size_t>(length), "fake GPU");
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice) {
    switch (attribute) {
        case CU_DEVICE_ATTRIBUTE_CLOCK_RATE: *value = 1000000; break;
        case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: *value = 2; break;
        case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: *value = fake::capability().major; break;
        case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: *value = fake::capability().minor; break;
        case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
            *value = fake::capability().major >= 9 ? 227 * 1024 : fake::capability().minor == 0 ? 163 * 1024 : 99 * 1024;
            break;
        case CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED: *value = 1; break;
        default: return CUDA_ERROR_INVALID_VALUE;
    }
    return CUDA_SUCCESS;
}

CUresult cuDeviceTotalMem_v2(size_t* bytes, CUdevice) {
    *bytes = static_cast<size_t>(fake::memory_bytes());
    return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice) {
    fake::Call call(false);
    if (call.refused != CUDA_SUCCESS) return call.refused;
    fake::primary.references++;
    *context = &fake::primary;
    return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice) {
    fake::Call call(false);
    if (int graphs = fake::graphs_alive(); graphs != 0 && fake::primary.references == 1)
        fake::complain("%d graphs are left when the primary context goes", graphs);
    if (--fake::primary.references < 0) fake::complain("the primary context was released more often than retained");
    return call.refused;
}

CUresult cuCtxGetCurrent(CUcontext* context) {
    *context = fake::current;
    return CUDA_SUCCESS;
}

CUresult cuCtxSetCurrent(CUcontext context) {
    fake::current = context;
    return CUDA_SUCCESS;
}

}  // namespace ottava::cuda
