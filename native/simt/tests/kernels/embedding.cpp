#include "case.h"

namespace ottava::cases {

OTTAVA_CASE(embedding) {
    for (int dtype : FLOATS) {
        int64_t tokens = c.size(1, 40), vocabulary = c.size(1, 30), hidden = c.size(1, 300);
        int64_t ids = c.ids(tokens, 0, vocabulary), weight = c.numbers(dtype, vocabulary * hidden);
        c.run.embedding_forward(c.stream, dtype, c.empty(dtype, tokens * hidden), weight, ids, tokens, vocabulary, hidden);
        int64_t gradient = c.numbers(OTTAVA_F32, vocabulary * hidden);
        c.run.embedding_backward(c.stream, gradient, dtype, c.numbers(dtype, tokens * hidden), ids, tokens, vocabulary, hidden);
    }
}

OTTAVA_CASE(embedding_lomo) {
    struct {
        float learning_rate = 0.01f, coefficient = 1, norm = 0;
        int32_t ok = 1, step = 3, reserved[3] = {};
    } host;
    for (int weight_dtype : FLOATS)
        for (int dtype : FLOATS)
            for (int stochastic : {0, 1}) {
                int64_t tokens = c.size(1, 300), vocabulary = c.size(1, 6), hidden = c.size(1, 100);
                // With a weight, and the sum of squares alone; with a sum, and without.
                int64_t weight = weight_dtype == OTTAVA_F32 && stochastic ? 0 : c.numbers(weight_dtype, vocabulary * hidden);
                int64_t sum = weight != 0 && stochastic ? 0 : c.empty(OTTAVA_F32, 1);
                c.run.embedding_lomo(c.stream, c.copy_of(&host, sizeof host), weight_dtype, weight, dtype,
                                     c.numbers(dtype, tokens * hidden), c.ids(tokens, 0, vocabulary), tokens, vocabulary, hidden, 0.1, 0.5,
                                     stochastic, 42, 7, sum);
            }
}

}  // namespace ottava::cases
