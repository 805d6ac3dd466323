#include "tensor_core.h"

#include <bit>
#include <cstring>

#include "machine.h"

namespace ottava::simt {

static float low(uint32_t pair) {
    return std::bit_cast<float>(pair << 16);
}

static float high(uint32_t pair) {
    return std::bit_cast<float>(pair & 0xffff0000u);
}

#if defined(__x86_64__)
__attribute__((target_clones("avx2", "default")))
#endif
static void
multiply(float (&d)[16][8], const float (&a)[16][16], const float (&b)[16][8]) {
    for (int i = 0; i < 16; i++) {
        float row[8];
        std::memcpy(row, d[i], sizeof row);
        for (int k = 0; k < 16; k++)
#pragma omp simd
            for (int j = 0; j < 8; j++) row[j] += a[i][k] * b[k][j];
        std::memcpy(d[i], row, sizeof row);
    }
}

void mma_m16n8k16_bf16(void** lanes, uint32_t) {
    float a[16][16], b[16][8], d[16][8];
    for (int lane = 0; lane < 32; lane++) {
        const auto& own = *static_cast<MmaLane*>(lanes[lane]);
        int g = lane / 4, t = lane % 4;
        for (int r = 0; r < 4; r++) {
            float* pair = &a[g + r % 2 * 8][2 * t + r / 2 * 8];
            pair[0] = low(own.a[r]);
            pair[1] = high(own.a[r]);
        }
        for (int r = 0; r < 2; r++) {
            b[2 * t + 8 * r][g] = low(own.b[r]);
            b[2 * t + 8 * r + 1][g] = high(own.b[r]);
        }
        for (int r = 0; r < 4; r++) d[g + r / 2 * 8][2 * t + r % 2] = own.d[r];
    }
    multiply(d, a, b);
    for (int lane = 0; lane < 32; lane++) {
        const auto& own = *static_cast<MmaLane*>(lanes[lane]);
        int g = lane / 4, t = lane % 4;
        for (int r = 0; r < 4; r++) own.d[r] = d[g + r / 2 * 8][2 * t + r % 2];
    }
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
