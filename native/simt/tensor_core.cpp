#include "tensor_core.h"

#include <cstring>
#include <type_traits>

#include "machine.h"

namespace ottava::simt {

namespace {

struct MmaLane {
    NumberType type_a, type_b;
    uint32_t* d;
    const uint32_t* a;
    const uint32_t* b;
};

template <class T>
void multiply(void** lanes) {
    const auto& first = *static_cast<MmaLane*>(lanes[0]);
    int each = 2 * numbers_per_byte_pair(first.type_a);  // numbers a register
    int k = 8 * each;
    T a[64 * 16], b[8 * 64], d[8 * 16], numbers[8];
    auto decode_register = [&](NumberType type, uint32_t word) {
        unsigned char bytes[4];
        std::memcpy(bytes, &word, 4);
        decode(type, bytes, 4, numbers);
    };
    for (int lane = 0; lane < 32; lane++) {
        const auto& own = *static_cast<MmaLane*>(lanes[lane]);
        int g = lane / 4, t = lane % 4;
        for (int r = 0; r < 4; r++) {
            decode_register(own.type_a, own.a[r]);
            for (int i = 0; i < each; i++) a[(t * each + r / 2 * k / 2 + i) * 16 + g + r % 2 * 8] = numbers[i];
        }
        for (int r = 0; r < 2; r++) {
            decode_register(own.type_b, own.b[r]);
            for (int i = 0; i < each; i++) b[g * k + t * each + r * k / 2 + i] = numbers[i];
        }
        for (int r = 0; r < 4; r++) std::memcpy(&d[(2 * t + r % 2) * 16 + g + r / 2 * 8], &own.d[r], 4);
    }
    bool truncated = !is_integer(first.type_a) && first.type_a != BF16 && machine().truncates_fp8();
    if constexpr (std::is_same_v<T, float>) {
        if (truncated) {
            add_products_truncated(d, a, b, 8, k);
        } else {
            add_products(d, a, b, 8, k);
        }
    } else {
        add_products(d, a, b, 8, k);
    }
    for (int lane = 0; lane < 32; lane++) {
        const auto& own = *static_cast<MmaLane*>(lanes[lane]);
        int g = lane / 4, t = lane % 4;
        for (int r = 0; r < 4; r++) std::memcpy(&own.d[r], &d[(2 * t + r % 2) * 16 + g + r / 2 * 8], 4);
    }
}

void multiply_any(void** lanes, uint32_t) {
    if (is_integer(static_cast<MmaLane*>(lanes[0])->type_a)) {
        multiply<int32_t>(lanes);
    } else {
        multiply<float>(lanes);
    }
}

}  // namespace

void mma(const char* operation, NumberType type_a, NumberType type_b, void* d, const uint32_t* a, const uint32_t* b, Site site) {
    MmaLane own{type_a, type_b, static_cast<uint32_t*>(d), a, b};
    warp_together(0xffffffffu, operation, multiply_any, &own, site);
}

namespace {

struct MatrixLane {
    uint32_t* registers;  // null in a store
    const uint32_t* stored;
    unsigned char* row;
    int matrices;
    bool transposed;
    const char* operation;
};

unsigned char* row_of(void** lanes, int matrix, int row) {
    const auto& lane = *static_cast<MatrixLane*>(lanes[matrix * 8 + row]);
    if (reinterpret_cast<uintptr_t>(lane.row) % 16 != 0)
        kernel_error("%s: the address of row %d of matrix %d is not a multiple of 16", lane.operation, row, matrix);
    if (!static_cast<Block*>(current->block)->shared.holds(lane.row, 16))
        kernel_error("%s: row %d of matrix %d is not in an array of the block's shared memory", lane.operation, row, matrix);
    return lane.row;
}

void load_matrices(void** lanes, uint32_t) {
    for (int matrix = 0; matrix < static_cast<MatrixLane*>(lanes[0])->matrices; matrix++) {
        uint16_t elements[8][8];
        for (int row = 0; row < 8; row++) std::memcpy(elements[row], row_of(lanes, matrix, row), 16);
        for (int lane = 0; lane < 32; lane++) {
            const auto& own = *static_cast<MatrixLane*>(lanes[lane]);
            int outer = lane / 4, inner = lane % 4 * 2;
            uint32_t first = own.transposed ? elements[inner][outer] : elements[outer][inner];
            uint32_t second = own.transposed ? elements[inner + 1][outer] : elements[outer][inner + 1];
            own.registers[matrix] = first | second << 16;
        }
    }
}

void store_matrices(void** lanes, uint32_t) {
    for (int matrix = 0; matrix < static_cast<MatrixLane*>(lanes[0])->matrices; matrix++)
        for (int row = 0; row < 8; row++) {
            unsigned char* target = row_of(lanes, matrix, row);
            for (int i = 0; i < 4; i++)
                std::memcpy(target + 4 * i, &static_cast<MatrixLane*>(lanes[row * 4 + i])->stored[matrix], sizeof(uint32_t));
        }
}

}  // namespace

void ldmatrix(const char* operation, uint32_t* registers, int matrices, const void* row, bool transposed, Site site) {
    MatrixLane own{registers, nullptr, static_cast<unsigned char*>(const_cast<void*>(row)), matrices, transposed, operation};
    warp_together(0xffffffffu, operation, load_matrices, &own, site);
}

void stmatrix(const char* operation, void* row, const uint32_t* registers, int matrices, Site site) {
    MatrixLane own{nullptr, registers, static_cast<unsigned char*>(row), matrices, false, operation};
    warp_together(0xffffffffu, operation, store_matrices, &own, site);
}

}  // namespace ottava::simt
