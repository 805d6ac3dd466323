// Quantisation to FP8 with a BF16 scale per 16 of a row (COAT, section 5). See ottava/quantize.h.
// A thread has a group at a time. Grid and block: RowUnits; no shared memory. Every byte is read once and written once.
#pragma once

#include "../common/scale.cuh"
#include "row_units.cuh"

namespace ottava {

// codes (may be null) and scales of x, [rows, columns] of T. scales: BF16 [rows, ceil(columns / 16)], read if they are given.
template <class F, class T>
struct any_quantize_groups {
    static constexpr int threads = RowUnits::threads;
    RowUnits units;
    uint8_t* codes;
    int64_t pitch;
    uint16_t* scales;
    bool scales_given;
    const T* x;
    int64_t x_pitch, rows, columns;
    bool aligned;

    __device__ __forceinline__ void operator()() const {
        int64_t j = units.column(), count = columns - j;
        if (count <= 0) return;
        int64_t groups = (columns + 15) / 16;
        for (int64_t i = units.first_row(); i < rows; i += units.row_step()) {
            float value[16];
            load_run<16>(value, x + i * x_pitch + j, count, aligned);
            uint16_t& at = scales[i * groups + j / 16];
            uint16_t scale;
            if (scales_given) {
                scale = at;
            } else {
                uint32_t magnitude = 0;
#pragma unroll
                for (int k = 0; k < 16; k++) magnitude = max(magnitude, magnitude_bits(value[k]));
                scale = round_up_to_bf16(scale_of(magnitude, F::largest));
                at = scale;
            }
            if (codes == nullptr) continue;
            float s = Element<bf16>::load(scale);
            store_16(codes + i * pitch + j, make_uint4(fp8_codes<F>(value, s, count), fp8_codes<F>(value + 4, s, count - 4),
                                                       fp8_codes<F>(value + 8, s, count - 8), fp8_codes<F>(value + 12, s, count - 12)));
        }
    }
};

}  // namespace ottava
