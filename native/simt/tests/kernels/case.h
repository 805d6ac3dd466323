// Calls of each operation on the simt device, on small random shapes and numbers.
#pragma once

#include <functional>
#include <random>
#include <vector>

#include "abi/device_object.h"

namespace ottava::cases {

struct Case {
    const Operations& run;
    int64_t stream;

    Case(Device& device, uint64_t seed)
        : run(*device.operations), stream(reinterpret_cast<int64_t>(&device.default_stream)), device(device), random(seed) {}
    ~Case();
    Case(const Case&) = delete;

    int64_t size(int64_t least, int64_t most);                   // drawn at random
    int64_t empty(int dtype, int64_t count);                     // memory of set bits
    int64_t zeros(int dtype, int64_t count);                     //
    int64_t numbers(int dtype, int64_t count, double most = 1);  // F32, BF16 or F16, from -most to most
    int64_t ids(int64_t count, int64_t least, int64_t bound);    // I32, from least to bound - 1
    // Finite numbers of E4M3 or E5M2, of any size; rows are `pitch` apart, with set bits, NaN, between them.
    int64_t codes(int dtype, int64_t rows, int64_t columns, int64_t pitch);
    int64_t copy_of(const void* host, int64_t bytes);
    uint64_t checksum() const;  // of all this memory (FNV-1a)

  private:
    struct Block {
        int64_t address, bytes;
    };
    int64_t allocate(int64_t bytes);

    Device& device;
    std::mt19937_64 random;
    std::vector<Block> blocks;
};

// E4M3 codes in groups of 16, with pitch `pitch`.
struct Groups {
    int64_t pitch, codes, scales;

    Groups(Case& c, int64_t rows, int64_t columns, int64_t wanted_pitch = 0)
        : pitch(wanted_pitch > 0 ? wanted_pitch : (columns + 15) / 16 * 16 + 16 * c.size(0, 2)),
          codes(c.codes(OTTAVA_E4M3, rows, columns, pitch)),
          scales(c.numbers(OTTAVA_BF16, rows * ((columns + 15) / 16))) {}
};

struct NamedCase {
    const char* name;
    const char* device;  // its name, with the architecture
    std::function<void(Case&)> body;
};

std::vector<NamedCase>& all();

struct Registration {
    Registration(const char* name, const char* device, std::function<void(Case&)> body) {
        all().push_back({name, device, std::move(body)});
    }
};

// OTTAVA_CASE(name) { ... } is the body of a function of Case& c.
#define OTTAVA_CASE_ON(device, name)                                \
    static void name(Case& c);                                      \
    static const Registration register_##name(#name, device, name); \
    static void name([[maybe_unused]] Case& c)
#define OTTAVA_CASE(name) OTTAVA_CASE_ON("simt", name)

inline constexpr int FLOATS[] = {OTTAVA_F32, OTTAVA_BF16};
inline constexpr int FP8[] = {OTTAVA_E4M3, OTTAVA_E5M2};

}  // namespace ottava::cases
