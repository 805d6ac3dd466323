// Bugs with the operands of tensor cores: their types, and how they lie in memory and in registers.
#include "bugs.h"
#include "ptx/mbarrier.cuh"
#include "ptx/mma.cuh"
#include "ptx/tma.cuh"
#include "ptx/wgmma_products.cuh"

namespace ottava::bugs {

// Where register i of a thread of a warpgroup belongs in a matrix with rows of n.
static unsigned sum_at(unsigned thread, unsigned i, unsigned n) {
    return (thread / 32 * 16 + thread % 32 / 4 + i % 4 / 2 * 8) * n + i / 4 * 8 + thread % 4 * 2 + i % 2;
}

// Small numbers that E4M3, E5M2, BF16 and int8_t have exactly, and 4 bits too.
static float number(int i) {
    return static_cast<float>(i * 5 % 7 + i / 9 % 3 - 4);
}

// d[64, 64] = a[64, 64] · b[64, 64], both in memory as rows of k, as TMA brings them with the swizzle: boxes of `swizzle` bytes along m or
// n, one after the other.
template <ptx::Major MAJOR>
static std::string rows_of_k(int swizzle) {
    Buffer<bf16> a(64 * 64), b(64 * 64);
    Buffer<float> d(64 * 64);
    for (int i = 0; i < 64 * 64; i++) a.data[i] = number(i), b.data[i] = number(3 * i + 1);
    int width = swizzle / 2;
    ptx::TensorMap map_a, map_b;
    std::string refused = simt::encode(map_a, a.data, 2, {64, 64}, {128}, {width, 64}, swizzle);
    refused += simt::encode(map_b, b.data, 2, {64, 64}, {128}, {width, 64}, swizzle);
    if (!refused.empty()) return refused;
    auto kernel = [=, pd = d.data] {
        OTTAVA_DYNAMIC_SHARED(bytes);
        OTTAVA_SHARED(uint64_t, full, 1);
        unsigned t = threadIdx.x;
        if (t == 0) {
            ptx::mbarrier_init(full, 1);
            ptx::fence_mbarrier_init();
            ptx::mbarrier_arrive_expect(full, 16384);
            for (int column = 0; column < 64; column += width) {
                ptx::tma_load(bytes + column * 128, &map_a, full, column, 0);
                ptx::tma_load(bytes + 8192 + column * 128, &map_b, full, column, 0);
            }
        }
        __syncthreads();
        ptx::mbarrier_wait(full, 0);
        float sums[32];
        ptx::wgmma_fence();
        for (int k = 0; k < 64; k += 16)
            ptx::wgmma<bf16, bf16, MAJOR, MAJOR>(sums, ptx::wgmma_descriptor(bytes + k * swizzle, swizzle, 8 * swizzle, 64 * swizzle),
                                                 ptx::wgmma_descriptor(bytes + 8192 + k * swizzle, swizzle, 8 * swizzle, 64 * swizzle),
                                                 k > 0);
        ptx::wgmma_commit();
        ptx::wgmma_wait<0>();
        for (unsigned i = 0; i < 32; i++) pd[sum_at(t, i, 64)] = sums[i];
    };
    return check<float>({.name = "rows_of_k", .block = {128}, .shared_bytes = 16384}, kernel, d, [&](int at) {
        float sum = 0;
        for (int k = 0; k < 64; k++) sum += a.data[k * 64 + at / 64] * b.data[k * 64 + at % 64];
        return sum;
    });
}

OTTAVA_BUG(wgmma_operands_read_along_the_wrong_dimension) {
    if (WRONG) return rows_of_k<ptx::Major::K>(128);
    return first_of({rows_of_k<ptx::Major::MN>(32), rows_of_k<ptx::Major::MN>(64), rows_of_k<ptx::Major::MN>(128)});
}

// One product of a warpgroup, d[64, N] = a[64, 32] · b[N, 32]ᵀ in 8 bits; no swizzle, in pieces of 8 rows of 16 bytes. Registers: a comes
// from there, with its rows 8 apart exchanged if so asked.
template <class A, class B, class ReadA, class Sum, int N>
static std::string product(bool registers, bool exchange, int piece_bytes, unsigned threads = 128) {
    Buffer<Sum> d(64 * N);
    auto code = [](auto type, int i) {
        using T = decltype(type);
        if constexpr (std::is_same_v<T, int8_t>) {
            return static_cast<uint8_t>(static_cast<int8_t>(number(i)));
        } else {
            return ptx::to_fp8<T>(number(i)).bits;
        }
    };
    auto kernel = [=, pd = d.data] {
        OTTAVA_DYNAMIC_SHARED(bytes);
        unsigned t = threadIdx.x;
        unsigned char *a = bytes, *b = bytes + 2048;
        auto place = [](int row, int k) { return row / 8 * 256 + k / 16 * 128 + row % 8 * 16 + k % 16; };
        for (int i = static_cast<int>(t); i < 64 * 32; i += static_cast<int>(threads)) a[place(i / 32, i % 32)] = code(A(), i);
        for (int i = static_cast<int>(t); i < N * 32; i += static_cast<int>(threads)) b[place(i / 32, i % 32)] = code(B(), i + 11);
        ptx::fence_proxy_async();
        __syncthreads();
        uint32_t fragment[4];
        for (int r = 0; r < 4; r++) {
            int row = static_cast<int>(t / 32 * 16 + t % 32 / 4) + (exchange ? r / 2 : r % 2) * 8;
            memcpy(&fragment[r], a + place(row, static_cast<int>(t % 4) * 4 + (exchange ? r % 2 : r / 2) * 16), 4);
        }
        Sum sums[N / 2];
        uint64_t describe_b = ptx::wgmma_descriptor(b, 0, 256, piece_bytes);
        ptx::wgmma_fence();
        if (registers) {
            ptx::wgmma<ReadA, B>(sums, fragment, describe_b, false);
        } else {
            ptx::wgmma<ReadA, B>(sums, ptx::wgmma_descriptor(a, 0, 256, piece_bytes), describe_b, false);
        }
        ptx::wgmma_commit();
        ptx::wgmma_wait<0>();
        for (unsigned i = 0; i < N / 2; i++) pd[sum_at(t, i, N)] = sums[i];
    };
    return check<Sum>({.name = "product", .block = {threads}, .shared_bytes = 2048 + 32 * N}, kernel, d, [&](int at) {
        float sum = 0;
        for (int k = 0; k < 32; k++) sum += number(at / N * 32 + k) * number(at % N * 32 + k + 11);
        return sum;
    });
}

OTTAVA_BUG(wgmma_fp8_of_the_other_kind) {
    if (WRONG) return product<e5m2, e4m3, e4m3, float, 64>(false, false, 128);
    return first_of({product<e4m3, e4m3, e4m3, float, 64>(false, false, 128), product<e5m2, e4m3, e5m2, float, 96>(false, false, 128),
                     product<e4m3, e5m2, e4m3, float, 128>(false, false, 128), product<e5m2, e5m2, e5m2, float, 256>(false, false, 128)});
}

OTTAVA_BUG(wgmma_rows_of_a_exchanged_in_registers) {
    return first_of(
        {product<e4m3, e5m2, e4m3, float, 8>(true, WRONG, 128), product<int8_t, int8_t, int8_t, int32_t, 32>(true, WRONG, 128)});
}

OTTAVA_BUG(wgmma_pieces_closer_than_they_are) {
    return product<int8_t, int8_t, int8_t, int32_t, 160>(false, false, WRONG ? 64 : 128);
}

OTTAVA_BUG(wgmma_by_three_warps) {
    if (WRONG) return product<e4m3, e4m3, e4m3, float, 64>(false, false, 128, 96);
    return product<e4m3, e4m3, e4m3, float, 64>(false, false, 128, 128);
}

// d[16, 8] = a[16, K] · b[8, K]ᵀ by one warp, BITS a number; in wrong kernels the registers of a hold neighbours along k exchanged.
template <int BITS, class Multiply>
static std::string fragments(const std::function<uint32_t(int)>& code, Multiply multiply, bool neighbours_exchanged) {
    using Sum = std::conditional_t<std::is_invocable_v<Multiply, float(&)[4], uint32_t(&)[4], uint32_t(&)[2]>, float, int32_t>;
    constexpr int k = 256 / BITS, each = 32 / BITS;
    Buffer<Sum> d(128);
    auto kernel = [=, pd = d.data] {
        int g = static_cast<int>(threadIdx.x) / 4, t = static_cast<int>(threadIdx.x) % 4;
        auto pack = [&](int row, int first, bool exchanged) {
            uint32_t word = 0;
            for (int i = 0; i < each; i++) word |= code(row * k + first + (exchanged ? i ^ 1 : i)) << i * BITS;
            return word;
        };
        uint32_t a[4], b[2];
        for (int r = 0; r < 4; r++) a[r] = pack(g + r % 2 * 8, t * each + r / 2 * k / 2, neighbours_exchanged);
        for (int r = 0; r < 2; r++) b[r] = pack(g + 16, t * each + r * k / 2, false);
        Sum sums[4] = {};
        multiply(sums, a, b);
        for (int r = 0; r < 4; r++) pd[(g + r / 2 * 8) * 8 + t * 2 + r % 2] = sums[r];
    };
    return check<Sum>({.name = "fragments", .block = {32}}, kernel, d, [&](int at) {
        float sum = 0;
        for (int x = 0; x < k; x++) sum += number(at / 8 * k + x) * number((at % 8 + 16) * k + x);
        return sum;
    });
}

OTTAVA_BUG(mma_fp8_neighbours_exchanged) {
    return first_of({fragments<8>([](int i) { return uint32_t{ptx::to_fp8<e4m3>(number(i)).bits}; },
                                  [](float(&d)[4], uint32_t(&a)[4], uint32_t(&b)[2]) { ptx::mma_m16n8k32<e4m3, e4m3>(d, a, b); }, WRONG),
                     fragments<8>([](int i) { return uint32_t{ptx::to_fp8<e5m2>(number(i)).bits}; },
                                  [](float(&d)[4], uint32_t(&a)[4], uint32_t(&b)[2]) { ptx::mma_m16n8k32<e5m2, e5m2>(d, a, b); }, WRONG)});
}

OTTAVA_BUG(mma_of_4_bits_halves_of_a_byte_exchanged) {
    return first_of({fragments<4>([](int i) { return static_cast<uint32_t>(static_cast<int>(number(i)) & 15); },
                                  [](int32_t(&d)[4], uint32_t(&a)[4], uint32_t(&b)[2]) { ptx::mma_m16n8k64_s4(d, a, b); }, WRONG),
                     fragments<8>([](int i) { return static_cast<uint32_t>(static_cast<int>(number(i)) & 255); },
                                  [](int32_t(&d)[4], uint32_t(&a)[4], uint32_t(&b)[2]) { ptx::mma_m16n8k32_s8(d, a, b); }, WRONG)});
}

// Products of Hopper's FP8 keep 13 bits below the largest: 256 + 32 · 2^-6 is 256 there, and 256.5 in F32.
OTTAVA_BUG(fp8_sums_that_need_more_than_13_bits) {
    Buffer<float> d(128);
    auto kernel = [pd = d.data] {
        uint32_t a[4], b[2], small = ptx::to_fp8x4<e4m3>(0x1p-3f, 0x1p-3f, 0x1p-3f, 0x1p-3f);
        for (uint32_t& word : a) word = small;
        for (uint32_t& word : b) word = small;
        float sums[4] = {256, 256, 256, 256};
        ptx::mma_m16n8k32<e4m3, e4m3>(sums, a, b);
        for (int r = 0; r < 4; r++) pd[threadIdx.x * 4 + static_cast<unsigned>(r)] = sums[r];
    };
    return check<float>({.name = "small_products", .block = {32}, .truncate_fp8_sums = WRONG}, kernel, d, [](int) { return 256.5f; });
}

}  // namespace ottava::bugs
