// A profiler that listens to ranges of NVTX 3 and writes them, a line each, to the file that FAKE_NVTX_LOG names. FAKE_NVTX_REFUSES makes
// it refuse.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

using Function = void (*)();

struct Callbacks {
    size_t bytes;
    int (*function_table)(int module, Function*** table, unsigned* count);
};

FILE* file = nullptr;
int depth = 0;

int push(const char* name) {
    std::fprintf(file, "%*s%s\n", depth, "", name);
    std::fflush(file);
    return depth++;
}

int pop() {
    if (depth == 0) std::fprintf(file, "pop without push\n");
    std::fflush(file);
    return --depth;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int InitializeInjectionNvtx2(const void* (*export_table)(uint32_t)) {
    const char* log = std::getenv("FAKE_NVTX_LOG");
    if (log == nullptr || std::getenv("FAKE_NVTX_REFUSES") != nullptr) return 0;
    file = std::fopen(log, "w");
    auto callbacks = static_cast<const Callbacks*>(export_table(1));
    auto version = static_cast<const uint32_t*>(export_table(3));
    if (file == nullptr || callbacks == nullptr || callbacks->bytes < sizeof(Callbacks) || version == nullptr || version[2] != 3) return 0;
    // As profilers do: every module there is, and each of its functions that is not null.
    const unsigned expected[] = {0, 16, 9, 15, 7, 16, 7};
    for (int module = 1; module <= 6; ++module) {
        Function** table = nullptr;
        unsigned count = 0;
        if (callbacks->function_table(module, &table, &count) != 1 || count != expected[module] || table[0] != nullptr) return 0;
        for (unsigned i = 1; i < count; ++i)
            if (table[i] == nullptr) return 0;
        if (module == 1) {
            *table[9] = reinterpret_cast<Function>(push);
            *table[11] = reinterpret_cast<Function>(pop);
        }
    }
    return callbacks->function_table(7, nullptr, nullptr) == 0;
}
