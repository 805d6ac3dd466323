// CUDA's small vectors, at global scope as CUDA has them.
#pragma once

#include <cstdint>

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

struct uint3 {
    unsigned x, y, z;
};

#define OTTAVA_VECTOR2(name, type, alignment) \
    struct alignas(alignment) name {          \
        type x, y;                            \
    };                                        \
    inline name make_##name(type x, type y) { \
        return {x, y};                        \
    }
#define OTTAVA_VECTOR4(name, type, alignment)                 \
    struct alignas(alignment) name {                          \
        type x, y, z, w;                                      \
    };                                                        \
    inline name make_##name(type x, type y, type z, type w) { \
        return {x, y, z, w};                                  \
    }

OTTAVA_VECTOR2(int2, int, 8)
OTTAVA_VECTOR2(uint2, unsigned, 8)
OTTAVA_VECTOR2(float2, float, 8)
OTTAVA_VECTOR2(ushort2, unsigned short, 4)
OTTAVA_VECTOR2(longlong2, long long, 16)
OTTAVA_VECTOR2(ulonglong2, unsigned long long, 16)
OTTAVA_VECTOR2(double2, double, 16)
OTTAVA_VECTOR4(int4, int, 16)
OTTAVA_VECTOR4(uint4, unsigned, 16)
OTTAVA_VECTOR4(float4, float, 16)
OTTAVA_VECTOR4(ushort4, unsigned short, 8)
#undef OTTAVA_VECTOR2
#undef OTTAVA_VECTOR4
