#include "wgmma.h"

#include <algorithm>
#include <cstring>

#include "machine.h"

namespace ottava::simt {

namespace {

struct WgmmaLane {
    WgmmaShape shape;
    uint32_t* d;
    uint64_t a, b;
    const uint32_t* registers;
    bool accumulate;
    Site site;
};

constexpr uint32_t UNKNOWN = 0x7fffffff;  // of sums under way: NaN, or the largest integer

Block& own_block() {
    return *static_cast<Block*>(current->block);
}

Warp& own_warp() {
    return machine().warps[static_cast<size_t>(machine().running().warp)];
}

std::string name(const WgmmaShape& shape) {
    static constexpr const char* types[] = {"bf16", "e4m3", "e5m2", "s8"};
    return "wgmma m64n" + std::to_string(shape.n) + "k" + (shape.a == BF16 ? "16 " : "32 ") + types[shape.a] + " x " + types[shape.b];
}

// An operand by its descriptor, as 16-byte pieces of 8-row groups.
struct Operand {
    Operand(uint64_t descriptor, bool along_k)
        : start(field(descriptor, 0)), piece_bytes(field(descriptor, 16)), group_bytes(field(descriptor, 32)), along_k(along_k) {
        int mode = static_cast<int>(descriptor >> 62);
        width = mode == 1 ? 128 : mode == 2 ? 64 : mode == 3 ? 32 : 16;
    }
    static int64_t field(uint64_t descriptor, int shift) { return static_cast<int64_t>(descriptor >> shift & 0x3fff) << 4; }

    // Along k: piece 0 or 1 of a row of m or n. Else: piece of 8 along m or n, of a row of k.
    int64_t offset(int row, int piece) const {
        if (width == 16) {
            // Rows of k: CUTLASS, "make_gmma_desc", gives the two distances the other meaning.
            return start + row % 8 * 16 +
                   (along_k ? row / 8 * group_bytes + piece * piece_bytes : row / 8 * piece_bytes + piece * group_bytes);
        }
        int64_t at = start + row / 8 * group_bytes + row % 8 * width;
        at += along_k ? piece * 16 : piece / (width / 16) * piece_bytes + piece % (width / 16) * 16;
        return at ^ (at >> 3 & (width - 16));
    }

