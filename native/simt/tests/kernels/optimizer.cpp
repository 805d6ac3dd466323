#include "case.h"

namespace ottava::cases {

// Step 3 at a learning rate of 0.01, as clip_coefficient leaves it.
static int64_t control(Case& c) {
    struct {
        float learning_rate = 0.01f, coefficient = 1, norm = 0;
        int32_t ok = 1, step = 3, reserved[3] = {};
    } host;
    int64_t control = c.copy_of(&host, sizeof host);
    int64_t count = c.size(1, 300);
    c.run.clip_coefficient(c.stream, control, c.zeros(OTTAVA_F32, count), count, 1);
    return control;
}

OTTAVA_CASE(lomo) {
    for (int weight : FLOATS)
        for (int gradient : FLOATS)
            for (int stochastic : {0, 1}) {
                int64_t count = c.size(1, 3000), sum = stochastic ? 0 : c.empty(OTTAVA_F32, 1);
                c.run.lomo_update(c.stream, control(c), weight, c.numbers(weight, count), gradient, c.numbers(gradient, count), count, 0.1,
                                  0.5, stochastic, 42, 7, sum);
            }
}

OTTAVA_CASE(adamw) {
    for (int weight : FLOATS) {
        int64_t count = c.size(1, 3000), low = weight == OTTAVA_BF16 ? c.zeros(OTTAVA_I16, count) : 0;
        c.run.adamw_update(c.stream, control(c), weight, c.numbers(weight, count), low, c.numbers(OTTAVA_F32, count),
                           c.zeros(OTTAVA_F32, count), c.zeros(OTTAVA_F32, count), count, 0.9, 0.99, 1e-8, 0.1, 0, c.empty(OTTAVA_F32, 1));
    }
}

OTTAVA_CASE(adalomo) {
    for (int weight : FLOATS)
        for (int stochastic : {0, 1}) {
            int64_t rows = c.size(1, 90), columns = c.size(1, 300), sum = stochastic ? 0 : c.empty(OTTAVA_F32, 1);
            c.run.adalomo_update_matrix(c.stream, control(c), weight, c.numbers(weight, rows * columns),
                                        c.numbers(OTTAVA_F32, rows * columns), c.zeros(OTTAVA_F32, rows), c.zeros(OTTAVA_F32, columns),
                                        rows, columns, 0.1, 0, stochastic, 42, 7, sum);
            c.run.adalomo_update_vector(c.stream, control(c), weight, c.numbers(weight, columns), c.numbers(OTTAVA_F32, columns),
                                        c.zeros(OTTAVA_F32, columns), columns, 0.1, 0, stochastic, 42, 7, sum);
        }
}

}  // namespace ottava::cases
