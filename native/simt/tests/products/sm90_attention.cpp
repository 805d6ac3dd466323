// The sm_90a attention on the simt device beside its definition in double: an element may differ by what rounding the weights and the
// result to BF16 explains, and no more. Prints a line for each case that is wrong, and the number of cases. The schedule is
// OTTAVA_SIMT_SCHEDULE.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "abi/device_object.h"
#include "array.h"
#include "attention/sm90_walk.cuh"
#include "ottava/attention.h"

using namespace ottava;

namespace {

int cases, wrong;

enum Mask { DENSE, EVERYTHING, HALF, FEW, NOTHING };
enum Broken { NONE, KEY, VALUE };  // a NaN in a block of keys

struct Case {
    int batch = 1, heads = 2, kv_heads = 1, head_dim = 64, queries = 130, keys = 130, extra = 0;  // positions between sequences
    Mask mask = DENSE;
    double scale = 0.3;
    Broken broken = NONE;

    std::string name() const {
        char text[200];
        std::snprintf(text, sizeof text, "batch %d heads %d of %d, %d channels, %d queries, %d keys + %d, mask %d, scale %g, broken %d",
                      batch, heads, kv_heads, head_dim, queries, keys, extra, mask, scale, broken);
        return text;
    }
};

float value(uint16_t bits) {
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

uint16_t random_number(std::mt19937& random) {
    float x = std::normal_distribution<float>()(random);
    return static_cast<uint16_t>(std::bit_cast<uint32_t>(x) >> 16);
}

// What is wrong, or "".
std::string run_case(const Case& c) {
    std::mt19937 random(static_cast<uint32_t>(c.queries * 31 + c.keys * 17 + c.heads + c.mask));
    int capacity = c.keys + c.extra, query_blocks = (c.queries + 63) / 64, words = (c.keys + 2047) / 2048, group = c.heads / c.kv_heads;
    size_t d = static_cast<size_t>(c.head_dim), rows = static_cast<size_t>(c.batch) * c.queries * c.heads;
    Array<uint16_t> q(rows * d), k(static_cast<size_t>(c.batch) * capacity * c.kv_heads * d), v(k.count), out(rows * d);
    Array<float> sums(rows);
    Array<uint32_t> mask(static_cast<size_t>(c.batch) * c.heads * query_blocks * words);
    for (size_t i = 0; i < q.count; i++) q[i] = random_number(random);
    // Behind the last key of a sequence there is NaN.
    for (int b = 0; b < c.batch; b++)
        for (size_t i = 0; i < c.keys * c.kv_heads * d; i++) {
            size_t at = static_cast<size_t>(b) * capacity * c.kv_heads * d + i;
            k[at] = random_number(random);
            v[at] = random_number(random);
        }
    for (size_t i = 0; i < mask.count; i++) {
        uint32_t half = random(), few = half & random() & random();
        mask[i] = c.mask == HALF ? half : c.mask == FEW ? few : c.mask == NOTHING ? 0 : 0xffffffffu;
    }
    int broken_key = c.keys / 2;
    if (c.broken != NONE) (c.broken == KEY ? k : v)[broken_key * c.kv_heads * d] = 0x7fc0;  // of the first sequence and head
    check_status(ottava_attention_forward(stream, OTTAVA_BF16, out.address, sums.address, q.address, k.address, v.address,
                                          c.mask == DENSE ? 0 : mask.address, c.batch, c.heads, c.kv_heads, c.head_dim, c.queries, c.keys,
                                          static_cast<int64_t>(capacity * c.kv_heads * d), c.scale));
    std::string kernel = reinterpret_cast<Stream*>(stream)->device->last_kernel;
    if (kernel != "sm90_attention_forward_" + std::to_string(c.head_dim)) return "the kernel was " + kernel;

    std::vector<double> scores(static_cast<size_t>(c.keys)), result(d), spread(d);
    for (int b = 0; b < c.batch; b++)
        for (int h = 0; h < c.heads; h++)
            for (int i = 0; i < c.queries; i++) {
                const uint32_t* list = mask.data() + (static_cast<size_t>(b * c.heads + h) * query_blocks + i / 64) * words;
                const uint16_t* query = q.data() + (static_cast<size_t>(b * c.queries + i) * c.heads + h) * d;
                auto at = [&](int key) { return (static_cast<size_t>(b * capacity + key) * c.kv_heads + h / group) * d; };
                auto listed = [&](int key) {
                    return key <= i + c.keys - c.queries && (c.mask == DENSE || (list[key / 2048] >> key / 64 % 32 & 1u) != 0);
                };
                double top = -INFINITY, total = 0;
                for (int key = 0; key < c.keys; key++) {
                    if (!listed(key)) continue;
                    double score = 0;
                    for (size_t x = 0; x < d; x++) score += static_cast<double>(value(query[x])) * value(k[at(key) + x]);
                    scores[static_cast<size_t>(key)] = score * c.scale;
                    top = std::max(top, score * c.scale);
                }
                std::fill(result.begin(), result.end(), 0);
                std::fill(spread.begin(), spread.end(), 0);
                for (int key = 0; key < c.keys; key++) {
                    if (!listed(key)) continue;
                    double weight = std::exp(scores[static_cast<size_t>(key)] - top);
                    total += weight;
                    for (size_t x = 0; x < d; x++) {
                        result[x] += weight * value(v[at(key) + x]);
                        spread[x] += weight * std::abs(value(v[at(key) + x]));
                    }
                }
                std::string place = "sequence " + std::to_string(b) + " head " + std::to_string(h) + " query " + std::to_string(i);
                size_t row = static_cast<size_t>(b * c.heads + h) * c.queries + i;
                // A value that is not a number shows in the rows of its block from its own position on; before that, in the same block, it
                // may: 0 times it is not 0.
                bool same_block = c.broken == VALUE && b == 0 && h / group == 0 && i + c.keys - c.queries < broken_key &&
                                  (i / 64 * 64 + 63 + c.keys - c.queries) / 64 >= broken_key / 64 &&
                                  (c.mask == DENSE || (list[broken_key / 2048] >> broken_key / 64 % 32 & 1u) != 0);
                double sum = total == 0 ? -INFINITY : top + std::log(total);
                if (std::isnan(sum) ? !std::isnan(sums[row])
                                    : sum != sums[row] && !(std::abs(sums[row] - sum) <= 1e-5 * (1 + std::abs(sum))))
                    return place + ": log sum " + std::to_string(sums[row]) + " for " + std::to_string(sum);
                for (size_t x = 0; x < d; x++) {
                    double expected = total == 0 ? 0 : result[x] / total, bound = total == 0 ? 0 : spread[x] / total;
                    bound = 1.01 * 0x1p-8 * (bound + std::abs(expected)) + 1e-6 * bound;
                    float got = value(out[(static_cast<size_t>(b * c.queries + i) * c.heads + h) * d + x]);
                    if (x == 0 && same_block) continue;
                    if (std::isnan(expected) ? !std::isnan(got) : !(std::abs(got - expected) <= bound))
                        return place + " channel " + std::to_string(x) + ": " + std::to_string(got) + " for " + std::to_string(expected);
                }
            }
    if (c.mask == EVERYTHING) {
        Array<uint16_t> dense(rows * d);
        Array<float> dense_sums(rows);
        check_status(ottava_attention_forward(stream, OTTAVA_BF16, dense.address, dense_sums.address, q.address, k.address, v.address, 0,
                                              c.batch, c.heads, c.kv_heads, c.head_dim, c.queries, c.keys,
                                              static_cast<int64_t>(capacity * c.kv_heads * d), c.scale));
        if (std::memcmp(dense.data(), out.data(), rows * d * 2) != 0 || std::memcmp(dense_sums.data(), sums.data(), rows * 4) != 0)
            return "every block listed is not dense attention";
    }
    return "";
}

void try_case(const Case& c) {
    cases++;
    std::string what = run_case(c);
    if (what.empty()) return;
    wrong++;
    std::printf("%s: %s\n", c.name().c_str(), what.c_str());
}

void run_kernels() {
    for (int head_dim : {64, 128}) {
        // Tails of queries and keys, and every distance of the diagonal from a block.
        for (auto [queries, keys] : {std::pair{65, 65},
                                     {127, 127},
                                     {128, 128},
                                     {129, 129},
                                     {192, 192},
                                     {300, 300},
                                     {128, 129},
                                     {65, 128},
                                     {66, 193},
                                     {130, 257},
                                     {100, 330},
                                     {257, 320}})
            try_case({.head_dim = head_dim, .queries = queries, .keys = keys, .mask = queries % 2 == 0 ? DENSE : EVERYTHING});
        for (int group = 1; group <= 8; group++)
            try_case({.batch = 1 + group % 2,
                      .heads = group * (1 + group % 3 % 2),
                      .kv_heads = 1 + group % 3 % 2,
                      .head_dim = head_dim,
                      .queries = 70 + group,
                      .keys = 90 + 20 * group,
                      .extra = group,
                      .mask = group % 2 == 0 ? DENSE : HALF,
                      .scale = group == 3 ? -0.2 : 0.2});
        for (Mask mask : {EVERYTHING, HALF, FEW, NOTHING})
            for (int queries : {128, 200, 321})
                try_case({.heads = 3, .kv_heads = 3, .head_dim = head_dim, .queries = queries, .keys = 500 - queries % 3, .mask = mask});
        for (Broken broken : {KEY, VALUE})
            for (Mask mask : {DENSE, HALF, FEW})
                try_case({.heads = 4, .kv_heads = 2, .head_dim = head_dim, .queries = 260, .keys = 400, .mask = mask, .broken = broken});
        try_case({.head_dim = head_dim, .queries = 150, .keys = 150, .scale = 40});
    }
    // Two words of a list; tiles enough to take the kernel with many keys.
    try_case({.batch = 3, .heads = 16, .kv_heads = 8, .queries = 65, .keys = 2200, .mask = FEW});
}

void expect(bool right, const std::string& what) {
    cases++;
    if (right) return;
    wrong++;
    std::printf("%s\n", what.c_str());
}

// Each tile is met once, and none sees more keys than one before it in its section.
void check_order() {
    std::mt19937 random(7);
    for (int i = 0; i < 300; i++) {
        int group = 1 + static_cast<int>(random() % 4), sequences = 1 + static_cast<int>(random() % 6),
            tiles = 1 + static_cast<int>(random() % 9);
        Sm90AttentionShape shape{
            group, group, tiles * 128, tiles * 128, tiles, 1 + static_cast<int>(random() % (group * sequences)), group * sequences};
        std::set<std::pair<int, int>> met;
        bool right = true;
        int section = -1, longest = 0;
        for (int tile = 0; tile < shape.tiles(); tile++) {
            int head, row;
            shape.position(tile, head, row);
            if (head / shape.section_heads != section) section = head / shape.section_heads, longest = tiles;
            right = right && head >= 0 && head < shape.all_heads && row >= 0 && row <= longest;
            longest = row;
            met.insert({head, row});
        }
        expect(right && static_cast<int>(met.size()) == shape.tiles(), "order of " + std::to_string(shape.tiles()) + " tiles");
    }
}

}  // namespace

int main() {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    check_status(ottava_device_open("simt", "", 0, &device));
    stream = ottava_device_default_stream(device);
    check_order();
    run_kernels();
    ottava_device_close(device);
    std::printf("%d cases, %d wrong\n", cases, wrong);
    return wrong == 0 ? 0 : 1;
}
