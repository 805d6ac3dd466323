// The sm_90a product on the simt device, every tile, way of sharing and epilogue, on operands whose sums are exact: results are
// compared bit for bit with plain sums and with quantisation from its formulas. Prints a line for each case that is wrong, and the
// number of cases. The schedule is OTTAVA_SIMT_SCHEDULE.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "array.h"
#include "gemm/tile_order.cuh"
#include "launch/gemm_fp8.h"
#include "ptx/fp8.cuh"
#include "sm90_bf16.h"
#include "sm90_lomo.h"

using namespace ottava;

namespace {

int cases, wrong;

enum Scaling { TENSOR, BLOCKS, BLOCKS_TRANSPOSED };
enum Output { F32, BF16, QUANTIZED_BLOCKS, QUANTIZED_GROUPS };

struct Case {
    int a_dtype = OTTAVA_E4M3, b_dtype = OTTAVA_E4M3;
    int m = 256, n = 256, k = 256;
    Scaling a_scaling = TENSOR, b_scaling = TENSOR;
    bool exact = false;
    Output output = BF16;
    int q_dtype = OTTAVA_E4M3;
    int bias_dtype = -1;  // none
    int addend = 0;       // 1: another matrix, 2: D itself
    int d_padding = 0;    // elements between rows of D
    int d_offset = 0;     // elements before D
    bool amax = false;
    int nan_row = -1;  // of A

    std::string name(const Sm90Plan& plan) const {
        char text[300];
        const auto& tile = sm90_tiles[plan.tile];
        std::snprintf(
            text, sizeof text,
            "%dx%dx%d types %d %d scaling %d %d %s output %d to %d bias %d addend %d padding %d offset %d amax %d nan %d; tile %dx%d "
            "shared %d group %d blocks %d",
            m, n, k, a_dtype, b_dtype, a_scaling, b_scaling, exact ? "exact" : "fast", output, q_dtype, bias_dtype, addend, d_padding,
            d_offset, amax, nan_row, tile.rows, tile.columns, plan.shared, plan.group, plan.blocks);
        return text;
    }
};

float decode(int dtype, uint8_t code) {
    return dtype == OTTAVA_E4M3 ? ptx::to_float(e4m3{code}) : ptx::to_float(e5m2{code});
}

// To nearest, ties to the even code, by search: another way than the kernels'.
uint8_t encode(int dtype, double x) {
    static const auto tables = [] {
        std::array<std::vector<double>, 2> magnitudes;
        for (int code = 0; code <= 0x7e; code++) magnitudes[0].push_back(decode(OTTAVA_E4M3, static_cast<uint8_t>(code)));
        for (int code = 0; code <= 0x7b; code++) magnitudes[1].push_back(decode(OTTAVA_E5M2, static_cast<uint8_t>(code)));
        return magnitudes;
    }();
    if (std::isnan(x)) return 0x7f;
    const auto& magnitudes = tables[dtype == OTTAVA_E5M2];
    auto above = std::lower_bound(magnitudes.begin(), magnitudes.end(), std::abs(x));
    auto code = above - magnitudes.begin();
    if (above == magnitudes.end()) {
        code--;
    } else if (code > 0) {
        double up = *above - std::abs(x), down = std::abs(x) - magnitudes[static_cast<size_t>(code - 1)];
        if (down < up || (down == up && code % 2 == 1)) code--;
    }
    return static_cast<uint8_t>(code | (std::signbit(x) ? 0x80 : 0));
}

struct Operand {
    Array<uint8_t> codes;
    Array<float> scales;
    std::vector<float> values;  // with their scales
    Fp8Operand operand;

    Operand(int dtype, int rows, int k, Scaling scaling, std::mt19937& random)
        : codes(static_cast<size_t>(rows) * (k + 16)),
          scales(scaling == TENSOR ? 1 : static_cast<size_t>((rows + 127) / 128 * ((k + 127) / 128))),
          values(static_cast<size_t>(rows) * k) {
        int row_blocks = (rows + 127) / 128, k_blocks = (k + 127) / 128;
        int64_t row_stride = scaling == TENSOR ? 0 : scaling == BLOCKS ? k_blocks : 1;
        int64_t k_stride = scaling == TENSOR ? 0 : scaling == BLOCKS ? 1 : row_blocks;
        operand = {dtype, codes.address, k + 16, rows, scales.address, row_stride, k_stride};
        for (size_t i = 0; i < scales.count; i++) scales[i] = std::ldexp(1.0f, static_cast<int>(random() % 3) - 1);
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < k; j++) {
                int value = static_cast<int>(random() % 8) - 3;
                codes[i * operand.pitch + j] = encode(dtype, value);
                values[i * k + j] = static_cast<float>(value) * (scales[i / 128 * row_stride + j / 128 * k_stride]);
            }
    }
};

