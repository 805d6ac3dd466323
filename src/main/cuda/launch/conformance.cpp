// Runs a kernel of conformance by its name.
#include "ottava/conformance.h"

#include <cstring>
#include <string>

#include "conformance/kernels.h"
#include "conformance/sm90_kernels.h"
#include "launch.h"

namespace ottava {

OTTAVA_CONFORMANCE_KERNELS(OTTAVA_NAME)
OTTAVA_CONFORMANCE_SM90_KERNELS(OTTAVA_NAME)

namespace {

struct Call {
    int64_t stream;
    const int32_t* parameters;
    int64_t in, out;
};

TensorBoxes tensor_of(const Call& call, bool stores) {
    const int32_t* p = call.parameters;
    int dimensions = p[8];
    TensorBoxes boxes{(stores ? call.out : call.in) + p[2], p[9], {}, {}, {}, p[10]};
    for (int d = 0; d < dimensions; d++) {
        boxes.sizes.push_back(p[16 + d]);
        if (d > 0) boxes.strides.push_back(p[24 + d]);
        boxes.box.push_back(p[32 + d]);
    }
    return boxes;
}

template <class Kernel>
void run(const Call& call) {
    Kernel kernel{};
    kernel.in = pointer<const uint32_t>(call.in);
    kernel.out = pointer<uint32_t>(call.out);
    std::memcpy(kernel.parameters, call.parameters, sizeof kernel.parameters);
    if constexpr (std::is_base_of_v<TensorPrimitive, Kernel>)
        kernel_device(call.stream).encode(kernel.map, tensor_of(call, Kernel::stores));
    launch(call.stream, kernel, Kernel::cluster, Kernel::threads, Kernel::shared_bytes, Kernel::cluster);
}

struct Entry {
    const char* name;
    int architecture;
    void (*run)(const Call&);
};

#define OTTAVA_ENTRY(text, ...) {#text, __VA_ARGS__::architecture, run<__VA_ARGS__>},
const Entry ENTRIES[] = {OTTAVA_CONFORMANCE_KERNELS(OTTAVA_ENTRY) OTTAVA_CONFORMANCE_SM90_KERNELS(OTTAVA_ENTRY)};

void run_named(const char* name, const Call& call) {
    auto* device = dynamic_cast<KernelDevice*>(&device_of(call.stream));
    if (device == nullptr)
        fail(OTTAVA_UNSUPPORTED, "conformance on %s: the device runs no CUDA kernels; simt and cuda do",
             device_of(call.stream).properties["name"].c_str());
    for (const Entry& entry : ENTRIES) {
        if (std::strcmp(entry.name, name) != 0) continue;
        if (device->architecture < entry.architecture || (entry.architecture == 90 && device->architecture != 90))
            fail(OTTAVA_UNSUPPORTED, "conformance: %s needs architecture %d, the device has %d", name, entry.architecture,
                 device->architecture);
        device->enter();
        return entry.run(call);
    }
    fail(OTTAVA_INVALID_ARGUMENT, "conformance: there is no kernel '%s'", name);
}

}  // namespace

}  // namespace ottava

const char* ottava_conformance_kernels(void) {
    static const std::string lines = [] {
        std::string text;
        for (const ottava::Entry& entry : ottava::ENTRIES)
            text += std::string(entry.name) + " " + std::to_string(entry.architecture) + "\n";
        return text;
    }();
    return lines.c_str();
}

int ottava_conformance_run(int64_t stream, const char* host_name, const int32_t* host_parameters, int64_t in, int64_t out) {
    return ottava::guarded([&] { ottava::run_named(host_name, {stream, host_parameters, in, out}); });
}
