#include "case.h"

namespace ottava::cases {

OTTAVA_CASE(rope) {
    for (int dtype : FLOATS)
        for (int inverse : {0, 1}) {
            int64_t sequence = c.size(1, 20), tokens = 2 * sequence, heads = c.size(1, 4), head_dim = 2 * c.size(1, 40),
                    first = c.size(0, 5);
            int64_t positions = sequence + first, pitch = heads * head_dim + c.size(0, 9);
            int64_t cosine = c.numbers(OTTAVA_F32, positions * head_dim / 2), sine = c.numbers(OTTAVA_F32, positions * head_dim / 2);
            c.run.rope(c.stream, dtype, c.numbers(dtype, tokens * pitch), pitch, cosine, sine, tokens, sequence, first, positions, heads,
                       head_dim, inverse);
        }
}

}  // namespace ottava::cases