float bf16_to_float(uint16_t bits) {
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

bool same(float a, float b) {
    return std::isnan(a) ? std::isnan(b) : std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b) || (a == 0 && b == 0);
}

float scale_of(float amax, bool finite, int dtype, bool group) {
    if (!finite) return NAN;
    if (amax == 0) return 1;
    float scale = std::max(amax / (dtype == OTTAVA_E4M3 ? 448.0f : 57344.0f), 0x1p-126f);
    if (!group) return scale;
    uint32_t bits = std::bit_cast<uint32_t>(scale);
    return std::bit_cast<float>((bits & 0xffffu ? bits + 0x10000u : bits) & 0xffff0000u);
}

// What is wrong, or "".
std::string compare_quantized(const Case& c, const std::vector<float>& expected, uint8_t* q, int64_t pitch, void* scales) {
    bool groups = c.output == QUANTIZED_GROUPS;
    int height = groups ? 1 : 128, width = groups ? 16 : 128, across = (c.n + width - 1) / width;
    for (int i0 = 0; i0 < c.m; i0 += height)
        for (int j0 = 0; j0 < c.n; j0 += width) {
            float amax = 0;
            bool finite = true;
            for (int i = i0; i < std::min(i0 + height, c.m); i++)
                for (int j = j0; j < std::min(j0 + width, c.n); j++) {
                    amax = std::max(amax, std::abs(expected[static_cast<size_t>(i) * c.n + j]));
                    finite = finite && std::isfinite(expected[static_cast<size_t>(i) * c.n + j]);
                }
            float scale = scale_of(amax, finite, c.q_dtype, groups);
            int64_t at = static_cast<int64_t>(i0 / height) * across + j0 / width;
            float got = groups ? bf16_to_float(static_cast<uint16_t*>(scales)[at]) : static_cast<float*>(scales)[at];
            if (!same(got, scale))
                return "scale at " + std::to_string(i0) + ", " + std::to_string(j0) + ": " + std::to_string(got) + " for " +
                       std::to_string(scale);
            for (int i = i0; i < std::min(i0 + height, c.m); i++)
                for (int j = j0; j < std::min(j0 + width, (c.n + 15) / 16 * 16); j++) {
                    uint8_t code = j < c.n ? encode(c.q_dtype, expected[static_cast<size_t>(i) * c.n + j] / scale) : 0;
                    if (q[i * pitch + j] != code)
                        return "code at " + std::to_string(i) + ", " + std::to_string(j) + ": " + std::to_string(q[i * pitch + j]) +
                               " for " + std::to_string(code);
                }
        }
    return "";
}

