// Many divisions by one number, each rounded as a true division is, without its cost: quotients are corrected by their remainders, which
// are exact (Markstein, "Computation of Elementary Functions on the IBM RISC System/6000 Processor", 1990).
#pragma once

#include "elements.cuh"

namespace ottava {

// x / divisor, for divisors from 2^-126 to 2^120 or NaN, and |x| of at most 2^16 divisors; rounded exactly from |x| = 2^-30 divisors on,
// and nearly below.
class ExactDivision {
  public:
    __device__ __forceinline__ explicit ExactDivision(float by) {
        lift = by < 0x1p-60f ? 0x1p64f : 1.0f;  // remainders of very small numbers would not be exact
        divisor = by * lift;
        reciprocal = 1.0f / divisor;
    }
    __device__ __forceinline__ float operator()(float x) const {
        float dividend = x * lift;
        float quotient = dividend * reciprocal;                                            // within two units in the last place,
        quotient = fmaf(fmaf(-quotient, divisor, dividend), reciprocal, quotient);         // one,
        quotient = fmaf(fmaf(-quotient, divisor, dividend), reciprocal, quotient);         // half
        return bits_to_float(float_to_bits(quotient) | (float_to_bits(x) & 0x80000000u));  // also of -0
    }

  private:
    float divisor, reciprocal, lift;
};

}  // namespace ottava
