// Small kernels, each in two forms: right, and with one planted bug.
#pragma once

#include <cstdio>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "cuda_types.cuh"
#include "simt/launch.h"
#include "simt/memory.h"

namespace ottava::bugs {

// "" when the results are right, "wrong numbers", or the executor's error.
using Run = std::function<std::string()>;

struct Bug {
    const char* name;
    Run right, wrong;
};

std::vector<Bug>& all();

// Global memory, filled with NaN, or with 0, 1, 2, ...
template <class T>
struct Buffer {
    explicit Buffer(int count, bool numbered = false)
        : count(count), data(reinterpret_cast<T*>(simt::allocate(count * static_cast<int64_t>(sizeof(T))))) {
        for (int i = 0; numbered && i < count; i++) data[i] = static_cast<T>(static_cast<float>(i % 251));
    }
    ~Buffer() { simt::free(reinterpret_cast<int64_t>(data)); }
    Buffer(const Buffer&) = delete;

    int count;
    T* data;
};

// Runs the kernel and compares every element of the output with expected(i).
template <class T>
std::string check(const simt::LaunchConfig& config, const std::function<void()>& kernel, const Buffer<T>& output,
                  const std::function<float(int)>& expected) {
    std::string error = simt::run(config, kernel);
    if (!error.empty()) return error;
    for (int i = 0; i < output.count; i++)
        if (!(static_cast<float>(output.data[i]) == expected(i))) return "wrong numbers";
    return "";
}

// The first of the results that is not "".
inline std::string first_of(std::initializer_list<std::string> results) {
    for (const std::string& result : results)
        if (!result.empty()) return result;
    return "";
}

struct Registration {
    Registration(const char* name, Run right, Run wrong) { all().push_back({name, std::move(right), std::move(wrong)}); }
};

// OTTAVA_BUG(name) { ... } is the body of `template <bool WRONG> std::string name()`.
#define OTTAVA_BUG(name)                                                       \
    template <bool WRONG>                                                      \
    static std::string name();                                                 \
    static const Registration register_##name(#name, name<false>, name<true>); \
    template <bool WRONG>                                                      \
    static std::string name()

}  // namespace ottava::bugs
