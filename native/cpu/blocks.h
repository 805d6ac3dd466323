// How kernels divide work: sums go over blocks whose size depends on the shape alone, then over the blocks in order, so that a result
// never depends on the number of threads.
#pragma once

#include <stdlib.h>

#include "kernels.h"

OTTAVA_CPU_BEGIN

// With fewer elements than this, waking the other threads costs more than it saves.
static constexpr int64_t parallel_from = 16384;

static constexpr int64_t block_size = 4096;

// The sum over blocks of body(begin, end), which returns the sum over the elements of a block.
template <class Body>
inline double sum_over_blocks(int64_t count, Body body) {
    double total = 0;
    int64_t blocks = (count + block_size - 1) / block_size;
    constexpr int64_t batch = 1024;
    double partial[batch];
    for (int64_t first = 0; first < blocks; first += batch) {
        int64_t last = first + batch < blocks ? first + batch : blocks;
#pragma omp parallel for if (count > parallel_from)
        for (int64_t p = first; p < last; p++) {
            int64_t begin = p * block_size;
            partial[p - first] = body(begin, begin + block_size < count ? begin + block_size : count);
        }
        for (int64_t p = first; p < last; p++) total += partial[p - first];
    }
    return total;
}

// At most 32 groups of consecutive rows, for sums over rows that need a buffer per group.
struct RowGroups {
    int64_t rows, size, count;

    explicit RowGroups(int64_t all_rows) : rows(all_rows) {
        size = (rows + 31) / 32;
        if (size < 16) size = 16;
        count = (rows + size - 1) / size;
    }
    int64_t begin(int64_t group) const { return group * size; }
    int64_t end(int64_t group) const { return (group + 1) * size < rows ? (group + 1) * size : rows; }
};

// Memory for the length of a call.
struct Scratch {
    char* next;
    void* memory;

    Scratch(const char* operation, int64_t bytes) : memory(malloc(static_cast<size_t>(bytes) + 1)) {
        if (memory == nullptr)
            fail(OTTAVA_OUT_OF_MEMORY, "%s on cpu: %lld bytes of scratch memory cannot be allocated", operation,
                 static_cast<long long>(bytes));
        next = static_cast<char*>(memory);
    }
    ~Scratch() { free(memory); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    // The next `count` elements; those of the widest type first.
    template <class T>
    T* take(int64_t count) {
        T* taken = reinterpret_cast<T*>(next);
        next += count * static_cast<int64_t>(sizeof(T));
        return taken;
    }
};

[[noreturn]] inline void refuse_dtype(const char* operation, int dtype) {
    fail(OTTAVA_UNSUPPORTED, "%s on cpu: dtype %d is neither f32 nor bf16", operation, dtype);
}

OTTAVA_CPU_END
