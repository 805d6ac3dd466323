#include "case.h"

namespace ottava::cases {

OTTAVA_CASE(swiglu) {
    for (int dtype : FLOATS) {
        int64_t count = c.size(1, 3000), gate = c.numbers(dtype, count, 5), up = c.numbers(dtype, count);
        c.run.swiglu_forward(c.stream, dtype, c.empty(dtype, count), gate, up, count);
        c.run.swiglu_backward(c.stream, dtype, c.empty(dtype, count), c.empty(dtype, count), c.numbers(dtype, count), gate, up, count);
    }
}

}  // namespace ottava::cases
