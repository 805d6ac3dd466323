// What a program of products works with: one device and its stream, and arrays on it.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "ottava/device.h"

namespace ottava {

inline int64_t device, stream;

inline void check_status(int status) {
    if (status == OTTAVA_OK) return;
    std::printf("%s\n", ottava_last_error());
    std::exit(1);
}

// Memory of the device, which is the processor's, of NaN; the executor has guard bands around it.
template <class T>
struct Array {
    int64_t address = 0;
    size_t count;
    explicit Array(size_t count) : count(count) {
        check_status(ottava_memory_allocate(device, static_cast<int64_t>(count * sizeof(T)), &address));
        std::memset(data(), 0xff, count * sizeof(T));
    }
    Array(const Array&) = delete;
    ~Array() { ottava_memory_free(device, address, static_cast<int64_t>(count * sizeof(T))); }
    T* data() { return reinterpret_cast<T*>(address); }
    template <class Index>
    T& operator[](Index i) {
        return data()[i];
    }
};

}  // namespace ottava
