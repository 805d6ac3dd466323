// One call of each operation on the simt device, on small random shapes and numbers.
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

struct NamedCase {
    const char* name;
    std::function<void(Case&)> body;
};

std::vector<NamedCase>& all();

struct Registration {
    Registration(const char* name, std::function<void(Case&)> body) { all().push_back({name, std::move(body)}); }
};

// OTTAVA_CASE(name) { ... } is the body of a function of Case& c.
#define OTTAVA_CASE(name)                                   \
    static void name(Case& c);                              \
    static const Registration register_##name(#name, name); \
    static void name([[maybe_unused]] Case& c)

inline constexpr int FLOATS[] = {OTTAVA_F32, OTTAVA_BF16};

}  // namespace ottava::cases
