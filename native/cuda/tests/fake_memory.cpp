// The fake driver's memory, streams and events.
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <map>

#include "fake.h"
#include "simt/memory.h"

namespace ottava::cuda {

struct CUmemPoolHandle_st {
    uint64_t used = 0;
    int64_t allocations = 0;
};

namespace {

struct Allocation {
    size_t bytes;
    CUmemoryPool pool;
};
std::map<CUdeviceptr, Allocation> allocations;
uint64_t used_bytes = 0;

// What was freed is filled with ones, a NaN, and kept for a while: whoever still uses it gets that, or is told.
struct Freed {
    CUdeviceptr address;
    size_t bytes;
};
std::deque<Freed> quarantine;
size_t quarantined = 0;

void release_oldest() {
    auto [address, bytes] = quarantine.front();
    quarantine.pop_front();
    quarantined -= bytes;
    auto* byte = reinterpret_cast<const unsigned char*>(address);
    for (size_t i = 0; i < bytes; i++) {
        if (byte[i] == 0xff) continue;
        fake::complain("memory of %zu bytes was written at byte %zu after it had been freed", bytes, i);
        break;
    }
    simt::free(static_cast<int64_t>(address));
}

}  // namespace

bool fake::is_allocated(CUdeviceptr address, size_t bytes) {
    auto after = allocations.upper_bound(address);
    return after != allocations.begin() && address + bytes <= std::prev(after)->first + std::prev(after)->second.bytes;
}

CUresult cuMemPoolCreate(CUmemoryPool* pool, const CUmemPoolProps*) {
    fake::Call call;
    *pool = new CUmemPoolHandle_st;
    return call.refused;
}

CUresult cuMemPoolDestroy(CUmemoryPool pool) {
    fake::Call call;
    if (call.refused != CUDA_SUCCESS) return call.refused;
    if (pool->allocations != 0) fake::complain("a pool was destroyed with %lld allocations", static_cast<long long>(pool->allocations));
    while (!quarantine.empty()) release_oldest();
    delete pool;
    return CUDA_SUCCESS;
}

CUresult cuMemPoolTrimTo(CUmemoryPool, size_t) {
    return fake::Call().refused;
}

CUresult cuMemPoolSetAttribute(CUmemoryPool, CUmemPool_attribute attribute, void*) {
    fake::Call call;
    if (call.refused != CUDA_SUCCESS) return call.refused;
    return attribute == CU_MEMPOOL_ATTR_RELEASE_THRESHOLD ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuMemPoolGetAttribute(CUmemoryPool pool, CUmemPool_attribute attribute, void* value) {
    fake::Call call;
    if (call.refused != CUDA_SUCCESS) return call.refused;
    if (attribute != CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT && attribute != CU_MEMPOOL_ATTR_USED_MEM_CURRENT) return CUDA_ERROR_INVALID_VALUE;
    *static_cast<uint64_t*>(value) = pool->used;
    return CUDA_SUCCESS;
}

CUresult cuMemAllocFromPoolAsync(CUdeviceptr* address, size_t bytes, CUmemoryPool pool, CUstream stream) {
    fake::Call call;
    if (call.refused != CUDA_SUCCESS) return call.refused;
    if (stream->recording != nullptr) return fake::refuse_recording(stream, "an allocation");
    if (CUresult wanted = fake::injected("allocate"); wanted != CUDA_SUCCESS) return wanted;
    if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
    int64_t block = used_bytes + bytes > static_cast<uint64_t>(fake::memory_bytes()) ? 0 : simt::allocate(static_cast<int64_t>(bytes));
    if (block == 0) return CUDA_ERROR_OUT_OF_MEMORY;
    *address = static_cast<CUdeviceptr>(block);
    allocations[*address] = {bytes, pool};
    used_bytes += bytes;
    pool->used += bytes;
    pool->allocations++;
    return CUDA_SUCCESS;
}

CUresult cuMemFreeAsync(CUdeviceptr address, CUstream stream) {
    fake::Call call;
    if (call.refused != CUDA_SUCCESS) return call.refused;
    if (stream->recording != nullptr) return fake::refuse_recording(stream, "a release of memory");
    auto found = allocations.find(address);
    if (found == allocations.end()) {
        fake::complain("an address was freed that is no allocation");
        return CUDA_ERROR_INVALID_VALUE;
    }
    auto [bytes, pool] = found->second;
    allocations.erase(found);
    stream->work.push_back([=] {
        std::memset(reinterpret_cast<void*>(address), 0xff, bytes);
        used_bytes -= bytes;
        pool->used -= bytes;
        pool->allocations--;
        quarantine.push_back({address, bytes});
        quarantined += bytes;
        while (quarantined > size_t{64} << 20) release_oldest();
        return CUDA_SUCCESS;
    });
    return CUDA_SUCCESS;
}

CUresult cuMemGetInfo_v2(size_t* free, size_t* total) {
    fake::Call call;
    *total = static_cast<size_t>(fake::memory_bytes());
    *free = *total - used_bytes;
    return call.refused;
}

CUresult cuMemAllocHost_v2(void** host, size_t bytes) {
    fake::Call call;
    *host = std::malloc(bytes);
    return call.refused;
}

CUresult cuMemFreeHost(void* host) {
    std::free(host);
    return CUDA_SUCCESS;
}

// Host memory is read and written when the copy is carried out, as if it were all pinned.
static CUresult copy(const char* what, CUstream stream, void* to, const void* from, size_t bytes, bool known) {
    fake::Call call;
    if (call.refused != CUDA_SUCCESS) return call.refused;
    if (!known) {
        fake::complain("%s of %zu bytes: not in one allocation", what, bytes);
        return CUDA_ERROR_INVALID_VALUE;
    }
    stream->give([=] {
        std::memmove(to, from, bytes);
        return CUDA_SUCCESS;
    });
    return CUDA_SUCCESS;
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* host, size_t bytes, CUstream stream) {
    if (stream->recording != nullptr) return fake::refuse_recording(stream, "a copy to the device");
    return copy("copy to the device", stream, reinterpret_cast<void*>(to), host, bytes, fake::is_allocated(to, bytes));
}

CUresult cuMemcpyDtoHAsync_v2(void* host, CUdeviceptr from, size_t bytes, CUstream stream) {
    if (stream->recording != nullptr) return fake::refuse_recording(stream, "a copy to the host");
    return copy("copy to the host", stream, host, reinterpret_cast<const void*>(from), bytes, fake::is_allocated(from, bytes));
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
    return copy("copy", stream, reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), bytes,
                fake::is_allocated(to, bytes) && fake::is_allocated(from, bytes));
}

CUresult cuStreamCreate(CUstream* stream, unsigned) {
    fake::Call call;
    *stream = new CUstream_st;
    return call.refused;
}

CUresult cuStreamSynchronize(CUstream stream) {
    fake::Call call;
    if (stream->recording != nullptr) return fake::refuse_recording(stream, "a wait");
    return call.refused != CUDA_SUCCESS ? call.refused : fake::run(stream);
}

CUresult cuStreamDestroy_v2(CUstream stream) {
    fake::Call call;
    if (stream->recording != nullptr) fake::complain("a stream was destroyed that records a graph");
    if (call.refused == CUDA_SUCCESS && !stream->work.empty()) fake::complain("a stream was destroyed with work to do");
    delete stream;
    return call.refused;
}

CUresult cuEventCreate(CUevent* event, unsigned) {
    fake::Call call;
    *event = new CUevent_st;
    return call.refused;
}

CUresult cuEventRecord(CUevent event, CUstream stream) {
    fake::Call call;
    if (call.refused != CUDA_SUCCESS) return call.refused;
    if (stream->recording != nullptr) return fake::refuse_recording(stream, "an event");
    event->stream = stream;
    uint64_t turn = ++event->recorded;
    stream->work.push_back([=] {
        event->reached = turn;
        event->milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
        return CUDA_SUCCESS;
    });
    return CUDA_SUCCESS;
}

CUresult cuEventSynchronize(CUevent event) {
    fake::Call call;
    if (call.refused != CUDA_SUCCESS || event->stream == nullptr) return call.refused;
    return fake::run(event->stream, [=] { return event->reached == event->recorded; });
}

CUresult cuEventElapsedTime(float* milliseconds, CUevent start, CUevent end) {
    fake::Call call;
    if (call.refused != CUDA_SUCCESS) return call.refused;
    if (start->reached == 0 || end->reached == 0) return CUDA_ERROR_INVALID_HANDLE;
    if (start->reached != start->recorded || end->reached != end->recorded) return CUDA_ERROR_NOT_READY;
    *milliseconds = static_cast<float>(end->milliseconds - start->milliseconds);
    return CUDA_SUCCESS;
}

CUresult cuEventDestroy_v2(CUevent event) {
    fake::Call call;
    if (call.refused == CUDA_SUCCESS && event->reached != event->recorded) fake::run(event->stream);  // its work holds the event
    delete event;
    return call.refused;
}

}  // namespace ottava::cuda
