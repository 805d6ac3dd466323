// Compares the types of the simt device with those of CUDA's headers, bit for bit: every code of 8 and 16 bits; floats of every exponent at
// and around the ties of every format, zeros, infinities, NaN, and random ones. Prints a line for each conversion: name, how many were
// compared, how many differ, and the first that does.
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

#include "conversions.h"

static std::vector<float> floats() {
    std::vector<float> all;
    // Bits of the significand that the formats keep, plus one for the tie, and the neighbours of each.
    for (uint32_t upper = 0; upper < 1u << 20; upper++)
        for (int delta = -1; delta <= 1; delta++) all.push_back(std::bit_cast<float>((upper << 12) + static_cast<uint32_t>(delta)));
    std::mt19937 random(1);
    for (int i = 0; i < 1000000; i++) all.push_back(std::bit_cast<float>(static_cast<uint32_t>(random())));
    for (int i = 0; i < 1000000; i++)
        all.push_back(std::ldexp(static_cast<float>(random()) - 0x1p31f, static_cast<int>(random() % 40) - 55));
    return all;
}

static int failures = 0;

template <class Input, class Result>
static void compare(const char* name, const std::vector<Input>& inputs, Result (*cuda)(Input), Result (*ours)(Input)) {
    long different = 0;
    Input first{};
    for (Input input : inputs) {
        Result a = cuda(input), b = ours(input);
        if (std::memcmp(&a, &b, sizeof a) == 0) continue;
        if (different++ == 0) first = input;
    }
    std::printf("%s: %zu compared, %ld differ", name, inputs.size(), different);
    if (different > 0) std::printf(", the first is %a", static_cast<double>(first));
    std::printf("\n");
    failures += different > 0;
}

template <class Result>
static void compare_pairs(const char* name, const std::vector<float>& inputs, Result (*cuda)(float, float), Result (*ours)(float, float)) {
    long different = 0;
    for (size_t i = 1; i < inputs.size(); i++) different += cuda(inputs[i - 1], inputs[i]) != ours(inputs[i - 1], inputs[i]);
    std::printf("%s: %zu compared, %ld differ\n", name, inputs.size() - 1, different);
    failures += different > 0;
}

int main() {
    std::vector<float> values = floats();
    std::vector<uint8_t> codes8;
    std::vector<uint16_t> codes16;
    for (unsigned code = 0; code < 256; code++) codes8.push_back(static_cast<uint8_t>(code));
    for (unsigned code = 0; code < 65536; code++) codes16.push_back(static_cast<uint16_t>(code));
    const Conversions &a = by_cuda, &b = by_ottava;
    compare("float to bf16", values, a.float_to_bf16, b.float_to_bf16);
    compare_pairs("floats to bf16x2", values, a.floats_to_bf16x2, b.floats_to_bf16x2);
    compare("bf16 to float", codes16, a.bf16_to_float, b.bf16_to_float);
    compare("float to e4m3", values, a.float_to_e4m3, b.float_to_e4m3);
    compare("float to e5m2", values, a.float_to_e5m2, b.float_to_e5m2);
    compare_pairs("floats to e4m3x2", values, a.floats_to_e4m3x2, b.floats_to_e4m3x2);
    compare_pairs("floats to e5m2x2", values, a.floats_to_e5m2x2, b.floats_to_e5m2x2);
    compare("e4m3x2 to f16x2", codes16, a.e4m3x2_to_f16x2, b.e4m3x2_to_f16x2);
    compare("e5m2x2 to f16x2", codes16, a.e5m2x2_to_f16x2, b.e5m2x2_to_f16x2);
    compare("e4m3 to float", codes8, a.e4m3_to_float, b.e4m3_to_float);
    compare("e5m2 to float", codes8, a.e5m2_to_float, b.e5m2_to_float);
    compare("f16 to float", codes16, a.f16_to_float, b.f16_to_float);
    return failures > 0;
}
