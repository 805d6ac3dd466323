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

}  // namespace ottava::cases
