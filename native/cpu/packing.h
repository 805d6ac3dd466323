// Packing of operands for the microkernel: copies of F32 or BF16 matrices as rows, transposed, or with pairs of rows interleaved.
#pragma once

#include "../abi/system.h"
#include "microkernel.h"

OTTAVA_CPU_BEGIN

inline vec widen(const float* source) {
    return load_unaligned<vec>(source);
}

inline vec widen(const bf16* source) {
    typedef uint16_t half __attribute__((vector_size(2 * lanes)));
    typedef uint32_t uvec __attribute__((vector_size(4 * lanes)));
    return (vec)(__builtin_convertvector(load_unaligned<half>(source), uvec) << 16);
}

// Pairs of neighbours.
inline vec pairs(const bf16* source) {
    return load_unaligned<vec>(source);
}

// One vector of elements from neighbouring values.
template <class E, class T>
inline vec gather(const T* source) {
    if constexpr (values_of<E> == 2) {
        return pairs(source);
    } else {
        return widen(source);
    }
}

// The same where only `count` values are there; the others are zero.
template <class E, class T>
inline vec gather(const T* source, int64_t count) {
    if (count >= lanes * values_of<E>) return gather<E>(source);
    T values[lanes * values_of<E>] = {};
    for (int64_t i = 0; i < count; i++) values[i] = source[i];
    return gather<E>(values);
}

#ifdef OTTAVA_BF16_PAIRS
// F32 rounded to bf16.
inline __m256i narrow(vec value) {
    return (__m256i)_mm512_cvtneps_pbh(value);
}

// The bf16 of two vectors side by side.
inline vec pair_up(__m256i first, __m256i second) {
    typedef uint16_t half __attribute__((vector_size(32)));
    typedef uint32_t uvec __attribute__((vector_size(64)));
    return (vec)(__builtin_convertvector((half)first, uvec) | (__builtin_convertvector((half)second, uvec) << 16));
}
#endif

// Transposes a square of lanes x lanes elements in registers: log2(lanes) rounds that exchange halves, quarters, ...
template <int... Lane>
struct Square {
    template <int Half>
    static inline void exchange(vec& a, vec& b) {
        const ivec low = {((Lane & Half) != 0 ? lanes + Lane - Half : Lane)...};
        const ivec high = {((Lane & Half) != 0 ? lanes + Lane : Lane + Half)...};
        vec first = __builtin_shuffle(a, b, low);
        b = __builtin_shuffle(a, b, high);
        a = first;
    }

    template <int Half>
    static inline void transpose(vec (&rows)[lanes]) {
#pragma GCC unroll 16
        for (int i = 0; i < lanes; i++)
            if ((i & Half) == 0) exchange<Half>(rows[i], rows[i + Half]);
        if constexpr (Half > 1) transpose<Half / 2>(rows);
    }

    // Combines all lanes in log2(lanes) rounds; every lane of the result holds it.
    template <int Half, class Combine>
    static inline vec fold(vec value, Combine combine) {
        const ivec partner = {(Lane ^ Half)...};
        value = combine(value, __builtin_shuffle(value, partner));
        if constexpr (Half > 1) {
            return fold<Half / 2>(value, combine);
        } else {
            return value;
        }
    }

    static inline ivec indices() {
        return ivec{Lane...};
    }
};

#if defined(__AVX512F__)
using Lanes = Square<0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15>;
#elif defined(__AVX__)
using Lanes = Square<0, 1, 2, 3, 4, 5, 6, 7>;
#else
using Lanes = Square<0, 1, 2, 3>;
#endif

inline void transpose(vec (&rows)[lanes]) {
    Lanes::transpose<lanes / 2>(rows);
}

inline float total(vec value) {
    return Lanes::fold<lanes / 2>(value, [](vec a, vec b) { return a + b; })[0];
}

inline float maximum(vec value) {
    return Lanes::fold<lanes / 2>(value, [](vec a, vec b) { return maximum(a, b); })[0];
}

// With fewer multiplications than this, waking the other threads costs more than it saves.
constexpr int64_t worth_waking = 1 << 17;

