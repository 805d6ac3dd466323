#include "wgmma.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "machine.h"

namespace ottava::simt {

namespace {

struct WgmmaLane {
    WgmmaShape shape;
    float* d;
    uint64_t a, b;
    const uint32_t* registers;
    bool accumulate;
};

Warp& own_warp() {
    return machine().warps[static_cast<size_t>(machine().running().warp)];
}

float e4m3(unsigned code) {
    int exponent = static_cast<int>(code >> 3 & 15);
    int mantissa = static_cast<int>(code & 7);
    if ((code & 0x7f) == 0x7f) return std::numeric_limits<float>::quiet_NaN();
    float value =
        exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -9) : std::ldexp(static_cast<float>(8 + mantissa), exponent - 10);
    return code & 0x80 ? -value : value;
}

// 16 bytes as numbers: 8 of BF16 or 16 of E4M3.
void decode(WgmmaType type, const unsigned char* bytes, float* numbers) {
    static const std::array<float, 256> table = [] {
        std::array<float, 256> all;
        for (unsigned code = 0; code < 256; code++) all[code] = e4m3(code);
        return all;
    }();
    if (type == E4M3) {
        for (int i = 0; i < 16; i++) numbers[i] = table[bytes[i]];
    } else {
        for (int i = 0; i < 8; i++) {
            uint16_t half;
            std::memcpy(&half, bytes + 2 * i, 2);
            numbers[i] = std::bit_cast<float>(static_cast<uint32_t>(half) << 16);
        }
    }
}

// 16-byte piece 0 or 1 of 32 bytes of k in a row of an operand.
const unsigned char* piece_of(const Block& block, uint64_t descriptor, int row, int piece) {
    auto field = [&](int shift) { return static_cast<int64_t>(descriptor >> shift & 0x3fff) << 4; };
    int mode = static_cast<int>(descriptor >> 62);
    int width = mode == 1 ? 128 : mode == 2 ? 64 : mode == 3 ? 32 : 16;
    int64_t at = field(0) + row / 8 * field(32) + row % 8 * width + (mode == 0 ? piece * field(16) : piece * 16);
    if (mode != 0) at ^= at >> 3 & (width - 16);
    return block.shared.dynamic() + at;
}

void check(const WgmmaLane& own, uint64_t descriptor, int rows, const char* operand) {
    const auto& block = *static_cast<Block*>(current->block);
    const char* operation = own.shape.operation;
    if (descriptor >> 49 & 7) kernel_error("%s: the descriptor of %s has a base offset", operation, operand);
    for (int row = 0; row < rows; row++)
        for (int piece = 0; piece < 2; piece++)
            if (!block.shared.holds(piece_of(block, descriptor, row, piece), 16))
                kernel_error("%s: the descriptor of %s leads row %d out of the block's shared memory", operation, operand, row);
}

void start(void** lanes, uint32_t) {
    auto& first = *static_cast<WgmmaLane*>(lanes[0]);
    for (int lane = 1; lane < 32; lane++) {
        auto& own = *static_cast<WgmmaLane*>(lanes[lane]);
        if (own.a != first.a || own.b != first.b || own.accumulate != first.accumulate)
            kernel_error("%s: lane %d has another descriptor or mode than lane 0", first.shape.operation, lane);
    }
    check(first, first.b, first.shape.n, "b");
    if (first.registers == nullptr) check(first, first.a, 64, "a");
    WarpProducts& all = own_warp().products;
    Sums* sums = nullptr;
    for (Sums& other : all.sums)
        if (other.d[0] == first.d) sums = &other;
    int n = first.shape.n;
    if (sums == nullptr) {
        sums = &all.sums.emplace_back();
        sums->n = n;
        sums->under_way = 0;
        sums->values.resize(static_cast<size_t>(16 * n));
        for (int lane = 0; lane < 32; lane++) {
            float* d = sums->d[lane] = static_cast<WgmmaLane*>(lanes[lane])->d;
            for (int i = 0; i < n / 2; i++) {
                sums->values[static_cast<size_t>((lane / 4 + i % 4 / 2 * 8) * n + i / 4 * 8 + lane % 4 * 2 + i % 2)] = d[i];
                d[i] = std::numeric_limits<float>::quiet_NaN();
            }
        }
    }
    sums->under_way++;
    Product& product =
        all.products.emplace_back(Product{first.shape, first.a, first.b, first.registers != nullptr, first.accumulate, {}, first.d});
    for (int lane = 0; product.from_registers && lane < 32; lane++)
        std::memcpy(product.registers[lane], static_cast<WgmmaLane*>(lanes[lane])->registers, 16);
}

void compute(WarpProducts& all, const Product& product, int warp_of_group) {
    const auto& block = *static_cast<Block*>(current->block);
    WgmmaType type = product.shape.type;
    int n = product.shape.n, k = type == BF16 ? 16 : 32;
    float a[16][32], b[32][256], row[32];
    for (int i = 0; i < 16 && !product.from_registers; i++)
        for (int piece = 0; piece < 2; piece++)
            decode(type, piece_of(block, product.a, warp_of_group * 16 + i, piece), a[i] + piece * k / 2);
    for (int lane = 0; lane < 32 && product.from_registers; lane++)
        for (int r = 0; r < 4; r++) {
            unsigned char bytes[16] = {};
            std::memcpy(bytes, &product.registers[lane][r], 4);
            decode(type, bytes, row);
            int each = k / 8;  // numbers a register
            std::memcpy(&a[lane / 4 + r % 2 * 8][lane % 4 * each + r / 2 * k / 2], row, static_cast<size_t>(each) * sizeof(float));
        }
    for (int j = 0; j < n; j++) {
        for (int piece = 0; piece < 2; piece++) decode(type, piece_of(block, product.b, j, piece), row + piece * k / 2);
        for (int i = 0; i < k; i++) b[i][j] = row[i];
    }
    for (size_t s = 0; s < all.sums.size(); s++) {
        Sums& sums = all.sums[s];
        if (sums.d[0] != product.sums) continue;
        if (!product.accumulate) std::fill(sums.values.begin(), sums.values.end(), 0.0f);
        for (int i = 0; i < 16; i++) {
            float* d = sums.values.data() + i * n;
            for (int x = 0; x < k; x++)
                for (int j = 0; j < n; j++) d[j] += a[i][x] * b[x][j];
        }
        if (--sums.under_way > 0) return;
        for (int lane = 0; lane < 32; lane++)
            for (int i = 0; i < n / 2; i++)
                sums.d[lane][i] = sums.values[static_cast<size_t>((lane / 4 + i % 4 / 2 * 8) * n + i / 4 * 8 + lane % 4 * 2 + i % 2)];
        all.sums.erase(all.sums.begin() + static_cast<long>(s));
        return;
    }
}

void commit(void**, uint32_t) {
    WarpProducts& all = own_warp().products;
    all.groups.push_back(all.products.size());
}

void wait(void** lanes, uint32_t) {
    WarpProducts& all = own_warp().products;
    size_t left = static_cast<size_t>(*static_cast<int*>(lanes[0]));
    if (all.groups.size() <= left) return;
    size_t groups = all.groups.size() - left;
    size_t done = all.groups[groups - 1];
    for (size_t i = 0; i < done; i++) compute(all, all.products[i], current->linear / 32 % 4);
    all.products.erase(all.products.begin(), all.products.begin() + static_cast<long>(done));
    all.groups.erase(all.groups.begin(), all.groups.begin() + static_cast<long>(groups));
    for (size_t& group : all.groups) group -= done;
}

}  // namespace

uint32_t wgmma_address(const void* shared) {
    const auto& block = *static_cast<Block*>(current->block);
    int64_t offset = block.shared.offset(shared);
    if (!block.shared.holds(shared, 1) || offset >= 1 << 18) kernel_error("wgmma: an operand is not in the block's shared memory");
    if (offset % 16 != 0) kernel_error("wgmma: the address of an operand is not a multiple of 16");
    return static_cast<uint32_t>(offset);
}

void wgmma(WgmmaShape shape, float* d, uint64_t a, const uint32_t* registers, uint64_t b, bool accumulate, Site site) {
    WgmmaLane own{shape, d, a, b, registers, accumulate};
    warp_together(0xffffffffu, shape.operation, start, &own, site);
}

void wgmma_commit(Site site) {
    warp_together(0xffffffffu, "wgmma.commit_group", commit, nullptr, site);
}

void wgmma_wait(int groups_left, Site site) {
    warp_together(0xffffffffu, "wgmma.wait_group", wait, &groups_left, site);
}

}  // namespace ottava::simt
