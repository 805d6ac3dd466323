#include "case.h"

namespace ottava::cases {

OTTAVA_CASE(rms_norm) {
    for (int dtype : FLOATS) {
        int64_t rows = c.size(1, 40), columns = c.size(1, 600), count = rows * columns;
        int64_t x = c.numbers(dtype, count), weight = c.numbers(dtype, columns), inverse = c.empty(OTTAVA_F32, rows);
        c.run.rms_norm_forward(c.stream, dtype, c.empty(dtype, count), inverse, x, weight, rows, columns, 1e-5);
        for (int accumulate : {0, 1}) {
            int64_t d_x = c.numbers(dtype, count), d_weight = c.numbers(OTTAVA_F32, columns), d_y = c.numbers(dtype, count);
            c.run.rms_norm_backward(c.stream, dtype, d_x, accumulate, d_weight, 1 - accumulate, d_y, x, 0, 0, weight, inverse, rows,
                                    columns);
            Groups codes(c, rows, columns);
            c.run.rms_norm_backward(c.stream, dtype, d_x, accumulate, d_weight, 1 - accumulate, d_y, codes.codes, codes.pitch, codes.scales,
                                    weight, inverse, rows, columns);
        }
    }
}

}  // namespace ottava::cases
