// Random bits from a counter (Philox4x32-10: Salmon et al., 2011), and rounding with them.
#pragma once

#include "kernels.h"

OTTAVA_CPU_BEGIN

struct Philox {
    uint32_t word[4];
};

__attribute__((always_inline)) inline Philox philox_round(Philox c, uint32_t key0, uint32_t key1) {
    uint64_t left = static_cast<uint64_t>(c.word[0]) * 0xd2511f53u;
    uint64_t right = static_cast<uint64_t>(c.word[2]) * 0xcd9e8d57u;
    return {{static_cast<uint32_t>(right >> 32) ^ c.word[1] ^ key0, static_cast<uint32_t>(right),
             static_cast<uint32_t>(left >> 32) ^ c.word[3] ^ key1, static_cast<uint32_t>(left)}};
}

// Written out, so that the compiler vectorises over counters.
__attribute__((always_inline)) inline Philox philox(Philox c, uint32_t key0, uint32_t key1) {
    constexpr uint32_t weyl0 = 0x9e3779b9u, weyl1 = 0xbb67ae85u;
    c = philox_round(c, key0, key1);
    c = philox_round(c, key0 + 1 * weyl0, key1 + 1 * weyl1);
    c = philox_round(c, key0 + 2 * weyl0, key1 + 2 * weyl1);
    c = philox_round(c, key0 + 3 * weyl0, key1 + 3 * weyl1);
    c = philox_round(c, key0 + 4 * weyl0, key1 + 4 * weyl1);
    c = philox_round(c, key0 + 5 * weyl0, key1 + 5 * weyl1);
    c = philox_round(c, key0 + 6 * weyl0, key1 + 6 * weyl1);
    c = philox_round(c, key0 + 7 * weyl0, key1 + 7 * weyl1);
    c = philox_round(c, key0 + 8 * weyl0, key1 + 8 * weyl1);
    return philox_round(c, key0 + 9 * weyl0, key1 + 9 * weyl1);
}

// The random bits of a tensor's elements in one step; 16 each, 8 elements to a counter (see ottava/optimizer.h).
struct RandomBits {
    uint64_t seed;
    uint32_t tensor, step;

    static constexpr int64_t chunk = 256;

    typedef uint16_t __attribute__((may_alias)) Half;

    struct Buffer {
        uint32_t words[(chunk / 8 + 1) * 4];
    };

    // Those of elements first, ..., first + count - 1; count is at most `chunk`.
    const Half* of(int64_t first, int64_t count, Buffer& buffer) const {
        uint64_t counter = static_cast<uint64_t>(first) / 8;
        int32_t counters = static_cast<int32_t>((first % 8 + count + 7) / 8);
        uint32_t key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32), c2 = tensor, c3 = step;
        uint32_t* words = buffer.words;
#pragma omp simd
        for (int32_t i = 0; i < counters; i++) {
            uint64_t c = counter + static_cast<uint64_t>(i);
            Philox out = philox({{static_cast<uint32_t>(c), static_cast<uint32_t>(c >> 32), c2, c3}}, key0, key1);
            words[4 * i] = out.word[0];
            words[4 * i + 1] = out.word[1];
            words[4 * i + 2] = out.word[2];
            words[4 * i + 3] = out.word[3];
        }
        // Low half first is the order of the bytes in memory.
        return reinterpret_cast<const Half*>(words) + first % 8;
    }
};

// Rounds up, away from zero, with a probability equal to the part cut off; infinities stay, a NaN becomes a quiet NaN.
__attribute__((always_inline)) inline void store_stochastic(bf16& target, float value, uint32_t random) {
    uint32_t bits = float_to_bits(value);
    uint32_t quiet = (bits >> 16) | 0x40u;
    target.bits = static_cast<uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? quiet : (bits + random) >> 16);
}

OTTAVA_CPU_END
