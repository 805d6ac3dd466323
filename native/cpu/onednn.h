// Matrix products through oneDNN, loaded at run time.
#pragma once

#include <cstdint>

namespace ottava::cpu {

struct Gemm {
    int d_dtype, operand_dtype, a_transposed, b_transposed, has_bias, accumulate;
    int64_t d_pitch, a_pitch, b_pitch, m, n, k;
    bool operator==(const Gemm&) const = default;
};

// Loads the library; fails with the loader's reason. Once per process: later calls return the same one.
struct OneDnn;
OneDnn* load_onednn(const char* path);
const char* onednn_version(const OneDnn*);

// D = A B^T as ottava_gemm documents it. Fails if oneDNN has no implementation for it.
void onednn_gemm(OneDnn*, const Gemm&, int64_t d, int64_t a, int64_t b, int64_t bias);

}  // namespace ottava::cpu
