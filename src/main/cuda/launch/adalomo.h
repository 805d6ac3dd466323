// Launches of AdaLomo.
#pragma once

#include "optimizer.h"

namespace ottava::kernels {

// The step of all the blocks' sums, which the kernel that writes the weight reads.
inline AdaLomoStep* adalomo_step(int64_t stream, Scratch& scratch, const UpdateOptions& options, int64_t sum_squares,
                                 const AdaLomoSums* partial, int64_t blocks, const double* update_partial, int64_t update_blocks) {
    AdaLomoStep* step = scratch.take<AdaLomoStep>(1);
    launch(stream,
           any_adalomo_step{options.control, step, pointer<float>(sum_squares), partial, blocks, update_partial, update_blocks,
                            static_cast<double>(options.count), options.weight_decay},
           1, 256);
    return step;
}

template <class W, bool Stochastic>
void adalomo_matrix(int64_t stream, int64_t weight, int64_t gradient, int64_t row, int64_t column, int64_t rows, int64_t columns,
                    int64_t sum_squares, const UpdateOptions& options) {
    RowGroups groups(rows, columns);
    Scratch scratch(stream, "adalomo_update_matrix");
    int64_t blocks = groups.tiles * groups.count, row_blocks = ceil_div(rows, 256), column_blocks = ceil_div(columns, 256);
    AdaLomoMatrix matrix{rows,
                         columns,
                         groups.size,
                         scratch.take<float>(groups.tiles * rows),
                         scratch.take<float>(groups.count * columns),
                         scratch.take<float>(rows),
                         scratch.take<float>(columns)};
    AdaLomoSums* sums = scratch.take<AdaLomoSums>(blocks);
    double* row_partial = scratch.take<double>(row_blocks);
    double* update_partial = scratch.take<double>(blocks);

    const float* g = pointer<float>(gradient);
    launch(stream, any_adalomo_measure<W>{pointer<W>(weight), g, sums, matrix, options}, groups.grid(), MatrixTile::threads);
    launch(stream, any_adalomo_rows{options.control, pointer<float>(row), row_partial, groups.tiles, matrix}, row_blocks, 256);
    launch(stream,
           any_adalomo_factors{options.control, pointer<float>(row), pointer<float>(column), row_partial, row_blocks, column_blocks,
                               groups.count, matrix},
           column_blocks + row_blocks, 256);
    launch(stream, any_adalomo_measure_u{g, update_partial, matrix, options}, groups.grid(), MatrixTile::threads);
    AdaLomoStep* step = adalomo_step(stream, scratch, options, sum_squares, sums, blocks, update_partial, blocks);
    launch(stream, any_adalomo_apply<W, Stochastic>{pointer<W>(weight), g, step, matrix, options}, groups.grid(), MatrixTile::threads);
}

inline int adalomo_update_matrix(int64_t stream, int64_t control, int weight_dtype, int64_t weight, int64_t gradient, int64_t row,
                                 int64_t column, int64_t rows, int64_t columns, double weight_decay, double max_value, int stochastic,
                                 int64_t seed, int64_t tensor_index, int64_t sum_squares) {
    bool aligned = all_aligned(weight, gradient) && columns % update_run == 0;
    auto options = update_options(control, rows * columns, weight_decay, max_value, seed, tensor_index, aligned);
    with_float_type(stream, "adalomo_update_matrix", weight_dtype, [&](auto type) {
        using W = decltype(type);
        auto run = stochastic ? adalomo_matrix<W, sizeof(W) == 2> : adalomo_matrix<W, false>;
        run(stream, weight, gradient, row, column, rows, columns, sum_squares, options);
    });
    return OTTAVA_OK;
}

template <class W, bool Stochastic>
void adalomo_vector(int64_t stream, int64_t weight, int64_t gradient, int64_t second_moment, int64_t sum_squares,
                    const UpdateOptions& options) {
    Scratch scratch(stream, "adalomo_update_vector");
    int64_t blocks = blocks_of_sums(options.count, update_run);
    AdaLomoSums* sums = scratch.take<AdaLomoSums>(blocks);
    const float* g = pointer<float>(gradient);
    float* v = pointer<float>(second_moment);
    launch(stream, any_adalomo_measure_vector<W>{pointer<W>(weight), g, v, sums, options}, blocks, 256);
    AdaLomoStep* step = adalomo_step(stream, scratch, options, sum_squares, sums, blocks, nullptr, 0);
    launch(stream, any_adalomo_apply_vector<W, Stochastic>{pointer<W>(weight), g, v, step, options},
           blocks_of_runs(options.count, update_run), 256);
}

inline int adalomo_update_vector(int64_t stream, int64_t control, int weight_dtype, int64_t weight, int64_t gradient, int64_t second_moment,
                                 int64_t count, double weight_decay, double max_value, int stochastic, int64_t seed, int64_t tensor_index,
                                 int64_t sum_squares) {
    bool aligned = all_aligned(weight, gradient, second_moment);
    auto options = update_options(control, count, weight_decay, max_value, seed, tensor_index, aligned);
    with_float_type(stream, "adalomo_update_vector", weight_dtype, [&](auto type) {
        using W = decltype(type);
        auto run = stochastic ? adalomo_vector<W, sizeof(W) == 2> : adalomo_vector<W, false>;
        run(stream, weight, gradient, second_moment, sum_squares, options);
    });
    return OTTAVA_OK;
}

}  // namespace ottava::kernels