std::string run_case(const Case& c, const Sm90Plan* forced) {
    std::mt19937 random(static_cast<uint32_t>(c.m * 31 + c.n * 17 + c.k));
    Operand a(c.a_dtype, c.m, c.k, c.a_scaling, random), b(c.b_dtype, c.n, c.k, c.b_scaling, random);
    if (c.nan_row >= 0) a.codes[c.nan_row * a.operand.pitch + c.k / 2] = 0x7f;
    if (c.nan_row >= 0) a.values[static_cast<size_t>(c.nan_row) * c.k + c.k / 2] = NAN;
    bool quantized = c.output >= QUANTIZED_BLOCKS, f32 = c.output == F32;
    int size = f32 ? 4 : 2;
    int64_t d_pitch = c.n + c.d_padding;
    Array<uint8_t> d(static_cast<size_t>((c.m * d_pitch + c.d_offset) * size));
    Array<uint8_t> other(static_cast<size_t>(c.m * (c.n + 3) * size));
    Array<float> bias(static_cast<size_t>(c.n)), amax(1);
    uint8_t* d_data = d.data() + c.d_offset * size;
    auto put = [&](uint8_t* to, int64_t at, float x) {
        uint16_t half = static_cast<uint16_t>(std::bit_cast<uint32_t>(x) >> 16);
        f32 ? std::memcpy(to + at * 4, &x, 4) : std::memcpy(to + at * 2, &half, 2);
    };
    auto get = [&](const uint8_t* from, int64_t at) {
        float x;
        uint16_t half;
        std::memcpy(&half, from + at * 2, 2);
        if (!f32) return bf16_to_float(half);
        std::memcpy(&x, from + at * 4, 4);
        return x;
    };
    std::vector<float> bias_values(static_cast<size_t>(c.n)), expected(static_cast<size_t>(c.m) * c.n);
    for (int j = 0; j < c.n; j++) {
        float value = bias_values[j] = c.bias_dtype < 0 ? 0.0f : static_cast<float>(static_cast<int>(random() % 33) - 16) * 4.0f;
        uint16_t half = static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16);
        c.bias_dtype == OTTAVA_F32 ? std::memcpy(bias.data() + j, &value, 4)
                                   : std::memcpy(reinterpret_cast<uint8_t*>(bias.data()) + 2 * j, &half, 2);
    }
    float largest = 0;
    bool nan = false;
    for (int i = 0; i < c.m; i++)
        for (int j = 0; j < c.n; j++) {
            const float *row = a.values.data() + static_cast<size_t>(i) * c.k, *column = b.values.data() + static_cast<size_t>(j) * c.k;
            float sum = bias_values[j];  // exact, in any order
            for (int k = 0; k < c.k; k++) sum += row[k] * column[k];
            if (c.addend != 0) {
                float value = static_cast<float>(static_cast<int>(random() % 17) - 8);
                sum += value;
                c.addend == 1 ? put(other.data(), int64_t{i} * (c.n + 3) + j, value) : put(d_data, i * d_pitch + j, value);
            }
            float x = static_cast<float>(sum);
            if (c.output == BF16) x = bf16_to_float(Element<bf16>::store(x));
            expected[static_cast<size_t>(i) * c.n + j] = x;
            largest = std::max(largest, std::abs(x));
            nan = nan || std::isnan(x);
        }

    Fp8Product product{stream, a.operand, b.operand, c.m, c.n, c.k, c.exact};
    Sm90Shape shape{c.m, c.n, c.k, 4, product.promoted(), quantized};
    Sm90Plan plan = forced != nullptr ? *forced : sm90_plan(shape);
    int64_t bias_address = c.bias_dtype < 0 ? 0 : bias.address;
    auto failed = [&](const std::string& what) { return c.name(plan) + ": " + what; };
    try {
        if (quantized) {
            int64_t pitch = (c.n + 15) / 16 * 16 + 16;
            Array<uint8_t> q(static_cast<size_t>(c.m * pitch));
            Array<float> scales(static_cast<size_t>(c.m) * static_cast<size_t>((c.n + 15) / 16));
            sm90_gemm_fp8(
                product,
                Fp8Quantized{c.q_dtype, q.address, pitch, c.output == QUANTIZED_GROUPS, scales.address, c.bias_dtype, bias_address}, plan);
            std::string what = compare_quantized(c, expected, q.data(), pitch, scales.data());
            for (int i = 0; i < c.m && what.empty(); i++)
                for (int64_t j = (c.n + 15) / 16 * 16; j < pitch; j++)
                    if (q[i * pitch + j] != 0xff) what = "written beyond the row " + std::to_string(i);
            return what.empty() ? "" : failed(what);
        }
        amax[0] = 0;
        int64_t d_address = reinterpret_cast<int64_t>(d_data);
        sm90_gemm_fp8(product,
                      Fp8Stored{f32 ? OTTAVA_F32 : OTTAVA_BF16, d_address, d_pitch, c.amax ? amax.address : 0, c.bias_dtype, bias_address,
                                c.addend == 0   ? 0
                                : c.addend == 1 ? other.address
                                                : d_address,
                                c.addend == 1 ? c.n + 3 : d_pitch},
                      plan);
    } catch (const Failure&) {
        return failed(ottava_last_error());
    }
    for (int i = 0; i < c.m; i++)
        for (int j = 0; j < d_pitch; j++) {
            if (j >= c.n && i == c.m - 1) break;
            float x = get(d_data, i * d_pitch + j), right = j < c.n ? expected[static_cast<size_t>(i) * c.n + j] : NAN;
            if (!same(x, right))
                return failed("at " + std::to_string(i) + ", " + std::to_string(j) + ": " + std::to_string(x) + " for " +
                              std::to_string(right));
        }
    if (c.amax && !same(amax[0], nan ? NAN : largest)) return failed("amax " + std::to_string(amax[0]) + " for " + std::to_string(largest));
    return "";
}

