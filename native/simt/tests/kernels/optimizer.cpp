#include <cstring>

#include "case.h"

namespace ottava::cases {

// Step 3 at a learning rate of 0.01, as add_loss and clip_coefficient leave it.
static int64_t control(Case& c) {
    struct {
        float learning_rate = 0.01f, coefficient = 1, norm = 0;
        int32_t ok = 1, step = 3;
        float loss_scale = 1;
        double loss = 0;
    } host;
    int64_t control = c.copy_of(&host, sizeof host);
    int64_t count = c.size(1, 300);
    c.run.add_loss(c.stream, control, c.zeros(OTTAVA_F32, 1));
    c.run.clip_coefficient(c.stream, control, c.zeros(OTTAVA_F32, count), count, 1);
    return control;
}

// Rows of the table: a tensor of one element, one of many, one that begins between two accesses.
struct Tensors {
    Case& c;
    int weight, gradient;
    std::vector<int64_t> rows;

    int64_t* add(int64_t count, bool sum) {
        double decay = 0.1;
        int64_t bits;
        memcpy(&bits, &decay, 8);
        int64_t shift = count % 2;
        rows.insert(rows.end(), OTTAVA_UPDATE_FIELDS, 0);
        int64_t* row = &rows[rows.size() - OTTAVA_UPDATE_FIELDS];
        row[OTTAVA_UPDATE_COUNT] = count;
        row[OTTAVA_UPDATE_WEIGHT] = c.numbers(weight, count + shift) + shift * (weight == OTTAVA_F32 ? 4 : 2);
        row[OTTAVA_UPDATE_GRADIENT] = c.numbers(gradient, count);
        row[OTTAVA_UPDATE_WEIGHT_DECAY] = bits;
        row[OTTAVA_UPDATE_TENSOR_INDEX] = 7;
        row[OTTAVA_UPDATE_SUM_SQUARES] = sum ? c.empty(OTTAVA_F32, 1) : 0;
        return row;
    }
    int64_t count() const { return static_cast<int64_t>(rows.size()) / OTTAVA_UPDATE_FIELDS; }
};

OTTAVA_CASE(lomo) {
    for (int weight : FLOATS)
        for (int gradient : FLOATS)
            for (int stochastic : {0, 1}) {
                Tensors tensors{c, weight, gradient, {}};
                for (int64_t count : {int64_t{1}, c.size(1, 3000), int64_t{0}, c.size(1, 200)})
                    tensors.add(count, !stochastic && count != 1);
                c.run.lomo_update(c.stream, control(c), weight, gradient, tensors.rows.data(), tensors.count(), 0.5, stochastic, 42);
            }
}

OTTAVA_CASE(adamw) {
    for (int weight : {int{OTTAVA_F32}, int{OTTAVA_BF16}, -OTTAVA_BF16})
        for (int gradient : FLOATS)
            for (int moments : {OTTAVA_F32, OTTAVA_BF16, OTTAVA_E4M3}) {
                bool split = weight < 0;
                int dtype = split ? -weight : weight;
                Tensors tensors{c, dtype, gradient, {}};
                for (int64_t count : {int64_t{1}, c.size(1, 2500), c.size(1, 200)}) {
                    int64_t* row = tensors.add(count, gradient == OTTAVA_F32);
                    if (split) row[OTTAVA_UPDATE_LOW_BITS] = c.zeros(OTTAVA_I16, count);
                    for (int field : {OTTAVA_UPDATE_FIRST_MOMENT, OTTAVA_UPDATE_SECOND_MOMENT}) {
                        row[field] = c.zeros(moments, count);
                        row[field + 1] = c.zeros(OTTAVA_F32, (count + 127) / 128 * 2);
                    }
                }
                int64_t step = control(c);
                for (int again = 0; again < 2; again++)
                    c.run.adamw_update(c.stream, step, dtype, gradient, moments, tensors.rows.data(), tensors.count(), 0.9, 0.99, 1e-8, 0,
                                       1, 42);
            }
}

OTTAVA_CASE(adalomo) {
    for (int weight : FLOATS)
        for (int stochastic : {0, 1}) {
            int64_t rows = c.size(1, 90), columns = c.size(1, 300), sum = stochastic ? 0 : c.empty(OTTAVA_F32, 1);
            c.run.adalomo_update_matrix(c.stream, control(c), weight, c.numbers(weight, rows * columns),
                                        c.numbers(OTTAVA_F32, rows * columns), c.zeros(OTTAVA_F32, rows), c.zeros(OTTAVA_F32, columns),
                                        rows, columns, 0.1, 0, stochastic, 42, 7, sum);
            Tensors tensors{c, weight, OTTAVA_F32, {}};
            for (int64_t count : {int64_t{1}, columns, c.size(1, 2500)})
                tensors.add(count, !stochastic)[OTTAVA_UPDATE_SECOND_MOMENT] = c.zeros(OTTAVA_F32, count);
            c.run.adalomo_update_vectors(c.stream, control(c), weight, tensors.rows.data(), tensors.count(), 0, stochastic, 42);
        }
}

}  // namespace ottava::cases
