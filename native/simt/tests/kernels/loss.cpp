#include "case.h"

namespace ottava::cases {

OTTAVA_CASE(cross_entropy) {
    for (int dtype : FLOATS) {
        int64_t rows = c.size(1, 20), vocabulary = c.size(1, 2000);
        int64_t logits = c.numbers(OTTAVA_F32, rows * vocabulary, 10), targets = c.ids(rows, -1, vocabulary);
        c.run.cross_entropy(c.stream, c.empty(OTTAVA_F32, rows), dtype, c.empty(dtype, rows * vocabulary), logits, targets,
                            c.numbers(OTTAVA_F32, 1), rows, vocabulary);
    }
}

}  // namespace ottava::cases
