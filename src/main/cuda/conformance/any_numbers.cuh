// Conversions between F32, BF16 and FP8, and the arithmetic of which IEEE 754 leaves nothing open.
#pragma once

#include "../ptx/exp2.cuh"
#include "../ptx/fp8.cuh"
#include "primitive.cuh"

namespace ottava {

// in: parameters[0] words. out: of each word 16 results: as F32, its BF16; its lower half as BF16, the F32; as F32, its E4M3 and its E5M2,
// also four and two in a word; its bytes as E4M3 and as E5M2, the F32s; and the F16s of two.
struct any_conversions : Primitive {
    static constexpr int threads = 256;

    __device__ __forceinline__ void operator()() const {
        for (int i = static_cast<int>(threadIdx.x); i < parameters[0]; i += threads) {
            uint32_t word = in[i], other = in[i ^ 1];
            float value = __uint_as_float(word), beside = __uint_as_float(other);
            uint32_t* to = out + 16 * i;
            to[0] = __bfloat16_as_ushort(__float2bfloat16_rn(value));
            to[1] = __float_as_uint(__bfloat162float(__ushort_as_bfloat16(static_cast<unsigned short>(word))));
            to[2] = ptx::to_fp8<e4m3>(value).bits;
            to[3] = ptx::to_fp8<e5m2>(value).bits;
            to[4] = ptx::to_fp8x4<e4m3>(value, beside, -value, -beside);
            to[5] = ptx::to_fp8x2<e5m2>(value, beside) | static_cast<uint32_t>(ptx::to_fp8x2<e4m3>(beside, value)) << 16;
            float4 four = ptx::to_float4<e4m3>(word);
            float2 two = ptx::to_float2<e5m2>(static_cast<uint16_t>(word));
            to[6] = __float_as_uint(four.x);
            to[7] = __float_as_uint(four.y);
            to[8] = __float_as_uint(four.z);
            to[9] = __float_as_uint(four.w);
            to[10] = __float_as_uint(two.x);
            to[11] = __float_as_uint(two.y);
            to[12] = __float_as_uint(ptx::to_float(e5m2{static_cast<uint8_t>(word >> 24)}));
            to[13] = ptx::to_f16x2<e4m3>(static_cast<uint16_t>(word));
            to[14] = ptx::to_f16x2<e5m2>(static_cast<uint16_t>(word));
            to[15] = __float_as_uint(ptx::f16_to_float(word & 0xffffu));
        }
    }
};

// in: parameters[0] triples of words. out: of each triple 12 results: seven F32, integers, and a power of two as BF16, to which its
// approximation is exact; the exponent is that of u, and -infinity for the smallest.
struct any_arithmetic : Primitive {
    static constexpr int threads = 256;

    __device__ __forceinline__ void operator()() const {
        for (int i = static_cast<int>(threadIdx.x); i < parameters[0]; i += threads) {
            uint32_t u = in[3 * i], v = in[3 * i + 1];
            float x = __uint_as_float(u), y = __uint_as_float(v), z = __uint_as_float(in[3 * i + 2]);
            uint32_t* to = out + 12 * i;
            to[0] = __float_as_uint(__fadd_rn(x, y));
            to[1] = __float_as_uint(__fsub_rn(x, y));
            to[2] = __float_as_uint(__fmul_rn(x, y));
            to[3] = __float_as_uint(__fmaf_rn(x, y, z));
            to[4] = __float_as_uint(__fdiv_rn(x, y));
            to[5] = __float_as_uint(__frcp_rn(x));
            to[6] = __float_as_uint(__fsqrt_rn(__uint_as_float(u & 0x7fffffffu)));
            to[7] = __umulhi(u, v);
            to[8] = static_cast<uint32_t>(__popc(u));
            to[9] = static_cast<uint32_t>(__clz(static_cast<int>(u)));
            to[10] = static_cast<uint32_t>(__ffs(static_cast<int>(u)));
            int exponent = static_cast<int>(u >> 23 & 0xff) - 127;
            float power = ptx::exp2_approximate(exponent == -127 ? -INFINITY : static_cast<float>(exponent));
            to[11] = __bfloat16_as_ushort(__float2bfloat16_rn(power));
        }
    }
};

}  // namespace ottava
