// Launches of the updates of parameters.
#pragma once

#include <math.h>

#include "elementwise.h"
#include "optimizer/kernels.h"

namespace ottava {

OTTAVA_OPTIMIZER_KERNELS(OTTAVA_NAME)

namespace kernels {

inline int add_loss(int64_t stream, int64_t control, int64_t x) {
    launch(stream, any_add_loss{pointer<Control>(control), pointer<float>(x)}, 1, any_add_loss::threads);
    return OTTAVA_OK;
}

inline int clip_coefficient(int64_t stream, int64_t control, int64_t sums, int64_t count, double max_norm) {
    launch(stream, any_clip_coefficient{pointer<Control>(control), pointer<float>(sums), count, max_norm}, 1, 256);
    return OTTAVA_OK;
}

inline UpdateOptions update_options(int64_t control, double max_value, int64_t seed) {
    return {pointer<Control>(control), nullptr, static_cast<uint64_t>(seed), max_value == 0 ? INFINITY : static_cast<float>(max_value)};
}

// A row of the ABI's table.
struct UpdateRow {
    const int64_t* word;

    template <class T>
    T* at(int field) const {
        return pointer<T>(word[field]);
    }
    int64_t count() const { return word[OTTAVA_UPDATE_COUNT]; }
    double weight_decay() const {
        double decay;
        memcpy(&decay, word + OTTAVA_UPDATE_WEIGHT_DECAY, sizeof decay);
        return decay;
    }
    uint32_t tensor() const { return static_cast<uint32_t>(word[OTTAVA_UPDATE_TENSOR_INDEX]); }
    float* sum_squares() const { return at<float>(OTTAVA_UPDATE_SUM_SQUARES); }
};

// Goes over the rows of the ABI's table in batches of as many as fit into a kernel's table: sets table by row_of(row, first_block), a block
// to each run or, with partial sums, fewer; and calls body(table, the batch's rows).
template <class Table, class RowOf, class Body>
void for_each_batch(const int64_t* tensors, int64_t count, bool partial_sums, RowOf row_of, Body body) {
    UpdateRow rows[Table::capacity];
    int64_t next = 0;
    while (next < count) {
        Table table = {};
        for (; next < count && table.rows < Table::capacity; next++) {
            UpdateRow row{tensors + next * OTTAVA_UPDATE_FIELDS};
            if (row.count() == 0) continue;
            int64_t blocks = partial_sums ? blocks_of_sums(row.count(), update_run) : blocks_of_runs(row.count(), update_run);
            constexpr int64_t most = INT32_MAX / Table::capacity;
            rows[table.rows] = row;
            table.row[table.rows++] = row_of(row, table.blocks);
            table.blocks += static_cast<int32_t>(blocks < most ? blocks : most);
        }
        if (table.rows > 0) body(table, rows);
    }
}

// Launches `kernel`, whose table is still empty, for all tensors; and what finishes their sums of squares, where any is wanted.
template <class Kernel, class RowOf>
void launch_updates(int64_t stream, const char* operation, const int64_t* tensors, int64_t count, Kernel kernel, RowOf row_of) {
    static_assert(sizeof(Kernel) <= 4096, "the parameters of a kernel");
    bool wanted = false;
    for (int64_t i = 0; i < count; i++) wanted |= tensors[i * OTTAVA_UPDATE_FIELDS + OTTAVA_UPDATE_SUM_SQUARES] != 0;
    using Table = decltype(kernel.tensors);
    for_each_batch<Table>(tensors, count, wanted, row_of, [&](const Table& table, const UpdateRow* rows) {
        Scratch scratch(stream, operation);
        any_finish_sums finish = {};
        static_assert(Table::capacity <= sizeof finish.sums.row / sizeof finish.sums.row[0]);
        kernel.tensors = table;
        if (wanted) finish.partial = kernel.options.partial = scratch.take<double>(table.blocks);
        launch(stream, kernel, table.blocks, Kernel::threads);
        if (!wanted) return;
        for (int r = 0; r < table.rows; r++) finish.sums.row[r] = {rows[r].sum_squares(), table.row[r].first_block};
        finish.sums.rows = table.rows;
        finish.sums.blocks = table.blocks;
        launch(stream, finish, table.rows, any_finish_sums::threads);
    });
}

inline int lomo_update(int64_t stream, int64_t control, int weight_dtype, int gradient_dtype, const int64_t* tensors, int64_t count,
                       double max_value, int stochastic, int64_t seed) {
    auto update = [&](auto kernel) {
        using Row = typename decltype(kernel)::Row;
        kernel.options = update_options(control, max_value, seed);
        launch_updates(stream, "lomo_update", tensors, count, kernel, [](UpdateRow row, int32_t first_block) {
            return Row{row.at<std::remove_pointer_t<decltype(Row::weight)>>(OTTAVA_UPDATE_WEIGHT),
                       row.at<std::remove_pointer_t<decltype(Row::gradient)>>(OTTAVA_UPDATE_GRADIENT),
                       row.count(),
                       row.weight_decay(),
                       row.tensor(),
                       first_block};
        });
    };
    with_float_type(stream, "lomo_update", weight_dtype, [&](auto weight_type) {
        with_float_type(stream, "lomo_update", gradient_dtype, [&](auto gradient_type) {
            using W = decltype(weight_type);
            using G = decltype(gradient_type);
            if (sizeof(W) == 2 && stochastic) {
                update(any_lomo_update<W, G, sizeof(W) == 2>{});
            } else {
                update(any_lomo_update<W, G, false>{});
            }
        });
    });
    return OTTAVA_OK;
}

inline void read(FullWeight& weight, UpdateRow row) {
    weight = {row.at<float>(OTTAVA_UPDATE_WEIGHT)};
}
inline void read(RoundedWeight& weight, UpdateRow row) {
    weight = {row.at<bf16>(OTTAVA_UPDATE_WEIGHT)};
}
inline void read(SplitWeight& weight, UpdateRow row) {
    weight = {row.at<bf16>(OTTAVA_UPDATE_WEIGHT), row.at<bf16>(OTTAVA_UPDATE_LOW_BITS)};
}
template <class T>
void read(PlainMoments<T>& moments, UpdateRow row) {
    moments = {row.at<T>(OTTAVA_UPDATE_FIRST_MOMENT), row.at<T>(OTTAVA_UPDATE_SECOND_MOMENT)};
}
inline void read(CoatMoments& moments, UpdateRow row) {
    moments = {{row.at<uint8_t>(OTTAVA_UPDATE_FIRST_MOMENT), row.at<CoatGroup>(OTTAVA_UPDATE_FIRST_GROUPS)},
               {row.at<uint8_t>(OTTAVA_UPDATE_SECOND_MOMENT), row.at<CoatGroup>(OTTAVA_UPDATE_SECOND_GROUPS)}};
}

struct AdamWOptions {
    double beta1, beta2, epsilon;
    UpdateOptions all;
};

template <class Weight, class Moments, class G>
void adamw(int64_t stream, const int64_t* tensors, int64_t count, const AdamWOptions& options) {
    using Kernel = any_adamw_update<Weight, Moments, G>;
    Kernel kernel = {{}, options.beta1, options.beta2, static_cast<float>(options.epsilon), options.all};
    launch_updates(stream, "adamw_update", tensors, count, kernel, [](UpdateRow row, int32_t first_block) {
        typename Kernel::Row r = {};
        read(r.weight, row);
        read(r.moments, row);
        r.gradient = row.at<const G>(OTTAVA_UPDATE_GRADIENT);
        r.count = row.count();
        r.weight_decay = row.weight_decay();
        r.tensor = row.tensor();
        r.first_block = first_block;
        return r;
    });
}

template <class Weight>
void adamw_of(int64_t stream, int gradient_dtype, int moment_dtype, const int64_t* tensors, int64_t count, const AdamWOptions& options) {
    with_float_type(stream, "adamw_update", gradient_dtype, [&](auto gradient_type) {
        using G = decltype(gradient_type);
        auto run = moment_dtype == OTTAVA_F32    ? adamw<Weight, PlainMoments<float>, G>
                   : moment_dtype == OTTAVA_BF16 ? adamw<Weight, PlainMoments<bf16>, G>
                                                 : adamw<Weight, CoatMoments, G>;
        run(stream, tensors, count, options);
    });
}

inline int adamw_update(int64_t stream, int64_t control, int weight_dtype, int gradient_dtype, int moment_dtype, const int64_t* tensors,
                        int64_t count, double beta1, double beta2, double epsilon, double max_value, int, int64_t seed) {
    bool split = false;
    for (int64_t i = 0; i < count; i++) split |= tensors[i * OTTAVA_UPDATE_FIELDS + OTTAVA_UPDATE_LOW_BITS] != 0;
    auto run = weight_dtype == OTTAVA_F32 ? adamw_of<FullWeight> : split ? adamw_of<SplitWeight> : adamw_of<RoundedWeight>;
    run(stream, gradient_dtype, moment_dtype, tensors, count, {beta1, beta2, epsilon, update_options(control, max_value, seed)});
    return OTTAVA_OK;
}

}  // namespace kernels
}  // namespace ottava
