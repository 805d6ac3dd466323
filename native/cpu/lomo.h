// LOMO on blocks of 128 x 128 of a weight, from a part of its gradient that is at hand. Blocks, because an FP8 weight has one scale for
// each, and so that sums of squares do not depend on who made which.
#pragma once

#include "update.h"

OTTAVA_CPU_BEGIN

struct LomoRule {
    bool writes, stochastic;
    float rate, decay;
    Clip clip;
    RandomBits bits;

    // weight 0: nothing is written, and there may be no control.
    LomoRule(int64_t control, int64_t weight, double weight_decay, double max_value, int stochastic, int64_t seed, int64_t tensor)
        : LomoRule(weight == 0 ? Control{} : *pointer<Control>(control), weight_decay, max_value, stochastic, seed, tensor) {}

  private:
    LomoRule(Control c, double weight_decay, double max_value, int stochastic, int64_t seed, int64_t tensor)
        : writes(c.ok != 0),
          stochastic(stochastic != 0),
          rate(c.learning_rate),
          decay(decay_of(static_cast<double>(c.learning_rate), weight_decay)),
          clip(max_value, c),
          bits{static_cast<uint64_t>(seed), static_cast<uint32_t>(tensor), static_cast<uint32_t>(c.step)} {}
};

// [rows, columns], rows `pitch` apart, the first of them row `first_row` of the matrix that counts its elements. scales, power_of_two: of
// E4M3.
struct LomoWeight {
    static constexpr int64_t block = 128;

    int dtype;
    int64_t address, pitch, scales;
    bool power_of_two;
    int64_t first_row, rows, columns;

    int64_t row_blocks() const { return (rows + block - 1) / block; }
    int64_t column_blocks() const { return (columns + block - 1) / block; }
};

// Updates the block that begins at (row, column), both multiples of 128; its gradient's rows are `pitch` apart. Returns the sum of squares
// of the gradient.
double lomo_block(const LomoRule& rule, const LomoWeight& weight, int64_t row, int64_t column, const float* gradient, int64_t pitch);
double lomo_block(const LomoRule& rule, const LomoWeight& weight, int64_t row, int64_t column, const bf16* gradient, int64_t pitch);

// A sum for each block, added up in order.
struct BlockSums {
    int64_t row_blocks, column_blocks;
    Scratch scratch;
    double* sums;

    BlockSums(const char* operation, const LomoWeight& weight)
        : row_blocks(weight.row_blocks()),
          column_blocks(weight.column_blocks()),
          scratch(operation, row_blocks * column_blocks * static_cast<int64_t>(sizeof(double))),
          sums(scratch.take<double>(row_blocks * column_blocks)) {}
    double& at(int64_t row, int64_t column) const { return sums[row / LomoWeight::block * column_blocks + column / LomoWeight::block]; }
    void write(int64_t address) const {
        double total = 0;
        for (int64_t i = 0; i < row_blocks * column_blocks; i++) total += sums[i];
        write_sum(address, total);
    }
};

OTTAVA_CPU_END