constexpr int64_t round_up(int64_t value, int64_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

constexpr int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

// target[r, c / values] = source[r, c]. Rows up to padded_rows, and columns up to whole vectors, become zero.
template <class E, class T>
static void pack_rows(E* target, int64_t target_pitch, const T* source, int64_t source_pitch, int64_t rows, int64_t padded_rows,
                      int64_t columns) {
    constexpr int64_t width = lanes * values_of<E>;
    for (int64_t r = 0; r < padded_rows; r++)
        for (int64_t c = 0; c < columns; c += width) {
            vec value = r < rows ? gather<E>(source + r * source_pitch + c, columns - c) : vec{};
            store_unaligned(target + r * target_pitch + c / values_of<E>, value);
        }
}

// target[c / values, r] = source[r, c]. Rows up to a whole vector become zero.
template <class E, class T>
static void pack_transposed(E* target, int64_t target_pitch, const T* source, int64_t source_pitch, int64_t rows, int64_t columns) {
    constexpr int64_t values = values_of<E>;
    for (int64_t r = 0; r < rows; r += lanes)
        for (int64_t c = 0; c < columns; c += lanes * values) {
            vec square[lanes];
#pragma GCC unroll 16
            for (int i = 0; i < lanes; i++) square[i] = r + i < rows ? gather<E>(source + (r + i) * source_pitch + c, columns - c) : vec{};
            transpose(square);
            int64_t count = smaller(lanes, (columns - c + values - 1) / values);
            for (int64_t i = 0; i < count; i++) store_unaligned(target + (c / values + i) * target_pitch + r, square[i]);
        }
}

// target[r / values, c] = source[r, c]: with pairs, rows 2 i and 2 i + 1 side by side. Columns up to a whole vector become zero, and what
// stands beside an odd last row.
template <class E, class T>
static void pack_row_pairs(E* target, int64_t target_pitch, const T* source, int64_t source_pitch, int64_t rows, int64_t columns) {
    for (int64_t r = 0; r < rows; r += values_of<E>)
        for (int64_t c = 0; c < columns; c += lanes) {
            // Widened bf16 are their own upper halves: shifting the first row down puts it beside the second.
            const T* at = source + r * source_pitch + c;
            vec value = gather<float>(at, columns - c);
            if constexpr (values_of<E> == 2) {
                typedef uint32_t uvec __attribute__((vector_size(4 * lanes)));
                vec second = r + 1 < rows ? gather<float>(at + source_pitch, columns - c) : vec{};
                value = (vec)(((uvec)value >> 16) | (uvec)second);
            }
            store_unaligned(target + r / values_of<E> * target_pitch + c, value);
        }
}

// The dot products of x[0..columns) with `lanes` rows, of which only `rows` are there (the others repeat the last one). columns is a
// multiple of lanes.
template <class T>
static inline vec dot_products(const float* x, const T* matrix, int64_t pitch, int64_t rows, int64_t columns) {
    vec sums[lanes];
    // Four rows at a time: rows often lie a power of two apart, and more lines than that would fall on the same cache set.
#pragma GCC unroll 4
    for (int i = 0; i < lanes; i += 4) {
        const T* row[4];
        vec sum[4] = {};
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) row[j] = matrix + smaller(i + j, rows - 1) * pitch;
        for (int64_t c = 0; c < columns; c += lanes)
#pragma GCC unroll 4
            for (int j = 0; j < 4; j++) sum[j] += widen(row[j] + c) * load_unaligned<vec>(x + c);
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) sums[i + j] = sum[j];
    }
    transpose(sums);
    vec result = sums[0];
#pragma GCC unroll 16
    for (int i = 1; i < lanes; i++) result += sums[i];
    return result;
}

// Memory for one call, aligned to cache lines and freed at its end. Made before a parallel region, because it may fail.
class Workspace {
  public:
    Workspace(const char* what, int64_t bytes) : block_(system::allocate(64, static_cast<size_t>(bytes))) {
        if (block_ == nullptr)
            fail(OTTAVA_OUT_OF_MEMORY, "%s on cpu: no memory for a workspace of %lld bytes", what, static_cast<long long>(bytes));
    }
    ~Workspace() { system::free(block_); }
    Workspace(const Workspace&) = delete;
    Workspace& operator=(const Workspace&) = delete;
    char* at(int64_t offset) { return static_cast<char*>(block_) + offset; }

  private:
    void* block_;
};

// Lays out buffers one after the other. On the address 0 it measures.
class Layout {
  public:
    explicit Layout(char* base) : base_(base) {}
    template <class E>
    E* take(int64_t count) {
        E* taken = measures() ? nullptr : reinterpret_cast<E*>(base_ + used_);
        // Lines between the buffers keep rows of equal index from falling on the same cache sets.
        used_ += round_up(count * static_cast<int64_t>(sizeof(E)), 64) + 64;
        return taken;
    }
    bool measures() const { return base_ == nullptr; }
    int64_t used() const { return used_; }

  private:
    char* base_;
    int64_t used_ = 0;
};

OTTAVA_CPU_END
