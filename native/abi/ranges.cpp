// The side of NVTX 3 that a program has: tables of functions, which a profiler's library fills in with its own. Nothing of NVTX is linked;
// the numbers and structures below are its binary interface (nvtxTypes.h and nvtxInit.h of NVTX 3).
#include "ottava/ranges.h"

#include <cstddef>
#include <cstdlib>
#include <string>

#include "device_object.h"
#include "system.h"

using namespace ottava;

namespace {

using Function = void (*)();

// Functions of each module by its number; number 0 of a module stands for none, and so does module 0. A profiler may fill in any; those of
// ranges are called.
constexpr int modules = 7, core = 1, range_push = 9, range_pop = 11;
constexpr unsigned functions[modules] = {0, 16, 9, 15, 7, 16, 7};
Function filled_in[modules][16];
Function* tables[modules][17];  // a null at the end

int function_table(int module, Function*** table, unsigned* count) {
    if (module <= 0 || module >= modules) return 0;
    if (table != nullptr) *table = tables[module];
    if (count != nullptr) *count = functions[module];
    return 1;
}

struct Callbacks {
    size_t bytes;
    int (*function_table)(int module, Function*** table, unsigned* count);
};

struct Version {
    size_t bytes;
    uint32_t nvtx;
    uint32_t reserved;
    void (*profilers)(uint32_t nvtx);
};

const void* export_table(uint32_t number) {
    static const Callbacks callbacks{sizeof(Callbacks), function_table};
    static const Version version{sizeof(Version), 3, 0, [](uint32_t) {}};
    return number == 1 ? static_cast<const void*>(&callbacks) : number == 3 ? &version : nullptr;
}

void attach() {
    const char* path = std::getenv("NVTX_INJECTION64_PATH");
    if (path == nullptr || *path == '\0') return;
    for (int module = 1; module < modules; ++module)
        for (unsigned i = 1; i < functions[module]; ++i) tables[module][i] = &filled_in[module][i];
    std::string why;
    void* library = system::open_library(path, why);
    if (library == nullptr)
        fail(OTTAVA_UNSUPPORTED, "NVTX_INJECTION64_PATH: %s cannot be loaded%s%s", path, why.empty() ? ": there is no such file" : ": ",
             why.c_str());
    using Initialize = int (*)(const void* (*)(uint32_t));
    auto initialize = reinterpret_cast<Initialize>(system::find_function(library, "InitializeInjectionNvtx2"));
    if (initialize == nullptr) fail(OTTAVA_UNSUPPORTED, "NVTX_INJECTION64_PATH: %s has no InitializeInjectionNvtx2", path);
    if (initialize(export_table) == 0) fail(OTTAVA_UNSUPPORTED, "NVTX_INJECTION64_PATH: %s refuses to start", path);
}

}  // namespace

int ottava_ranges_attach(void) {
    return guarded([] {
        static const bool attached = (attach(), true);
        static_cast<void>(attached);
    });
}

int ottava_range_push(const char* name) {
    if (auto push = reinterpret_cast<int (*)(const char*)>(filled_in[core][range_push])) push(name);
    return OTTAVA_OK;
}

int ottava_range_pop(void) {
    if (auto pop = reinterpret_cast<int (*)()>(filled_in[core][range_pop])) pop();
    return OTTAVA_OK;
}
