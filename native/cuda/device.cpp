// The cuda device: the kernels of src/main/cuda on a GPU, through the driver.
#include <optional>

#include "gpu.h"
#include "graph.h"
#include "images.h"
#include "kernels.h"
#include "staging.h"

namespace ottava::cuda {

namespace {

struct CudaDevice;

struct CudaEvent : Event {
    CudaDevice& device;
    CUevent handle = nullptr;

    explicit CudaEvent(CudaDevice& device);
    ~CudaEvent() override;
    void record() override;
    double milliseconds_since(Event& start) override;
};

struct CudaDevice : KernelDevice {
    Gpu& gpu;
    const Driver& driver = cuda::driver();
    CUcontext context = nullptr;  // the primary one, which CUDA's libraries use too
    CUstream queue = nullptr;
    CUmemoryPool pool = nullptr;
    CUdeviceptr scratch_memory = 0;
    std::optional<Kernels> kernels;
    std::optional<Staging> staging;
    Recorder recorder{gpu};

    explicit CudaDevice(int ordinal) : gpu(cuda::gpu(ordinal)) {
        gpu.check_usable();
        operations = &kernel_operations;
        describe();
        Choice choice = choose();
        architecture = choice.architecture;
        multiprocessors = gpu.attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
        try {
            gpu.check(driver.cuDevicePrimaryCtxRetain(&context, gpu.device), "cuDevicePrimaryCtxRetain");
            enter();
            gpu.check(driver.cuStreamCreate(&queue, CU_STREAM_NON_BLOCKING), "cuStreamCreate");
            create_pool();
            scratch_memory = from_pool(scratch_bytes);
            kernels.emplace(gpu, choice);
            staging.emplace(gpu);
        } catch (...) {
            close();
            throw;
        }
    }
    ~CudaDevice() override { close(); }

    void enter() override {
        gpu.check_usable();
        CUcontext current = nullptr;
        gpu.check(driver.cuCtxGetCurrent(&current), "cuCtxGetCurrent");
        if (current != context) gpu.check(driver.cuCtxSetCurrent(context), "cuCtxSetCurrent");
    }

    int64_t allocate(int64_t bytes) override {
        enter();
        recorder.refuse("an allocation");
        return static_cast<int64_t>(from_pool(bytes));
    }
    void free(int64_t address, int64_t) override {
        enter();
        recorder.refuse("a release of memory");
        gpu.check(driver.cuMemFreeAsync(static_cast<CUdeviceptr>(address), queue), "free");
    }
    int64_t available() override {
        enter();
        size_t free = 0, total = 0;
        uint64_t reserved = 0, used = 0;
        gpu.check(driver.cuMemGetInfo_v2(&free, &total), "cuMemGetInfo");
        gpu.check(driver.cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, &reserved), "cuMemPoolGetAttribute");
        gpu.check(driver.cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used), "cuMemPoolGetAttribute");
        return static_cast<int64_t>(free + reserved - used);
    }

    void copy_to_device(int64_t address, const void* host, int64_t bytes) override {
        enter();
        recorder.refuse("a copy to the device");
        staging->copy(static_cast<CUdeviceptr>(address), host, bytes, queue);
    }
    void copy_to_host(void* host, int64_t address, int64_t bytes) override {
        enter();
        recorder.refuse("a copy to the host");
        gpu.check(driver.cuMemcpyDtoHAsync_v2(host, static_cast<CUdeviceptr>(address), static_cast<size_t>(bytes), queue),
                  "copy to the host");
        gpu.check(driver.cuStreamSynchronize(queue), "copy to the host");
    }
    void copy(int64_t destination, int64_t source, int64_t bytes) override {
        enter();
        gpu.check(driver.cuMemcpyDtoDAsync_v2(static_cast<CUdeviceptr>(destination), static_cast<CUdeviceptr>(source),
                                              static_cast<size_t>(bytes), queue),
                  "copy");
    }
    void synchronize() override {
        enter();
        recorder.refuse("a wait for the device");
        gpu.check(driver.cuStreamSynchronize(queue), "synchronize");
    }
    Event* create_event() override { return new CudaEvent(*this); }
    void begin_graph() override {
        enter();
        recorder.begin(queue);
    }
    Graph* end_graph() override {
        enter();
        return recorder.end(queue);
    }
    void cancel_graph() override {
        enter();
        recorder.cancel(queue);
    }
    int64_t native_stream() override {
        enter();
        return reinterpret_cast<int64_t>(queue);
    }

