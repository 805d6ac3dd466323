// The cpu device: memory, and the choice of instruction set and of matrix product.
#include <omp.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "../abi/device_object.h"
#include "../abi/system.h"
#include "device.h"
#include "instruction_sets.h"
#include "onednn.h"

namespace ottava::cpu {

#define OTTAVA_TABLE(isa)          \
    namespace isa {                \
    extern const Operations table; \
    }
OTTAVA_INSTRUCTION_SETS(OTTAVA_TABLE)
#undef OTTAVA_TABLE

namespace {

struct InstructionSet {
    const char* name;
    const Operations* operations;
};

// The widest of the compiled sets that this processor has. OTTAVA_CPU_INSTRUCTIONS names a narrower one, for tests.
InstructionSet choose_instructions() {
    const char* wanted = std::getenv("OTTAVA_CPU_INSTRUCTIONS");
    auto take = [&](const char* name, bool supported) { return supported && (wanted == nullptr || std::strcmp(wanted, name) == 0); };
#if defined(__x86_64__)
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bf16");
    if (take("avx512", avx512)) return {"avx512", &avx512::table};
    if (take("avx2", avx2)) return {"avx2", &avx2::table};
#endif
    if (take("baseline", true)) return {"baseline", &baseline::table};
    fail(OTTAVA_UNSUPPORTED, "OTTAVA_CPU_INSTRUCTIONS=%s: this processor or this build does not have it", wanted);
}

struct CpuDevice : Device {
    OneDnn* onednn = nullptr;
    int threads;

    CpuDevice(const char* onednn_path, int wanted_threads) : threads(wanted_threads > 0 ? wanted_threads : omp_get_max_threads()) {
        InstructionSet chosen = choose_instructions();
        operations = chosen.operations;
        if (onednn_path != nullptr && *onednn_path != 0) onednn = load_onednn(onednn_path);
        bool native_bf16 = onednn != nullptr && std::strcmp(chosen.name, "avx512") == 0;
        properties = {
            {"name", "cpu"},
            {"processor", system::processor_name()},
            {"instructions", chosen.name},
            {"threads", std::to_string(threads)},
            {"matmul", onednn != nullptr ? onednn_version(onednn) : "Ottava"},
            {"native_bf16", native_bf16 ? "true" : "false"},
        };
    }

    void enter() override {
        if (omp_get_max_threads() != threads) omp_set_num_threads(threads);
    }

    int64_t allocate(int64_t bytes) override {
        // Large blocks on huge pages: the training step walks through them end to end.
        size_t alignment = bytes >= (1 << 21) ? 1 << 21 : 256;
        size_t size = (static_cast<size_t>(bytes) + 255) / 256 * 256;
        void* block = bytes < 0 ? nullptr : system::allocate(alignment, size == 0 ? 256 : size);
        if (block == nullptr)
            fail(OTTAVA_OUT_OF_MEMORY, "cpu: %lld bytes cannot be allocated; %lld bytes are free", static_cast<long long>(bytes),
                 static_cast<long long>(available()));
        if (alignment > 256) system::prefer_large_pages(block, size);
        return reinterpret_cast<int64_t>(block);
    }

    void free(int64_t address, int64_t) override { system::free(reinterpret_cast<void*>(address)); }

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
};

}  // namespace

bool multiply_with_onednn(int64_t stream, const Gemm& gemm, int64_t d, int64_t a, int64_t b, int64_t bias) {
    OneDnn* onednn = static_cast<CpuDevice&>(device_of(stream)).onednn;
    if (onednn == nullptr) return false;
    onednn_gemm(onednn, gemm, d, a, b, bias);
    return true;
}

}  // namespace ottava::cpu

ottava::Device* ottava::open_cpu(const char* onednn_path, int threads) {
    return new cpu::CpuDevice(onednn_path, threads);
}
