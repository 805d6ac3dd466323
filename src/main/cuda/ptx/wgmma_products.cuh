// d[64, N] = (accumulate ? d : 0) + a[64, K] · b[K, N] by a warpgroup, asynchronously; see wgmma.cuh.
//
//     float sums[N / 2];
//     wgmma<e4m3, e5m2>(sums, a, b, accumulate);
//     wgmma<bf16, bf16, Major::K, Major::MN>(sums, a, b, accumulate);   b lies as rows of k
//
// N follows from the sums: 8, 16, 32, 64, 96, 128, 160, 192, 224 or 256. Types of a and b: e4m3 and e5m2 in any pair (K = 32, F32 sums),
// bf16 (K = 16, F32 sums), int8_t (K = 32, int32_t sums). Only bf16 may be Major::MN.
// Thread 32 w + 4 g + t of the warpgroup has d[4 j + 0, 1]: row 16 w + g, columns 8 j + 2 t, + 1; d[4 j + 2, 3]: the same of row + 8.
// a: a descriptor, or registers, each of 4 bytes along k, e = K / 8 elements: a[0] row g, k e t; a[1] row g + 8, k e t; a[2] row g,
// k e t + K / 2; a[3] row g + 8, k e t + K / 2 (rows of the warp's 16). b: a descriptor.
#pragma once

#include "ptx/fp8.cuh"
#include "ptx/wgmma.cuh"

namespace ottava::ptx {

enum class Major { K, MN };  // along which the operand's elements are neighbours in memory

#ifdef __CUDACC__

// The registers of the sums, by their numbers in the instruction and as operands of the asm statement.
#define OTTAVA_TEN(t) "%" t "0, %" t "1, %" t "2, %" t "3, %" t "4, %" t "5, %" t "6, %" t "7, %" t "8, %" t "9, "
#define OTTAVA_NAMES_4 "%0, %1, %2, %3"
#define OTTAVA_NAMES_8 OTTAVA_NAMES_4 ", %4, %5, %6, %7"
#define OTTAVA_NAMES_16 OTTAVA_TEN("") "%10, %11, %12, %13, %14, %15"
#define OTTAVA_NAMES_30 OTTAVA_TEN("") OTTAVA_TEN("1") OTTAVA_TEN("2")
#define OTTAVA_NAMES_60 OTTAVA_NAMES_30 OTTAVA_TEN("3") OTTAVA_TEN("4") OTTAVA_TEN("5")
#define OTTAVA_NAMES_90 OTTAVA_NAMES_60 OTTAVA_TEN("6") OTTAVA_TEN("7") OTTAVA_TEN("8")
#define OTTAVA_NAMES_32 OTTAVA_NAMES_30 "%30, %31"
#define OTTAVA_NAMES_48 OTTAVA_NAMES_30 OTTAVA_TEN("3") "%40, %41, %42, %43, %44, %45, %46, %47"
#define OTTAVA_NAMES_64 OTTAVA_NAMES_60 "%60, %61, %62, %63"
#define OTTAVA_NAMES_80 OTTAVA_NAMES_60 OTTAVA_TEN("6") "%70, %71, %72, %73, %74, %75, %76, %77, %78, %79"
#define OTTAVA_NAMES_96 OTTAVA_NAMES_90 "%90, %91, %92, %93, %94, %95"
#define OTTAVA_NAMES_112 OTTAVA_NAMES_90 OTTAVA_TEN("9") OTTAVA_TEN("10") "%110, %111"
#define OTTAVA_NAMES_128 OTTAVA_NAMES_90 OTTAVA_TEN("9") OTTAVA_TEN("10") OTTAVA_TEN("11") "%120, %121, %122, %123, %124, %125, %126, %127"
#define OTTAVA_SUMS_4(c, i) c(d[i]), c(d[i + 1]), c(d[i + 2]), c(d[i + 3])
#define OTTAVA_SUMS_8(c, i) OTTAVA_SUMS_4(c, i), OTTAVA_SUMS_4(c, i + 4)
#define OTTAVA_SUMS_16(c, i) OTTAVA_SUMS_8(c, i), OTTAVA_SUMS_8(c, i + 8)
#define OTTAVA_SUMS_32(c, i) OTTAVA_SUMS_16(c, i), OTTAVA_SUMS_16(c, i + 16)
#define OTTAVA_SUMS_48(c, i) OTTAVA_SUMS_32(c, i), OTTAVA_SUMS_16(c, i + 32)
#define OTTAVA_SUMS_64(c, i) OTTAVA_SUMS_32(c, i), OTTAVA_SUMS_32(c, i + 32)
#define OTTAVA_SUMS_80(c, i) OTTAVA_SUMS_64(c, i), OTTAVA_SUMS_16(c, i + 64)
#define OTTAVA_SUMS_96(c, i) OTTAVA_SUMS_64(c, i), OTTAVA_SUMS_32(c, i + 64)
#define OTTAVA_SUMS_112(c, i) OTTAVA_SUMS_96(c, i), OTTAVA_SUMS_16(c, i + 96)
#define OTTAVA_SUMS_128(c, i) OTTAVA_SUMS_64(c, i), OTTAVA_SUMS_64(c, i + 64)

// One instruction on the sums and the asm operands that follow: `a`, `b`, `tail` name them, and `flag` is the number of the last.
#define OTTAVA_WGMMA_ASM(n, k, types, names, sums, constraint, a, b, flag, tail, ...)                                               \
    asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %" #flag ", 0;\nwgmma.mma_async.sync.aligned.m64n" #n "k" k "." types " {" names \
                 "}, " a ", " b ", p" tail ";\n}\n"                                                                                 \
                 : sums(constraint, 0)                                                                                              \
                 : __VA_ARGS__, "r"(static_cast<int>(accumulate)))

