#include "case.h"

namespace ottava::cases {

OTTAVA_CASE(gemm) {
    constexpr int DTYPES[][2] = {{OTTAVA_F32, OTTAVA_F32}, {OTTAVA_F32, OTTAVA_BF16}, {OTTAVA_BF16, OTTAVA_BF16}};
    for (auto [result, operand] : DTYPES)
        for (int transposed = 0; transposed < 4; transposed++) {
            int64_t m = c.size(1, 80), n = c.size(1, 80), k = c.size(1, 80);
            int a_transposed = transposed & 1, b_transposed = transposed >> 1, accumulate = a_transposed ^ b_transposed;
            int64_t d = c.numbers(result, m * n), a = c.numbers(operand, m * k), b = c.numbers(operand, n * k);
            int64_t bias = accumulate ? 0 : c.numbers(operand, n);
            c.run.gemm(c.stream, result, d, n, operand, a, a_transposed ? m : k, a_transposed, b, b_transposed ? n : k, b_transposed, bias,
                       m, n, k, accumulate);
        }
}

}  // namespace ottava::cases
