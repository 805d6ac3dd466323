// The sm_90a product of BF16 operands, along the depth and across it, by each tile and way of sharing: small whole numbers, whose sums are
// exact, compared bit for bit with plain sums. What lies beside the operands and beside D is NaN.
#include "sm90_bf16.h"

#include <bit>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>

#include "launch/gemm_bf16.h"
#include "memory.h"

namespace ottava {

namespace {

uint16_t to_bf16(float x) {  // of numbers that BF16 has
    return static_cast<uint16_t>(std::bit_cast<uint32_t>(x) >> 16);
}
float to_float(uint16_t x) {
    return std::bit_cast<float>(static_cast<uint32_t>(x) << 16);
}
uint16_t rounded(float x) {  // to nearest even
    uint32_t bits = std::bit_cast<uint32_t>(x);
    return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

struct Case {
    bool a_transposed, b_transposed;
    int64_t m, n, k;
    int dtype;
    bool bias, accumulate;
    int64_t d_padding;  // elements between rows of D; 0 mod 8 with n: by TMA
};

// [rows, k] of whole numbers, and as it lies in memory.
struct Matrix {
    std::vector<float> values;
    Bf16Operand operand;

    Matrix(TestMemory& memory, int64_t rows, int64_t k, bool transposed, int64_t padding) : values(static_cast<size_t>(rows * k)) {
        int64_t outer = transposed ? k : rows, pitch = (transposed ? rows : k) + padding;
        pitch = (pitch + 7) / 8 * 8;
        operand = {memory.empty(2 * outer * pitch), pitch, transposed};
        std::memset(pointer<void>(operand.address), 0xff, static_cast<size_t>(2 * outer * pitch));
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < k; j++) {
                float value = values[static_cast<size_t>(i * k + j)] = static_cast<float>(static_cast<int>(memory.random() % 9) - 4);
                pointer<uint16_t>(operand.address)[transposed ? j * pitch + i : i * pitch + j] = to_bf16(value);
            }
    }
};

// What is wrong, or "".
std::string compare(int64_t device, int64_t stream, const Case& c, const Sm90Plan* forced) {
    TestMemory memory{device};
    Matrix a(memory, c.m, c.k, c.a_transposed, 8), b(memory, c.n, c.k, c.b_transposed, 0);
    bool f32 = c.dtype == OTTAVA_F32;
    int64_t pitch = c.n + c.d_padding, size = f32 ? 4 : 2;
    int64_t d = memory.empty(c.m * pitch * size), bias = memory.empty(2 * c.n);
    std::memset(pointer<void>(d), 0xff, static_cast<size_t>(c.m * pitch * size));
    auto whole = [&] { return static_cast<float>(static_cast<int>(memory.random() % 33) - 16); };
    for (int64_t j = 0; j < c.n; j++) pointer<uint16_t>(bias)[j] = to_bf16(whole());
    std::vector<float> expected(static_cast<size_t>(c.m * c.n));
    for (int64_t i = 0; i < c.m; i++)
        for (int64_t j = 0; j < c.n; j++) {
            const float *row = a.values.data() + i * c.k, *column = b.values.data() + j * c.k;
            float sum = c.bias ? to_float(pointer<uint16_t>(bias)[j]) : 0.0f, before = whole();
            for (int64_t k = 0; k < c.k; k++) sum += row[k] * column[k];
            if (c.accumulate) {
                sum += before;
                f32 ? pointer<float>(d)[i * pitch + j] = before : pointer<uint16_t>(d)[i * pitch + j] = to_bf16(before);
            }
            expected[static_cast<size_t>(i * c.n + j)] = f32 ? sum : to_float(rounded(sum));
        }
    Bf16Product product{stream, a.operand, b.operand, c.m, c.n, c.k};
    if (!sm90_takes(product)) return "no kernel takes it";
    try {
        sm90_gemm_bf16(product, Bf16Stored{c.dtype, d, pitch, c.bias ? bias : 0, c.accumulate},
                       forced != nullptr ? *forced : sm90_plan(sm90_shape(product)));
    } catch (const Failure&) {
        return ottava_last_error();
    }
    for (int64_t i = 0; i < c.m; i++)
        for (int64_t j = 0; j < pitch; j++) {
            float x = f32 ? pointer<float>(d)[i * pitch + j] : to_float(pointer<uint16_t>(d)[i * pitch + j]);
            if (j < c.n ? x != expected[static_cast<size_t>(i * c.n + j)] : x == x)
                return "at " + std::to_string(i) + ", " + std::to_string(j) + ": " + std::to_string(x);
        }
    return "";
}

}  // namespace

int check_sm90_bf16(int64_t device, int64_t stream, int& wrong) {
    int cases = 0;
    auto try_case = [&](const Case& c, const Sm90Plan* plan) {
        cases++;
        std::string what = compare(device, stream, c, plan);
        if (what.empty()) return;
        wrong++;
        std::printf("bf16 %d %d %lldx%lldx%lld to %d bias %d accumulate %d padding %lld, tile %d shared %d: %s\n", c.a_transposed,
                    c.b_transposed, static_cast<long long>(c.m), static_cast<long long>(c.n), static_cast<long long>(c.k), c.dtype, c.bias,
                    c.accumulate, static_cast<long long>(c.d_padding), plan ? plan->tile : -1, plan ? plan->shared : -1, what.c_str());
    };
    constexpr bool layouts[][2] = {{false, false}, {false, true}, {true, true}};
    int turn = 0;
    for (auto [a, b] : layouts) {
        // Tails of m, n and k; more tiles than blocks, and more steps than a ring has stages.
        for (int tile : {OTTAVA_TILE_128x128, OTTAVA_TILE_128x256})
            for (int shared : {OTTAVA_SHARE_NONE, OTTAVA_SHARE_A, OTTAVA_SHARE_B})
                for (int dtype : {OTTAVA_F32, OTTAVA_BF16}) {
                    Sm90Plan plan{tile, shared, 1, shared ? 2 : 3};
                    turn++;
                    try_case({a, b, 203, 395, 234, dtype, turn % 3 != 0, turn % 4 < 2, dtype == OTTAVA_BF16 && turn % 3 != 1 ? 5 : 0},
                             &plan);
                }
        for (int size : {1, 7, 63, 64, 65, 127, 128, 129})
            try_case({a, b, size, 130 - size, 1 + size % 70, OTTAVA_BF16, false, false, 1}, nullptr);
    }
    // What TMA cannot read, and the layout that no kernel has.
    Bf16Product product{stream, {256, 64, true}, {512, 64, true}, 64, 64, 64};
    auto takes = [&](auto change, bool expected, const char* what) {
        Bf16Product other = product;
        change(other);
        cases++;
        if (sm90_takes(other) == expected) return;
        wrong++;
        std::printf("bf16: %s\n", what);
    };
    takes([](Bf16Product&) {}, true, "whole rows are taken");
    takes([](Bf16Product& x) { x.a.address += 8; }, false, "an address that is no multiple of 16");
    takes([](Bf16Product& x) { x.b.pitch += 4; }, false, "a pitch that is no multiple of 16 bytes");
    takes([](Bf16Product& x) { x.k = 0; }, false, "no depth");
    takes([](Bf16Product& x) { x.b.transposed = false; }, false, "A alone transposed");
    return cases;
}

}  // namespace ottava