#define OTTAVA_WGMMA_FP8(n, names, sums, a, b, flag, ...)                                                 \
    static_assert(is_fp8<A> && is_fp8<B>, "a and b are both bf16, or of FP8");                            \
    if constexpr (is_same<A, e4m3> && is_same<B, e4m3>) {                                                 \
        OTTAVA_WGMMA_ASM(n, "32", "f32.e4m3.e4m3", names, sums, "+f", a, b, flag, ", 1, 1", __VA_ARGS__); \
    } else if constexpr (is_same<A, e4m3>) {                                                              \
        OTTAVA_WGMMA_ASM(n, "32", "f32.e4m3.e5m2", names, sums, "+f", a, b, flag, ", 1, 1", __VA_ARGS__); \
    } else if constexpr (is_same<B, e4m3>) {                                                              \
        OTTAVA_WGMMA_ASM(n, "32", "f32.e5m2.e4m3", names, sums, "+f", a, b, flag, ", 1, 1", __VA_ARGS__); \
    } else {                                                                                              \
        OTTAVA_WGMMA_ASM(n, "32", "f32.e5m2.e5m2", names, sums, "+f", a, b, flag, ", 1, 1", __VA_ARGS__); \
    }

// r0 to r6: the numbers of the asm operands after the n / 2 sums. First a by its descriptor, then a in registers.
#define OTTAVA_WGMMA(n, names, sums, r0, r1, r2, r3, r4, r5, r6)                                                                           \
    template <class A, class B, Major MAJOR_A = Major::K, Major MAJOR_B = Major::K>                                                        \
    __device__ __forceinline__ void wgmma(float(&d)[n / 2], uint64_t a, uint64_t b, bool accumulate) {                                     \
        if constexpr (is_same<A, bf16> && is_same<B, bf16>) {                                                                              \
            OTTAVA_WGMMA_ASM(n, "16", "f32.bf16.bf16", names, sums, "+f", "%" #r0, "%" #r1, r4, ", 1, 1, %" #r2 ", %" #r3, "l"(a), "l"(b), \
                             "n"(static_cast<int>(MAJOR_A)), "n"(static_cast<int>(MAJOR_B)));                                              \
        } else {                                                                                                                           \
            static_assert(MAJOR_A == Major::K && MAJOR_B == Major::K, "only bf16 may be Major::MN");                                       \
            OTTAVA_WGMMA_FP8(n, names, sums, "%" #r0, "%" #r1, r2, "l"(a), "l"(b))                                                         \
        }                                                                                                                                  \
    }                                                                                                                                      \
    template <class A, class B, Major MAJOR_B = Major::K>                                                                                  \
    __device__ __forceinline__ void wgmma(float(&d)[n / 2], const uint32_t(&a)[4], uint64_t b, bool accumulate) {                          \
        if constexpr (is_same<A, bf16> && is_same<B, bf16>) {                                                                              \
            OTTAVA_WGMMA_ASM(n, "16", "f32.bf16.bf16", names, sums, "+f", "{%" #r0 ", %" #r1 ", %" #r2 ", %" #r3 "}", "%" #r4, r6,         \
                             ", 1, 1, %" #r5, OTTAVA_A_REGISTERS, "l"(b), "n"(static_cast<int>(MAJOR_B)));                                 \
        } else {                                                                                                                           \
            static_assert(MAJOR_B == Major::K, "only bf16 may be Major::MN");                                                              \
            OTTAVA_WGMMA_FP8(n, names, sums, "{%" #r0 ", %" #r1 ", %" #r2 ", %" #r3 "}", "%" #r4, r5, OTTAVA_A_REGISTERS, "l"(b))          \
        }                                                                                                                                  \
    }                                                                                                                                      \
    template <class A, class B>                                                                                                            \
    __device__ __forceinline__ void wgmma(int32_t(&d)[n / 2], uint64_t a, uint64_t b, bool accumulate) {                                   \
        static_assert(is_same<A, int8_t> && is_same<B, int8_t>, "int32_t sums are of int8_t");                                             \
        OTTAVA_WGMMA_ASM(n, "32", "s32.s8.s8", names, sums, "+r", "%" #r0, "%" #r1, r2, "", "l"(a), "l"(b));                               \
    }                                                                                                                                      \
    template <class A, class B>                                                                                                            \
    __device__ __forceinline__ void wgmma(int32_t(&d)[n / 2], const uint32_t(&a)[4], uint64_t b, bool accumulate) {                        \
        static_assert(is_same<A, int8_t> && is_same<B, int8_t>, "int32_t sums are of int8_t");                                             \
        OTTAVA_WGMMA_ASM(n, "32", "s32.s8.s8", names, sums, "+r", "{%" #r0 ", %" #r1 ", %" #r2 ", %" #r3 "}", "%" #r4, r5, "",             \
                         OTTAVA_A_REGISTERS, "l"(b));                                                                                      \
    }
#define OTTAVA_A_REGISTERS "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3])

OTTAVA_WGMMA(8, OTTAVA_NAMES_4, OTTAVA_SUMS_4, 4, 5, 6, 7, 8, 9, 10)
OTTAVA_WGMMA(16, OTTAVA_NAMES_8, OTTAVA_SUMS_8, 8, 9, 10, 11, 12, 13, 14)
OTTAVA_WGMMA(32, OTTAVA_NAMES_16, OTTAVA_SUMS_16, 16, 17, 18, 19, 20, 21, 22)
OTTAVA_WGMMA(64, OTTAVA_NAMES_32, OTTAVA_SUMS_32, 32, 33, 34, 35, 36, 37, 38)
OTTAVA_WGMMA(96, OTTAVA_NAMES_48, OTTAVA_SUMS_48, 48, 49, 50, 51, 52, 53, 54)
OTTAVA_WGMMA(128, OTTAVA_NAMES_64, OTTAVA_SUMS_64, 64, 65, 66, 67, 68, 69, 70)
OTTAVA_WGMMA(160, OTTAVA_NAMES_80, OTTAVA_SUMS_80, 80, 81, 82, 83, 84, 85, 86)
OTTAVA_WGMMA(192, OTTAVA_NAMES_96, OTTAVA_SUMS_96, 96, 97, 98, 99, 100, 101, 102)
OTTAVA_WGMMA(224, OTTAVA_NAMES_112, OTTAVA_SUMS_112, 112, 113, 114, 115, 116, 117, 118)
OTTAVA_WGMMA(256, OTTAVA_NAMES_128, OTTAVA_SUMS_128, 128, 129, 130, 131, 132, 133, 134)

#else

template <class A, class B, class Sum, int COUNT>
constexpr simt::WgmmaShape wgmma_shape(Major major_a, Major major_b) {
    constexpr bool of_bf16 = is_same<A, bf16> && is_same<B, bf16>, of_int8 = is_same<A, int8_t> && is_same<B, int8_t>;
    static_assert(is_same<Sum, int32_t> ? of_int8 : is_same<Sum, float> && (of_bf16 || (is_fp8<A> && is_fp8<B>)),
                  "a and b are both bf16 or both of FP8 with float sums, or int8_t with int32_t sums");
    static_assert(COUNT == 4 || COUNT == 8 || (COUNT % 16 == 0 && COUNT <= 128), "N is 8, 16 or a multiple of 32 up to 256");
    return {2 * COUNT, simt::number_type<A>, simt::number_type<B>, major_a == Major::MN, major_b == Major::MN};
}

template <class A, class B, Major MAJOR_A = Major::K, Major MAJOR_B = Major::K, class Sum, int COUNT>
void wgmma(Sum (&d)[COUNT], uint64_t a, uint64_t b, bool accumulate, simt::Site site = simt::Site::current()) {
    static_assert((MAJOR_A == Major::K && MAJOR_B == Major::K) || is_same<A, bf16>, "only bf16 may be Major::MN");
    simt::wgmma(wgmma_shape<A, B, Sum, COUNT>(MAJOR_A, MAJOR_B), d, a, nullptr, b, accumulate, site);
}
template <class A, class B, Major MAJOR_B = Major::K, class Sum, int COUNT>
void wgmma(Sum (&d)[COUNT], const uint32_t (&a)[4], uint64_t b, bool accumulate, simt::Site site = simt::Site::current()) {
    static_assert(MAJOR_B == Major::K || is_same<A, bf16>, "only bf16 may be Major::MN");
    simt::wgmma(wgmma_shape<A, B, Sum, COUNT>(Major::K, MAJOR_B), d, 0, a, b, accumulate, site);
}

#endif

}  // namespace ottava::ptx
