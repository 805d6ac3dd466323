// Updates of parameters: AdaLomo for matrices.
#include "adalomo.h"

OTTAVA_CPU_BEGIN

// 1 / sqrt(x) as a finite float: times a gradient of 0 it has to be 0.
static float inverse_root(double x) {
    double root = 1.0 / sqrt(x);
    return static_cast<float>(root > 0x1.fffffep127 ? 0x1.fffffep127 : root);
}

struct MatrixSums {
    double gradient_squares, weight_squares;
};

// One row: adds U to the column sums; returns the row's sum of U.
template <class W>
static double measure_row(const W* weight, const float* gradient, double* column_sums, int64_t columns, Clip clip, MatrixSums& sums) {
    double row = 0, gradient_squares = 0, weight_squares = 0;
#pragma omp simd reduction(+ : row, gradient_squares, weight_squares)
    for (int64_t j = 0; j < columns; j++) {
        double raw = static_cast<double>(gradient[j]);
        gradient_squares += raw * raw;
        float g = clip(gradient[j]);
        double u = static_cast<double>(g * g + tiny);
        row += u;
        column_sums[j] += u;
        double w = static_cast<double>(load(weight[j]));
        weight_squares += w * w;
    }
    sums.gradient_squares += gradient_squares;
    sums.weight_squares += weight_squares;
    return row;
}

// The sum of squares of g_j * column_factor_j.
static double measure_update(const float* gradient, const float* column_factor, int64_t columns, Clip clip) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t j = 0; j < columns; j++) {
        double u = static_cast<double>(clip(gradient[j]) * column_factor[j]);
        sum += u * u;
    }
    return sum;
}

template <bool Stochastic, class W>
static double adalomo_matrix(const AdaLomo& step, W* weight, const float* gradient, float* row, float* column, int64_t rows,
                             int64_t columns) {
    RowGroups groups(rows);
    bool parallel = rows * columns > parallel_from;
    double count = static_cast<double>(rows) * static_cast<double>(columns);
    Scratch scratch("adalomo_update_matrix", groups.count * columns * 8 + groups.count * 24 + rows * 4 + columns * 4);
    double* column_sums = scratch.take<double>(groups.count * columns);
    double* update_squares = scratch.take<double>(groups.count);
    MatrixSums* sums = scratch.take<MatrixSums>(groups.count);
    float* row_factor = scratch.take<float>(rows);
    float* column_factor = scratch.take<float>(columns);

    // First reading of the gradient: U.
#pragma omp parallel for if (parallel)
    for (int64_t group = 0; group < groups.count; group++) {
        double* column_sum = column_sums + group * columns;
        memset(column_sum, 0, static_cast<size_t>(columns) * sizeof(double));
        MatrixSums sum{0, 0};
        for (int64_t i = groups.begin(group); i < groups.end(group); i++) {
            double mean = measure_row(weight + i * columns, gradient + i * columns, column_sum, columns, step.clip, sum) /
                          static_cast<double>(columns);
            row[i] = static_cast<float>(step.beta * static_cast<double>(row[i]) + (1.0 - step.beta) * mean);
        }
        sums[group] = sum;
    }

    // The factors of 1 / sqrt(V).
    double row_mean = 0;
    for (int64_t i = 0; i < rows; i++) row_mean += static_cast<double>(row[i]);
    row_mean /= static_cast<double>(rows);
    for (int64_t i = 0; i < rows; i++) row_factor[i] = inverse_root(static_cast<double>(row[i]) / row_mean);
#pragma omp parallel for if (groups.count * columns > parallel_from)
    for (int64_t j = 0; j < columns; j++) {
        double sum = 0;
        for (int64_t group = 0; group < groups.count; group++) sum += column_sums[group * columns + j];
        column[j] = static_cast<float>(step.beta * static_cast<double>(column[j]) + (1.0 - step.beta) * (sum / static_cast<double>(rows)));
        column_factor[j] = inverse_root(static_cast<double>(column[j]));
    }

    // Second reading: the size of the update.
#pragma omp parallel for if (parallel)
    for (int64_t group = 0; group < groups.count; group++) {
        double sum = 0;
        for (int64_t i = groups.begin(group); i < groups.end(group); i++) {
            double factor = static_cast<double>(row_factor[i]);
            sum += factor * factor * measure_update(gradient + i * columns, column_factor, columns, step.clip);
        }
        update_squares[group] = sum;
    }
    double gradient_total = 0, weight_total = 0, update_total = 0;
    for (int64_t group = 0; group < groups.count; group++) {
        gradient_total += sums[group].gradient_squares;
        weight_total += sums[group].weight_squares;
        update_total += update_squares[group];
    }

    // Third reading: the update.
    double rate = step.rate(weight_total, count);
    float scale = AdaLomo::factor(rate, update_total, count), decay = decay_of(rate, step.weight_decay);
#pragma omp parallel for if (parallel)
    for (int64_t i = 0; i < rows; i++) {
        const float* g = gradient;
        const float* factor = column_factor;
        int64_t begin = i * columns;
        float r = row_factor[i], s = scale;
        Clip clip = step.clip;
        apply<Stochastic>(
            weight, begin, begin + columns, decay,
            step.bits, [=](int64_t k) __attribute__((always_inline)) { return s * (clip(g[k]) * factor[k - begin] * r); });
    }
    return gradient_total;
}

int adalomo_update_matrix(int64_t, int64_t control, int weight_dtype, int64_t weight, int64_t gradient, int64_t row, int64_t column,
                          int64_t rows, int64_t columns, double weight_decay, double max_value, int stochastic, int64_t seed,
                          int64_t tensor_index, int64_t squares) {
    if (weight_dtype != OTTAVA_F32 && weight_dtype != OTTAVA_BF16) refuse_dtype("adalomo_update_matrix", weight_dtype);
    Control c = *pointer<Control>(control);
    if (!c.ok) return skip(squares, OTTAVA_F32, gradient, rows * columns);
    AdaLomo step(c, weight_decay, max_value,
                 {static_cast<uint64_t>(seed), static_cast<uint32_t>(tensor_index), static_cast<uint32_t>(c.step)});
    double sum;
    if (weight_dtype == OTTAVA_F32) {
        sum = adalomo_matrix<false>(step, pointer<float>(weight), pointer<float>(gradient), pointer<float>(row), pointer<float>(column),
                                    rows, columns);
    } else {
        auto run = stochastic ? adalomo_matrix<true, bf16> : adalomo_matrix<false, bf16>;
        sum = run(step, pointer<bf16>(weight), pointer<float>(gradient), pointer<float>(row), pointer<float>(column), rows, columns);
    }
    write_sum(squares, sum);
    return OTTAVA_OK;
}

OTTAVA_CPU_END
