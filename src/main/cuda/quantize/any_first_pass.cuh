// What goes before the quantisation of a whole tensor, or of what RMSNorm makes. No shared memory to speak of.
#pragma once

#include "../common/reduce.cuh"
#include "../common/scale.cuh"
#include "../norm/any_rms_norm.cuh"

namespace ottava {

// inverse_rms of the rows of x, and the largest magnitude of each row of y = x * inverse_rms * weight, rounded as RmsNormOf does, unless
// its address is null: what is needed before that can be quantised. Grid and block of any_rms_norm_forward, for the same sums.
template <class Rows, class T>
struct any_rms_norm_magnitudes {
    using Y = Element<typename Rows::Type>;
    static constexpr int threads = 1024;
    float* inverse_rms;
    uint32_t* magnitudes;
    Rows x;
    const T* weight;
    int64_t rows, columns;
    float epsilon;
    bool aligned;

    __device__ __forceinline__ void operator()() const {
        int64_t first = static_cast<int64_t>(threadIdx.x) * norm_run, stride = static_cast<int64_t>(blockDim.x) * norm_run;
        for (int64_t i = blockIdx.x; i < rows; i += gridDim.x) {
            float value[norm_run] = {};
            float r = row_inverse_rms(value, x, i, columns, epsilon);
            if (threadIdx.x == 0) inverse_rms[i] = r;
            if (magnitudes == nullptr) continue;
            uint32_t magnitude = 0;
            for (int64_t j = first; j < columns; j += stride) {
                if (columns > stride) x.load(value, i, j, columns - j);
                float w[norm_run];
                load_run<norm_run>(w, weight + j, columns - j, aligned);
#pragma unroll
                for (int k = 0; k < norm_run; k++) {
                    float y = Y::load(Y::store(rms_norm_element(value[k], r, w[k])));
                    magnitude = max(magnitude, magnitude_bits(y));
                }
            }
            magnitude = block_reduce<Maximum>(magnitude, 0u);
            if (threadIdx.x == 0) magnitudes[i] = magnitude;
        }
    }
};

// scale[0] of all the numbers whose largest magnitudes are given. `number`: the largest of the format. One block.
struct any_tensor_scale {
    static constexpr int threads = 1024;
    float* scale;
    const uint32_t* magnitudes;
    int64_t count;
    float number;

    __device__ __forceinline__ void operator()() const {
        uint32_t magnitude = 0;
        for (int64_t i = threadIdx.x; i < count; i += blockDim.x) magnitude = max(magnitude, magnitudes[i]);
        magnitude = block_reduce<Maximum>(magnitude, 0u);
        if (threadIdx.x == 0) scale[0] = scale_of(magnitude, number);
    }
};

}  // namespace ottava