    int64_t start, piece_bytes, group_bytes;
    bool along_k;
    int width;
};

// rows: of m or n.
void check(const WgmmaShape& shape, uint64_t descriptor, bool along_k, int rows, const char* which) {
    const SharedMemory& shared = own_block().shared;
    if (descriptor >> 49 & 7) kernel_error("%s: the descriptor of %s has a base offset", name(shape).c_str(), which);
    Operand operand(descriptor, along_k);
    int outer = along_k ? rows : 16, pieces = along_k ? 2 : rows / 8;
    int64_t first = INT64_MAX, last = 0;
    for (int row = 0; row < outer; row += row == 7 && outer > 16 ? outer - 15 : 1)  // the first and the last group of eight
        for (int piece = 0; piece < pieces; piece++) {
            int64_t at = operand.offset(row, piece);
            first = std::min(first, at);
            last = std::max(last, at);
        }
    if (!shared.holds(shared.dynamic() + first, static_cast<size_t>(last + 16 - first)))
        kernel_error("%s: the descriptor of %s leads to bytes %lld to %lld, not in one array of the block's shared memory",
                     name(shape).c_str(), which, static_cast<long long>(first), static_cast<long long>(last + 16));
}

// numbers[row][0 .. k) of `rows` rows from `first_row` on.
template <class T>
void read(const WgmmaShape& shape, uint64_t descriptor, NumberType type, bool along_k, int first_row, int rows, T* numbers) {
    const unsigned char* shared = own_block().shared.dynamic();
    Operand operand(descriptor, along_k);
    int k = shape.a == BF16 ? 16 : 32;
    if (along_k) {
        unsigned char bytes[256 * 32];
        for (int row = 0; row < rows; row++)
            for (int piece = 0; piece < 2; piece++)
                std::memcpy(bytes + row * 32 + piece * 16, shared + operand.offset(first_row + row, piece), 16);
        decode(type, bytes, rows * 32, numbers);
    } else {
        for (int x = 0; x < k; x++)
            for (int row = 0; row < rows; row += 8) {
                T piece[8];
                decode(type, shared + operand.offset(x, (first_row + row) / 8), 16, piece);
                for (int i = 0; i < 8; i++) numbers[(row + i) * k + x] = piece[i];
            }
    }
}

// Takes part in the warpgroup's sequence of products.
void request(const WgmmaLane& own) {
    Block& block = own_block();
    int threads = static_cast<int>(block.block_dim.x * block.block_dim.y * block.block_dim.z);
    size_t group = static_cast<size_t>(current->linear / 128);
    if ((static_cast<int>(group) + 1) * 128 > threads)
        kernel_error("%s by threads from %d on of a block of %d: not a whole warpgroup of 128", name(own.shape).c_str(),
                     static_cast<int>(group * 128), threads);
    Warpgroup& all = block.warpgroups[group];
    int64_t& made = all.made[current->linear / 32 % 4];
    size_t turn = static_cast<size_t>(made++ - all.forgotten);
    if (turn == all.requests.size()) {
        all.requests.push_back({own.shape, own.a, own.b, own.registers != nullptr, own.accumulate, own.site});
    } else {
        const Warpgroup::Request& first = all.requests[turn];
        if (own.shape != first.shape || own.site.line() != first.site.line() || own.site.column() != first.site.column())
            kernel_error("%s at %s, where another warp of the warpgroup has %s at %s", name(own.shape).c_str(), describe(own.site).c_str(),
                         name(first.shape).c_str(), describe(first.site).c_str());
        if (own.a != first.a || own.b != first.b || own.accumulate != first.accumulate)
            kernel_error("%s at %s: this warp has another descriptor or mode than others of the warpgroup", name(own.shape).c_str(),
                         describe(own.site).c_str());
    }
    if (*std::min_element(all.made, all.made + 4) - all.forgotten == static_cast<int64_t>(all.requests.size())) {
        all.forgotten += static_cast<int64_t>(all.requests.size());
        all.requests.clear();
    }
}

// Calls body(register, value) for the registers of a lane and where their values lie in Sums::values.
template <class Body>
void for_registers(Sums& sums, int lane, uint32_t* d, Body&& body) {
    uint32_t* value = sums.values.data() + lane % 4 * 32 + lane / 4;
    for (int j = 0; j < sums.n / 8; j++, d += 4, value += 128) {
        body(d[0], value[0]);
        body(d[1], value[16]);
        body(d[2], value[8]);
        body(d[3], value[24]);
    }
}

void start(void** lanes, uint32_t) {
    auto& first = *static_cast<WgmmaLane*>(lanes[0]);
    for (int lane = 1; lane < 32; lane++) {
        auto& own = *static_cast<WgmmaLane*>(lanes[lane]);
        if (own.a != first.a || own.b != first.b || own.accumulate != first.accumulate || own.shape != first.shape)
            kernel_error("%s: lane %d has another descriptor or mode than lane 0", name(first.shape).c_str(), lane);
    }
    check(first.shape, first.b, !first.shape.b_along_n, first.shape.n, "b");
    if (first.registers == nullptr) check(first.shape, first.a, !first.shape.a_along_m, 64, "a");
    request(first);
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
            uint32_t* d = sums->d[lane] = static_cast<WgmmaLane*>(lanes[lane])->d;
            for_registers(*sums, lane, d, [](uint32_t& sum, uint32_t& value) {
                value = sum;
                sum = UNKNOWN;
            });
        }
    }
    sums->under_way++;
    Product& product =
        all.products.emplace_back(Product{first.shape, first.a, first.b, first.registers != nullptr, first.accumulate, {}, first.d});
    for (int lane = 0; product.from_registers && lane < 32; lane++)
        std::memcpy(product.registers[lane], static_cast<WgmmaLane*>(lanes[lane])->registers, 16);
}

