// How a kernel is written, listed and launched, for the `cuda` and the `simt` device alike.
//
// A kernel is a struct. Its members are its parameters, its call operator is its body, and `threads` is the largest block it is launched
// with. It lies in <family>/any_*.cuh and includes cuda_types.cuh, headers of ptx/ and of common/:
//
//     template <class T>
//     struct any_add {
//         static constexpr int threads = 256;
//         T* out;
//         const T* a;
//         const T* b;
//         int64_t count;
//         __device__ void operator()() const { ... }
//     };
//
// Each instantiation is listed once, in <family>/kernels.h, with the name that it has in the cubin:
//
//     #define OTTAVA_ELEMENTWISE_KERNELS(X) X(any_add_f32, any_add<float>) X(any_add_bf16, any_add<bf16>)
//
// nvcc compiles <family>/kernels.cu, in which OTTAVA_ELEMENTWISE_KERNELS(OTTAVA_EXPORT) makes an entry point of each (common/export.cuh).
// g++ compiles launch/<family>.h, in which, in namespace ottava, OTTAVA_ELEMENTWISE_KERNELS(OTTAVA_NAME) ties the types to their names.
// There, a function with the signature of the ABI and its name without `ottava_` (namespace ottava::kernels) launches:
//
//     launch(stream, any_add<T>{out, a, b, count}, blocks, 256);
//
// On `cuda` the struct is the kernel's only parameter (const __grid_constant__, so that a tensor map may be a member); on `simt` the call
// operator is called by every thread. Both see the same code.
//
// Kernels that need what only Hopper has (TMA, wgmma, setmaxnreg) are listed in <family>/sm90_kernels.h as OTTAVA_<FAMILY>_SM90_KERNELS,
// and <family>/sm90_kernels.cu is compiled for sm_90a alone.
#pragma once

#include <stdint.h>

#include <type_traits>
#include <vector>

#include "../ptx/tma.cuh"
#include "abi/device_object.h"

namespace ottava {

struct Extent {
    uint32_t x = 1, y = 1, z = 1;
    Extent() = default;
    Extent(int64_t x, int64_t y = 1, int64_t z = 1)
        : x(static_cast<uint32_t>(x)), y(static_cast<uint32_t>(y)), z(static_cast<uint32_t>(z)) {}
};

struct Launch {
    const char* name;  // of the entry point in the cubin
    Extent grid, block, cluster;
    int64_t shared_bytes;  // dynamic shared memory
    const void* kernel;    // the struct
    int64_t kernel_bytes;
    void (*body)(const void* kernel);  // what each thread does on `simt`
    // Whether it may start before the kernel launched before it has ended, whose results it then waits for itself (programmatic dependent
    // launch); architecture 90. On `simt` kernels follow each other in any case.
    bool dependent = false;
};

// A tensor in global memory and the box of it that TMA copies at a time; innermost dimension first.
struct TensorBoxes {
    int64_t address;
    int element_bytes;             // 1, 2, 4 or 8
    std::vector<int64_t> sizes;    // in elements
    std::vector<int64_t> strides;  // in bytes, of dimensions 1 and up: multiples of 16
    std::vector<int> box;          // in elements
    int swizzle;                   // in bytes: 0, 32, 64 or 128
};

// A device that runs kernels.
struct KernelDevice : Device {
    // Whose kernels run: 80 (mma.sync and cp.async), 89 (FP8 mma.sync too) or 90 (sm_90a: TMA and wgmma too). Exactly: 90 runs on nothing
    // else.
    int architecture = 0;

    // Memory that an operation may use until it ends (class Scratch); the operations of a stream follow each other, so they share it. Its
    // size is fixed, so that nothing is allocated in a step: operations divide their work so that what they need fits.
    static constexpr int64_t scratch_bytes = int64_t{64} << 20;

    virtual void launch(int64_t stream, const Launch& launch) = 0;
    // Bytes [offset, offset + bytes) of the scratch memory, aligned to 256 bytes. `simt` gives each part guard bands of its own.
    virtual void* scratch(int64_t stream, int64_t offset, int64_t bytes) = 0;
    virtual void release_scratch(int64_t stream) = 0;  // the operation has launched what uses it
    // Fills in a tensor map, a member of a kernel; architecture 90. Throws what the driver would refuse.
    virtual void encode(ptx::TensorMap& map, const TensorBoxes& boxes) = 0;
};

inline KernelDevice& kernel_device(int64_t stream) {
    return static_cast<KernelDevice&>(device_of(stream));
}

template <class Kernel>
struct KernelName;  // OTTAVA_NAME defines it for each kernel of a list

#define OTTAVA_NAME(text, ...)                      \
    template <>                                     \
    struct KernelName<__VA_ARGS__> {                \
        static constexpr const char* value = #text; \
    };

// Launches the kernel; an empty grid is no launch.
template <class Kernel>
void launch(int64_t stream, const Kernel& kernel, Extent grid, Extent block, int64_t shared_bytes = 0, Extent cluster = {},
            bool dependent = false) {
    static_assert(std::is_trivially_copyable_v<Kernel>, "a kernel goes to the device as bytes");
    if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
    kernel_device(stream).launch(
        stream, Launch{KernelName<Kernel>::value, grid, block, cluster, shared_bytes, &kernel, static_cast<int64_t>(sizeof(Kernel)),
                       [](const void* k) { (*static_cast<const Kernel*>(k))(); }, dependent});
}

// Hands out parts of a stream's scratch memory to one operation, until its end.
class Scratch {
  public:
    Scratch(int64_t stream, const char* operation) : stream(stream), device(kernel_device(stream)), operation(operation) {}
    ~Scratch() { device.release_scratch(stream); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    template <class T>
    T* take(int64_t count) {
        int64_t bytes = (count * static_cast<int64_t>(sizeof(T)) + 255) / 256 * 256;
        if (bytes > bytes_left())
            fail(OTTAVA_UNSUPPORTED, "%s on %s: %lld bytes of scratch memory are needed, %lld are left: use smaller shapes", operation,
                 device.properties["name"].c_str(), static_cast<long long>(bytes), static_cast<long long>(bytes_left()));
        T* taken = static_cast<T*>(device.scratch(stream, used, count * static_cast<int64_t>(sizeof(T))));
        used += bytes;
        return taken;
    }
    int64_t bytes_left() const { return KernelDevice::scratch_bytes - used; }

  private:
    int64_t stream;
    KernelDevice& device;
    int64_t used = 0;
    const char* operation;
};

template <class T>
T* pointer(int64_t address) {
    return reinterpret_cast<T*>(address);
}

inline int64_t ceil_div(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

[[noreturn]] inline void refuse_dtype(int64_t stream, const char* operation, int dtype) {
    fail(OTTAVA_UNSUPPORTED, "%s on %s: dtype %d is neither f32 nor bf16", operation, device_of(stream).properties["name"].c_str(), dtype);
}

// The operations of launch/<family>.h as a table, for a KernelDevice.
extern const Operations kernel_operations;

}  // namespace ottava