    void launch(int64_t, const Launch& what) override { kernels->launch(what, queue); }
    void* scratch(int64_t, int64_t offset, int64_t) override {
        return reinterpret_cast<void*>(scratch_memory + static_cast<CUdeviceptr>(offset));
    }
    void release_scratch(int64_t) override {}  // whoever takes it next runs later on the same stream
    void encode(ptx::TensorMap& map, const TensorBoxes& boxes) override;

  private:
    Choice choose() {
        Choice choice = choose_kernels(gpu.attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
                                       gpu.attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR));
        if (choice.image == nullptr)
            fail(OTTAVA_UNSUPPORTED, "%s (%s): %s", gpu.name.c_str(), properties["processor"].c_str(), choice.why.c_str());
        if (images().empty())
            fail(OTTAVA_UNSUPPORTED, "%s: this build carries no CUDA kernels: it was made without nvcc", gpu.name.c_str());
        properties["architecture"] = choice.image;
        properties["kernels"] = choice.why;
        return choice;
    }

    void describe() {
        char processor[256] = "";
        size_t memory = 0;
        gpu.check(driver.cuDeviceGetName(processor, sizeof processor, gpu.device), "cuDeviceGetName");
        gpu.check(driver.cuDeviceTotalMem_v2(&memory, gpu.device), "cuDeviceTotalMem");
        properties = {
            {"name", gpu.name},
            {"processor", processor},
            {"compute_capability", std::to_string(gpu.attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)) + "." +
                                       std::to_string(gpu.attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR))},
            {"driver", version_text(driver.version())},
            {"memory", std::to_string(memory)},
            {"multiprocessors", std::to_string(gpu.attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT))},
            {"matmul", "Ottava"},
            {"native_bf16", "true"},
            {"graphs", "true"},
        };
        int kilohertz = 0;  // not every driver tells
        if (driver.cuDeviceGetAttribute(&kilohertz, CU_DEVICE_ATTRIBUTE_CLOCK_RATE, gpu.device) == CUDA_SUCCESS)
            properties["clock_mhz"] = std::to_string(kilohertz / 1000);
    }

    // A pool of the device's own keeps what is freed: memory from the system costs a wait for the GPU.
    void create_pool() {
        if (gpu.attribute(CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED) == 0)
            fail(OTTAVA_UNSUPPORTED, "%s: its driver has no memory pools, which the cuda device is built on", gpu.name.c_str());
        CUmemPoolProps wanted{};
        wanted.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
        wanted.location = {CU_MEM_LOCATION_TYPE_DEVICE, gpu.device};
        gpu.check(driver.cuMemPoolCreate(&pool, &wanted), "cuMemPoolCreate");
        uint64_t kept = UINT64_MAX;
        gpu.check(driver.cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &kept), "cuMemPoolSetAttribute");
    }

    CUdeviceptr from_pool(int64_t bytes) {
        CUdeviceptr address = 0;
        auto take = [&] { return driver.cuMemAllocFromPoolAsync(&address, static_cast<size_t>(bytes > 0 ? bytes : 1), pool, queue); };
        CUresult result = take();
        if (result == CUDA_ERROR_OUT_OF_MEMORY) {
            // What was freed on the stream may lie in pieces that together would do.
            synchronize();
            gpu.check(driver.cuMemPoolTrimTo(pool, 0), "cuMemPoolTrimTo");
            result = take();
        }
        if (result == CUDA_ERROR_OUT_OF_MEMORY)
            fail(OTTAVA_OUT_OF_MEMORY, "%s: %lld bytes cannot be allocated; %lld of %s bytes are free", gpu.name.c_str(),
                 static_cast<long long>(bytes), static_cast<long long>(available()), properties["memory"].c_str());
        gpu.check(result, "allocation");
        return address;
    }

    // Whatever fails here has no one left who could do something about it.
    void close() {
        if (context == nullptr) return;
        driver.cuCtxSetCurrent(context);
        recorder.cancel(queue);
        if (scratch_memory != 0) driver.cuMemFreeAsync(scratch_memory, queue);
        if (queue != nullptr) driver.cuStreamSynchronize(queue);
        staging.reset();
        kernels.reset();
        if (pool != nullptr) driver.cuMemPoolDestroy(pool);
        if (queue != nullptr) driver.cuStreamDestroy_v2(queue);
        driver.cuDevicePrimaryCtxRelease_v2(gpu.device);
        context = nullptr;
    }
};

