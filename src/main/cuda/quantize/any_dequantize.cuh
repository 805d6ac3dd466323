// FP8 codes back to numbers. See ottava/quantize.h.
// A thread has 16 codes of a row at a time, which share a scale whatever the scaling. Grid and block: RowUnits; no shared memory. Every
// byte is read once and written once.
#pragma once

#include "../common/scale.cuh"
#include "row_units.cuh"

namespace ottava {

// Who share a scale: all, 128 x 128, 16 of a row. Only that of a group is BF16.
enum class ScalePer { Tensor, Block, Group };

// y [rows, columns] of T.
template <class F, class T>
struct any_dequantize {
    static constexpr int threads = RowUnits::threads;
    RowUnits units;
    T* y;
    int64_t y_pitch;
    const uint8_t* codes;
    int64_t pitch;
    const void* scales;
    ScalePer scale_per;
    int64_t rows, columns;
    bool aligned;

    __device__ __forceinline__ void operator()() const {
        int64_t j = units.column();
        if (j >= columns) return;
        for (int64_t i = units.first_row(); i < rows; i += units.row_step()) {
            float scale = scale_of_run(i, j);
            uint4 raw = load_16(codes + i * pitch + j);
            uint32_t words[] = {raw.x, raw.y, raw.z, raw.w};
            float x[16];
#pragma unroll
            for (int k = 0; k < 4; k++) {
                float4 four = ptx::to_float4<F>(words[k]);
                x[4 * k] = four.x * scale;
                x[4 * k + 1] = four.y * scale;
                x[4 * k + 2] = four.z * scale;
                x[4 * k + 3] = four.w * scale;
            }
            store_run<16>(y + i * y_pitch + j, x, columns - j, aligned);
        }
    }

  private:
    __device__ __forceinline__ float scale_of_run(int64_t i, int64_t j) const {
        const float* f32 = static_cast<const float*>(scales);
        switch (scale_per) {
            case ScalePer::Tensor: return f32[0];
            case ScalePer::Block: return f32[i / 128 * ((columns + 127) / 128) + j / 128];
            default: return load(static_cast<const bf16*>(scales) + i * ((columns + 15) / 16) + j / 16);
        }
    }
};

}  // namespace ottava
