// The simt device: the kernels of the cuda device, run on the processor.
#include <omp.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../abi/system.h"
#include "device.h"
#include "launch.h"
#include "launch/launch.h"
#include "memory.h"

namespace ottava::simt {

namespace {

// By the name and the architecture of the kernel, as ptxas says; 0 if the table does not have it.
int registers_of(const std::string& kernel, int architecture) {
    struct Row {
        const char* kernel;
        int architecture, registers;
    };
    static const std::map<std::pair<std::string, int>, int> table = [] {
        static constexpr Row rows[] = {
#include "kernel_registers.inc"
        };
        std::map<std::pair<std::string, int>, int> all;
        for (const Row& row : rows) all[{row.kernel, row.architecture}] = row.registers;
        return all;
    }();
    auto found = table.find({kernel, architecture});
    return found == table.end() ? 0 : found->second;
}

// OTTAVA_SIMT_MULTIPROCESSORS; few by default, so that blocks of persistent kernels have several tiles each at small shapes.
int multiprocessors_from_environment() {
    const char* text = std::getenv("OTTAVA_SIMT_MULTIPROCESSORS");
    if (text == nullptr) return 4;
    char* end;
    long count = std::strtol(text, &end, 10);
    if (*text == 0 || *end != 0 || count < 1 || count > 1024)
        throw std::invalid_argument(std::string("OTTAVA_SIMT_MULTIPROCESSORS is '") + text + "': a number from 1 to 1024");
    return static_cast<int>(count);
}

struct SimtDevice : KernelDevice {
    int threads;
    Schedule schedule;
    std::vector<int64_t> scratch_parts;

    SimtDevice(int simulated, Schedule order, int wanted_threads)
        : threads(wanted_threads > 0 ? wanted_threads : omp_get_max_threads()), schedule(order) {
        operations = &kernel_operations;
        architecture = simulated;
        multiprocessors = multiprocessors_from_environment();
        properties = {{"name", "simt"},
                      {"processor", "interpreter of CUDA kernels"},
                      {"threads", std::to_string(threads)},
                      {"matmul", "Ottava"},
                      {"native_bf16", "false"},
                      {"architecture", simulated == 90 ? "sm_90a" : "sm_" + std::to_string(simulated)},
                      {"multiprocessors", std::to_string(multiprocessors)},
                      {"schedule", schedule.name()},
                      {"fp8_accumulator", truncates_fp8_from_environment() ? "truncated" : "full"}};
    }

    int64_t allocate(int64_t bytes) override {
        int64_t address = simt::allocate(bytes);
        if (address == 0)
            fail(OTTAVA_OUT_OF_MEMORY, "simt: %lld bytes cannot be allocated; %lld bytes are free", static_cast<long long>(bytes),
                 static_cast<long long>(available()));
        return address;
    }
    void free(int64_t address, int64_t) override { simt::free(address); }
    int64_t available() override { return system::available_memory(); }
    void copy_to_device(int64_t address, const void* host, int64_t bytes) override {
        std::memcpy(reinterpret_cast<void*>(address), host, static_cast<size_t>(bytes));
    }
    void copy_to_host(void* host, int64_t address, int64_t bytes) override {
        std::memcpy(host, reinterpret_cast<void*>(address), static_cast<size_t>(bytes));
    }
    void copy(int64_t destination, int64_t source, int64_t bytes) override {
        std::memmove(reinterpret_cast<void*>(destination), reinterpret_cast<void*>(source), static_cast<size_t>(bytes));
    }
    void synchronize() override {}

    void launch(int64_t, const Launch& what) override {
        auto dim = [](Extent extent) { return dim3(extent.x, extent.y, extent.z); };
        LaunchConfig config{.name = what.name,
                            .grid = dim(what.grid),
                            .block = dim(what.block),
                            .cluster = dim(what.cluster),
                            .shared_bytes = what.shared_bytes,
                            .architecture = architecture,
                            .registers = registers_of(what.name, architecture),
                            .workers = threads,
                            .schedule = schedule};
        std::string error = run(config, [&] { what.body(what.kernel); });
        if (!error.empty()) fail(OTTAVA_DEVICE_ERROR, "%s", error.c_str());
    }
    void* scratch(int64_t, int64_t, int64_t bytes) override {
        scratch_parts.push_back(allocate(bytes));
        return reinterpret_cast<void*>(scratch_parts.back());
    }
    void release_scratch(int64_t) override {
        for (int64_t part : scratch_parts) simt::free(part);
        scratch_parts.clear();
    }
    void encode(TensorMap& map, const TensorBoxes& boxes) override {
        std::string error = simt::encode(map, reinterpret_cast<void*>(boxes.address), boxes.element_bytes, boxes.sizes, boxes.strides,
                                         boxes.box, boxes.swizzle);
        if (!error.empty()) fail(OTTAVA_INVALID_ARGUMENT, "simt: %s", error.c_str());
    }
};

}  // namespace

int workers(int64_t stream) {
    return static_cast<SimtDevice&>(device_of(stream)).threads;
}

}  // namespace ottava::simt

ottava::Device* ottava::open_simt(const char* name, int threads) {
    try {
        std::string text = std::string(name).substr(4);  // after "simt"
        int architecture = 90;
        for (auto [variant, number] : {std::pair{":sm_80", 80}, {":sm_89", 89}, {":sm_90a", 90}}) {
            if (text != variant && !text.starts_with(std::string(variant) + ":")) continue;
            architecture = number;
            text.erase(0, std::strlen(variant));
            break;
        }
        simt::Schedule schedule =
            text.empty()
                ? simt::Schedule::from_environment()
                : simt::Schedule::parse(text.substr(1), std::string("device ") + name + " (simt[:sm_80|:sm_89|:sm_90a][:SCHEDULE])");
        return new simt::SimtDevice(architecture, schedule, threads);
    } catch (const std::invalid_argument& wrong) {
        fail(OTTAVA_INVALID_ARGUMENT, "%s", wrong.what());
    }
}