void try_case(const Case& c, const Sm90Plan* forced = nullptr) {
    cases++;
    std::string what = run_case(c, forced);
    if (what.empty()) return;
    wrong++;
    std::printf("%s\n", what.c_str());
}

// Each tile that there is for the case, with each way of sharing that its numbers of tiles allow, on few blocks.
void every_tile(const Case& c) {
    bool promoted = c.exact || c.a_scaling != TENSOR || c.b_scaling != TENSOR, quantized = c.output >= QUANTIZED_BLOCKS;
    Sm90Shape shape{c.m, c.n, c.k, 4, promoted, quantized};
    for (int t = 0; t < sm90_tile_count; t++) {
        const Sm90TileCost& tile = sm90_tiles[t];
        if (!sm90_has_tile(tile, shape)) continue;
        int rows = (c.m + tile.rows - 1) / tile.rows, columns = (c.n + tile.columns - 1) / tile.columns;
        Sm90Plan plan{t, OTTAVA_SHARE_NONE, 2, std::min(rows * columns, 3)};
        try_case(c, &plan);
        plan = {t, OTTAVA_SHARE_A, 1, columns > 2 || rows > 1 ? 4 : 2};
        if (columns % 2 == 0) try_case(c, &plan);
        plan = {t, OTTAVA_SHARE_B, 1, 2};
        if (rows % 2 == 0) try_case(c, &plan);
    }
}

void run_kernels() {
    constexpr int pairs[3][2] = {{OTTAVA_E4M3, OTTAVA_E4M3}, {OTTAVA_E5M2, OTTAVA_E4M3}, {OTTAVA_E4M3, OTTAVA_E5M2}};
    for (auto [a, b] : pairs) {
        // Tails of m, n and k everywhere; more tiles than blocks.
        Case c{.a_dtype = a, .b_dtype = b, .m = 333, .n = 401, .k = 272, .amax = true};
        for (bool exact : {false, true}) {
            c.exact = exact;
            c.output = BF16, c.d_padding = 7;  // rows of 408: TMA
            every_tile(c);
            c.output = F32, c.bias_dtype = OTTAVA_BF16;
            every_tile(c);
            c.output = QUANTIZED_BLOCKS;
            every_tile(c);
            c.output = QUANTIZED_GROUPS, c.q_dtype = OTTAVA_E5M2;
            every_tile(c);
            c.bias_dtype = -1, c.q_dtype = OTTAVA_E4M3;
        }
        c.exact = false, c.a_scaling = BLOCKS, c.b_scaling = BLOCKS_TRANSPOSED, c.output = BF16;
        every_tile(c);
        c.a_scaling = TENSOR, c.b_scaling = BLOCKS, c.output = F32, c.addend = 2;
        every_tile(c);
    }
    Case even{.m = 512, .n = 512, .k = 128, .bias_dtype = OTTAVA_F32};
    every_tile(even);
    even.exact = true, even.k = 384;
    every_tile(even);
    even.output = QUANTIZED_BLOCKS, even.q_dtype = OTTAVA_E5M2;
    every_tile(even);
    // What TMA cannot store, sums that go to another matrix, and the smallest.
    for (bool exact : {false, true}) {
        Case c{.m = 150, .n = 270, .k = 144, .exact = exact, .bias_dtype = OTTAVA_F32, .addend = 1, .amax = true};
        for (int padding : {0, 1, 2})
            for (int offset : {0, 1, 2}) {
                c.d_padding = padding, c.d_offset = offset;
                for (Output output : {BF16, F32}) {
                    c.output = output;
                    try_case(c);
                }
            }
        c = {.m = 200, .n = 300, .k = 272, .exact = exact, .addend = 2, .d_padding = 4, .amax = true, .nan_row = 130};
        every_tile(c);
        c.output = QUANTIZED_BLOCKS, c.addend = 0;
        every_tile(c);
        c.output = QUANTIZED_GROUPS;
        every_tile(c);
        for (int size : {1, 7, 63, 64, 65, 127, 128, 129}) {
            try_case({.m = size, .n = 130 - size, .k = 16, .exact = exact});
            try_case({.m = size, .n = 130 - size, .k = 160, .exact = exact, .output = QUANTIZED_GROUPS});
            try_case({.m = 130 - size, .n = size, .k = 160, .exact = exact, .output = QUANTIZED_BLOCKS});
        }
    }
    // Beside D lie rows of the bias alone, which is larger than the sums.
    for (int m : {1, 2, 3})
        for (int n : {1, 2, 5, 17})
            for (Output output : {QUANTIZED_BLOCKS, QUANTIZED_GROUPS})
                try_case({.m = m, .n = n, .k = 16, .output = output, .bias_dtype = OTTAVA_F32});
}

