// Launches of AdaLomo.
#pragma once

#include "optimizer.h"

namespace ottava::kernels {

template <class W, bool Stochastic>
void adalomo_matrix(int64_t stream, int64_t weight, int64_t gradient, int64_t row, int64_t column, int64_t rows, int64_t columns,
                    double weight_decay, uint32_t tensor, int64_t sum_squares, const UpdateOptions& options) {
    RowGroups groups(rows, columns);
    Scratch scratch(stream, "adalomo_update_matrix");
    int64_t blocks = groups.tiles * groups.count, row_blocks = ceil_div(rows, 256), column_blocks = ceil_div(columns, 256);
    AdaLomoMatrix matrix{rows,
                         columns,
                         groups.size,
                         scratch.take<float>(groups.tiles * rows),
                         scratch.take<float>(groups.count * columns),
                         scratch.take<float>(rows),
                         scratch.take<float>(columns),
                         tensor,
                         all_aligned(weight, gradient) && columns % update_run == 0};
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
    any_adalomo_step finish = {{}, options.control, scratch.take<AdaLomoStep>(1), sums, update_partial};
    finish.tensors.row[0] = {pointer<float>(sum_squares), static_cast<double>(rows) * static_cast<double>(columns), weight_decay, 0};
    finish.tensors.rows = 1;
    finish.tensors.blocks = static_cast<int32_t>(blocks);
    launch(stream, finish, 1, any_adalomo_step::threads);
    launch(stream, any_adalomo_apply<W, Stochastic>{pointer<W>(weight), g, finish.step, matrix, options}, groups.grid(),
           MatrixTile::threads);
}

inline int adalomo_update_matrix(int64_t stream, int64_t control, int weight_dtype, int64_t weight, int64_t gradient, int64_t row,
                                 int64_t column, int64_t rows, int64_t columns, double weight_decay, double max_value, int stochastic,
                                 int64_t seed, int64_t tensor_index, int64_t sum_squares) {
    auto options = update_options(control, max_value, seed);
    with_float_type(stream, "adalomo_update_matrix", weight_dtype, [&](auto type) {
        using W = decltype(type);
        auto run = stochastic ? adalomo_matrix<W, sizeof(W) == 2> : adalomo_matrix<W, false>;
        run(stream, weight, gradient, row, column, rows, columns, weight_decay, static_cast<uint32_t>(tensor_index), sum_squares, options);
    });
    return OTTAVA_OK;
}

template <class W, bool Stochastic>
void adalomo_vectors(int64_t stream, const int64_t* tensors, int64_t count, const UpdateOptions& options) {
    using Table = AdaLomoVectors<W>;
    auto row_of = [](UpdateRow row, int32_t first_block) {
        return AdaLomoVector<W>{row.at<W>(OTTAVA_UPDATE_WEIGHT),
                                row.at<float>(OTTAVA_UPDATE_GRADIENT),
                                row.at<float>(OTTAVA_UPDATE_SECOND_MOMENT),
                                row.count(),
                                row.tensor(),
                                first_block};
    };
    for_each_batch<Table>(tensors, count, true, row_of, [&](const Table& table, const UpdateRow* rows) {
        Scratch scratch(stream, "adalomo_update_vectors");
        AdaLomoSums* sums = scratch.take<AdaLomoSums>(table.blocks);
        any_adalomo_step finish = {{}, options.control, scratch.take<AdaLomoStep>(table.rows), sums, nullptr};
        for (int r = 0; r < table.rows; r++)
            finish.tensors.row[r] = {rows[r].sum_squares(), static_cast<double>(rows[r].count()), rows[r].weight_decay(),
                                     table.row[r].first_block};
        finish.tensors.rows = table.rows;
        finish.tensors.blocks = table.blocks;
        launch(stream, any_adalomo_measure_vectors<W>{table, sums, options}, table.blocks, 256);
        launch(stream, finish, table.rows, any_adalomo_step::threads);
        launch(stream, any_adalomo_apply_vectors<W, Stochastic>{table, finish.step, options}, table.blocks, 256);
    });
}

inline int adalomo_update_vectors(int64_t stream, int64_t control, int weight_dtype, const int64_t* tensors, int64_t count,
                                  double max_value, int stochastic, int64_t seed) {
    auto options = update_options(control, max_value, seed);
    with_float_type(stream, "adalomo_update_vectors", weight_dtype, [&](auto type) {
        using W = decltype(type);
        auto run = stochastic ? adalomo_vectors<W, sizeof(W) == 2> : adalomo_vectors<W, false>;
        run(stream, tensors, count, options);
    });
    return OTTAVA_OK;
}

}  // namespace ottava::kernels