CudaEvent::CudaEvent(CudaDevice& device) : device(device) {
    device.enter();
    device.gpu.check(device.driver.cuEventCreate(&handle, CU_EVENT_DEFAULT), "cuEventCreate");
}

CudaEvent::~CudaEvent() {
    cuda::driver().cuEventDestroy_v2(handle);
}

void CudaEvent::record() {
    device.enter();
    device.recorder.refuse("an event");
    device.gpu.check(device.driver.cuEventRecord(handle, device.queue), "cuEventRecord");
}

double CudaEvent::milliseconds_since(Event& start) {
    device.enter();
    device.recorder.refuse("a wait for an event");
    float milliseconds = 0;
    device.gpu.check(device.driver.cuEventSynchronize(handle), "waiting for an event");
    device.gpu.check(device.driver.cuEventElapsedTime(&milliseconds, static_cast<CudaEvent&>(start).handle, handle),
                     "the time between two events");
    return milliseconds;
}

void CudaDevice::encode(ptx::TensorMap& map, const TensorBoxes& boxes) {
    static_assert(sizeof map == sizeof(CUtensorMap) && alignof(ptx::TensorMap) == alignof(CUtensorMap));
    auto refuse = [&](const std::string& what) { fail(OTTAVA_INVALID_ARGUMENT, "%s: tensor map: %s", gpu.name.c_str(), what.c_str()); };
    if (architecture != 90) refuse("TMA takes the kernels of sm_90a, and these are of " + properties["architecture"]);
    auto one_of = [&](const char* what, int value, std::initializer_list<std::pair<int, int>> codes) {
        for (auto [known, code] : codes)
            if (value == known) return code;
        refuse(std::string(what) + " of " + std::to_string(value) + " bytes, which there is not");
        return 0;
    };
    int type = one_of("elements", boxes.element_bytes,
                      {{1, CU_TENSOR_MAP_DATA_TYPE_UINT8},
                       {2, CU_TENSOR_MAP_DATA_TYPE_UINT16},
                       {4, CU_TENSOR_MAP_DATA_TYPE_UINT32},
                       {8, CU_TENSOR_MAP_DATA_TYPE_UINT64}});
    int swizzle = one_of("a swizzle", boxes.swizzle,
                         {{0, CU_TENSOR_MAP_SWIZZLE_NONE},
                          {32, CU_TENSOR_MAP_SWIZZLE_32B},
                          {64, CU_TENSOR_MAP_SWIZZLE_64B},
                          {128, CU_TENSOR_MAP_SWIZZLE_128B}});
    if (boxes.sizes.size() != boxes.box.size() || boxes.sizes.size() != boxes.strides.size() + 1)
        refuse("sizes, strides and box of different lengths");
    std::vector<uint64_t> sizes(boxes.sizes.begin(), boxes.sizes.end()), strides(boxes.strides.begin(), boxes.strides.end());
    std::vector<uint32_t> box(boxes.box.begin(), boxes.box.end()), steps(boxes.box.size(), 1);
    CUresult result = driver.cuTensorMapEncodeTiled(
        reinterpret_cast<CUtensorMap*>(&map), static_cast<CUtensorMapDataType>(type), static_cast<uint32_t>(sizes.size()),
        reinterpret_cast<void*>(boxes.address), sizes.data(), strides.data(), box.data(), steps.data(), CU_TENSOR_MAP_INTERLEAVE_NONE,
        static_cast<CUtensorMapSwizzle>(swizzle), CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    if (result == CUDA_SUCCESS) return;
    auto list = [](const auto& values) {
        std::string text;
        for (auto value : values) text += (text.empty() ? "" : ", ") + std::to_string(value);
        return "[" + text + "]";
    };
    refuse(driver.describe(result) + ": sizes " + list(sizes) + ", strides " + list(strides) + " bytes, box " + list(box) +
           ", elements of " + std::to_string(boxes.element_bytes) + " bytes, swizzle " + std::to_string(boxes.swizzle) +
           ", address mod 16 " + std::to_string(boxes.address % 16));
}

}  // namespace

}  // namespace ottava::cuda

ottava::Device* ottava::open_cuda(int ordinal) {
    return new cuda::CudaDevice(ordinal);
}

bool ottava::cuda_driver_found() {
    return cuda::driver_found();
}