void expect(bool right, const std::string& what) {
    cases++;
    if (right) return;
    wrong++;
    std::printf("plan: %s\n", what.c_str());
}

// The plan of any shape can be launched, and its order meets each tile once.
void check_plans() {
    std::mt19937 random(7);
    for (int i = 0; i < 20000; i++) {
        auto size = [&] { return int64_t{1} << random() % 14; };
        Sm90Shape shape{size() + static_cast<int64_t>(random() % 300),
                        size() + static_cast<int64_t>(random() % 300),
                        16 + size() / 16 * 16,
                        static_cast<int>(1 + random() % 132),
                        random() % 2 == 0,
                        random() % 2 == 0,
                        random() % 2 == 0};
        Sm90Plan plan = sm90_plan(shape);
        const Sm90TileCost& tile = sm90_tiles[plan.tile];
        int64_t rows = sm90_ceil(shape.m, tile.rows), columns = sm90_ceil(shape.n, tile.columns);
        bool fits = sm90_has_tile(tile, shape) && plan.blocks >= 1 && plan.blocks <= shape.multiprocessors && plan.blocks <= rows * columns;
        fits = fits && (plan.shared == OTTAVA_SHARE_NONE || plan.blocks % 2 == 0) && (plan.shared != OTTAVA_SHARE_A || columns % 2 == 0) &&
               (plan.shared != OTTAVA_SHARE_B || rows % 2 == 0);
        TileOrder order{static_cast<int>(plan.shared == OTTAVA_SHARE_B ? rows / 2 : rows),
                        static_cast<int>(plan.shared == OTTAVA_SHARE_A ? columns / 2 : columns), plan.group};
        if (i % 50 == 0) {
            std::set<std::pair<int, int>> met;
            for (int t = 0; t < order.tiles(); t++) {
                int row, column;
                order.position(t, row, column);
                fits = fits && row >= 0 && row < order.rows && column >= 0 && column < order.columns;
                met.insert({row, column});
            }
            fits = fits && static_cast<int>(met.size()) == order.tiles();
        }
        expect(fits, "of " + std::to_string(shape.m) + " x " + std::to_string(shape.n) + " on " + std::to_string(shape.multiprocessors));
    }
    auto tile = [](int64_t m, int64_t n, int64_t k, bool promoted, bool quantized = false) {
        return sm90_plan({m, n, k, 132, promoted, quantized}).tile;
    };
    expect(sm90_plan({4096, 11008, 16384, 132, false, false, true}).tile == OTTAVA_TILE_128x256, "of BF16 too");
    expect(tile(8192, 8192, 8192, false) == OTTAVA_TILE_128x256, "large products take the largest tile");
    expect(tile(8192, 8192, 8192, true) == OTTAVA_TILE_256x128, "of promoted sums too");
    expect(tile(64, 4096, 4096, false) == OTTAVA_TILE_64x64, "few rows take the smallest");
    expect(tile(4096, 1536, 1536, true) != OTTAVA_TILE_256x128,
           "192 large tiles on 132 multiprocessors leave half of the second wave idle");
    expect(tile(64, 4096, 4096, true, true) == OTTAVA_TILE_128x128, "whole blocks are quantised");
    expect(sm90_plan({8192, 8192, 8192, 132, false, false}).shared == OTTAVA_SHARE_B, "the larger part of the tile is shared");
    expect(sm90_plan({8192, 8192, 8192, 132, true, false}).shared == OTTAVA_SHARE_A, "the larger part of the tile is shared");
    expect(sm90_plan({1024, 1024, 8192, 132, true, false}).shared == OTTAVA_SHARE_NONE, "one wave shares nothing");
}

}  // namespace

int main() {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    check_status(ottava_device_open("simt", "", 0, &device));
    stream = ottava_device_default_stream(device);
    check_plans();
    run_kernels();
    cases += check_sm90_bf16(device, stream, wrong);
    cases += check_sm90_lomo(device, stream, wrong);
    ottava_device_close(device);
    std::printf("%d cases, %d wrong\n", cases, wrong);
    return wrong == 0 ? 0 : 1;
}
