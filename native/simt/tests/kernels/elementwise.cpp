#include "case.h"

namespace ottava::cases {

OTTAVA_CASE(fill) {
    for (int dtype : {OTTAVA_F32, OTTAVA_BF16, OTTAVA_I32, OTTAVA_I16}) {
        int64_t count = c.size(1, 3000);
        c.run.fill(c.stream, dtype, c.empty(dtype, count), count, 3);
    }
}

OTTAVA_CASE(cast) {
    for (int to : {OTTAVA_F32, OTTAVA_BF16, OTTAVA_F16})
        for (int from : {OTTAVA_F32, OTTAVA_BF16, OTTAVA_F16}) {
            int64_t count = c.size(1, 3000);
            c.run.cast(c.stream, to, c.empty(to, count), from, c.numbers(from, count), count);
        }
}

OTTAVA_CASE(add) {
    for (int dtype : FLOATS) {
        int64_t count = c.size(1, 3000);
        int64_t a = c.numbers(dtype, count), b = c.numbers(dtype, count);
        c.run.add(c.stream, dtype, c.empty(dtype, count), a, b, count);
        c.run.add(c.stream, dtype, a, a, b, count);
    }
}

OTTAVA_CASE(sums) {
    int64_t count = c.size(1, 20000);
    c.run.sum(c.stream, c.empty(OTTAVA_F32, 1), c.numbers(OTTAVA_F32, count), count);
    for (int dtype : FLOATS) c.run.sum_squares(c.stream, c.empty(OTTAVA_F32, 1), dtype, c.numbers(dtype, count), count);
}

OTTAVA_CASE(column_sum) {
    for (int dtype : FLOATS)
        for (int accumulate : {0, 1}) {
            int64_t rows = c.size(1, 200), columns = c.size(1, 200);
            c.run.column_sum(c.stream, c.numbers(OTTAVA_F32, columns), dtype, c.numbers(dtype, rows * columns), rows, columns, accumulate);
        }
}

}  // namespace ottava::cases
