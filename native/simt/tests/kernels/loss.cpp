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

OTTAVA_CASE(cross_entropy_tiles) {
    for (int dtype : FLOATS) {
        int64_t rows = c.size(1, 20), tile = c.size(1, 1000), last = c.size(1, tile), vocabulary = tile + last;
        int64_t losses = c.empty(OTTAVA_F32, rows), running = c.empty(OTTAVA_F32, rows * 3), targets = c.ids(rows, -1, vocabulary);
        int64_t logits[] = {c.numbers(OTTAVA_F32, rows * tile, 10), c.numbers(OTTAVA_F32, rows * last, 10)}, columns[] = {tile, last};
        for (int i = 0; i < 2; i++)
            c.run.cross_entropy_tile(c.stream, losses, running, logits[i], targets, rows, vocabulary, i * tile, columns[i]);
        for (int i = 0; i < 2; i++)
            c.run.cross_entropy_tile_gradient(c.stream, dtype, c.empty(dtype, rows * columns[i]), logits[i], targets, running,
                                              c.numbers(OTTAVA_F32, 1), rows, i * tile, columns[i]);
    }
}

}  // namespace ottava::cases