// sums[n][16] += the product of the warp's 16 rows of a.
template <class T>
void multiply(const Product& product, int warp_of_group, T* sums, bool truncated) {
    const WgmmaShape& shape = product.shape;
    int k = shape.a == BF16 ? 16 : 32;
    T a[16 * 32], a_columns[32 * 16], b[256 * 32];
    if (product.from_registers) {
        T numbers[4];
        int each = k / 8;  // numbers a register
        for (int lane = 0; lane < 32; lane++)
            for (int r = 0; r < 4; r++) {
                unsigned char bytes[4];
                std::memcpy(bytes, &product.registers[lane][r], 4);
                decode(shape.a, bytes, 4, numbers);
                std::copy(numbers, numbers + each, a + (lane / 4 + r % 2 * 8) * k + lane % 4 * each + r / 2 * k / 2);
            }
    } else {
        read(shape, product.a, shape.a, !shape.a_along_m, warp_of_group * 16, 16, a);
    }
    read(shape, product.b, shape.b, !shape.b_along_n, 0, shape.n, b);
    for (int i = 0; i < 16; i++)
        for (int x = 0; x < k; x++) a_columns[x * 16 + i] = a[i * k + x];
    if (!product.accumulate) std::fill(sums, sums + 16 * shape.n, T{});
    if constexpr (std::is_same_v<T, float>) {
        if (truncated) return add_products_truncated(sums, a_columns, b, shape.n, k);
    }
    add_products(sums, a_columns, b, shape.n, k);
}

void compute(WarpProducts& all, const Product& product, int warp_of_group) {
    auto sums = std::find_if(all.sums.begin(), all.sums.end(), [&](const Sums& s) { return s.d[0] == product.sums; });
    if (is_integer(product.shape.a)) {
        multiply(product, warp_of_group, reinterpret_cast<int32_t*>(sums->values.data()), false);
    } else {
        bool truncated = product.shape.a != BF16 && machine().truncates_fp8();
        multiply(product, warp_of_group, reinterpret_cast<float*>(sums->values.data()), truncated);
    }
    if (--sums->under_way > 0) return;
    for (int lane = 0; lane < 32; lane++) for_registers(*sums, lane, sums->d[lane], [](uint32_t& sum, uint32_t& value) { sum = value; });
    all.sums.erase(sums);
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

std::string Warpgroup::missing() const {
    if (requests.empty()) return "";
    std::string warps;
    for (int warp = 0; warp < 4; warp++)
        if (made[warp] < forgotten + static_cast<int64_t>(requests.size())) warps += (warps.empty() ? "" : ", ") + std::to_string(warp);
    return name(requests.back().shape) + " at " + describe(requests.back().site) + " without warps " + warps + " of the warpgroup";
}

uint32_t wgmma_address(const void* shared) {
    const SharedMemory& own = own_block().shared;
    int64_t offset = own.offset(shared);
    if (!own.holds(shared, 1) || offset >= 1 << 18) kernel_error("wgmma: an operand is not in the block's shared memory");
    if (offset % 16 != 0) kernel_error("wgmma: the address of an operand is not a multiple of 16");
    return static_cast<uint32_t>(offset);
}

void wgmma(WgmmaShape shape, void* d, uint64_t a, const uint32_t* registers, uint64_t b, bool accumulate, Site site) {
    WgmmaLane own{shape, static_cast<uint32_t*>(d), a, b, registers, accumulate, site};
    warp_together(0xffffffffu, "wgmma.mma_async", start, &own, site);
}

void wgmma_commit(Site site) {
    warp_together(0xffffffffu, "wgmma.commit_group", commit, nullptr, site);
}

void wgmma_wait(int groups_left, Site site) {
    warp_together(0xffffffffu, "wgmma.wait_group", wait, &groups_left, site);
}

}  // namespace ottava::simt
