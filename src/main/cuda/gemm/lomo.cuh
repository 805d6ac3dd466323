// LOMO as what becomes of the sums of a product that makes the gradient of a weight. See ottava/fused_lomo.h.
//
// Sums come in chunks, x[COUNT] at a time, of neighbours in pairs: pair p of a chunk, x[2 p] and x[2 p + 1], lies at (row(p), column(p)),
// an even column. Which those are says FragmentPairs, of fragments of tensor cores (epilogue.cuh), or RunPairs, of any_gemm_f32. Chunks are
// small because registers are few: 32 sums need 16 words of random bits and 32 weights beside them.
#pragma once

#include "../optimizer/fp8_weight.cuh"
#include "epilogue.cuh"

namespace ottava {

// How the elements of the weight are numbered, for their random bits.
struct ElementNumbers {
    int64_t first;  // of the weight
    int columns;

    __device__ __forceinline__ int64_t of(int64_t row, int column) const { return first + row * columns + column; }
    // Whether the eight elements of a counter are eight columns of a row.
    __device__ __forceinline__ bool in_eights() const { return columns % 8 == 0 && first % 8 == 0; }
};

// The random bits of one element: the slow way.
__device__ __forceinline__ uint32_t random_half(RandomBits random, int64_t element) {
    Halves halves = philox<1>(random.seed, static_cast<uint64_t>(element) / 8, random.tensor, random.step);
    int half = static_cast<int>(element % 8);
    uint32_t word = half < 4 ? (half < 2 ? halves.word[0] : halves.word[1]) : (half < 6 ? halves.word[2] : halves.word[3]);
    return word >> half % 2 * 16 & 0xffffu;
}

// words[p]: the random bits of pair p, the lower half for its first element.
template <int PAIRS, class Pairs>
__device__ __forceinline__ void random_of_any(uint32_t (&words)[PAIRS], Pairs pairs, ElementNumbers numbers, RandomBits random) {
#pragma unroll
    for (int p = 0; p < PAIRS; p++) {
        int64_t element = numbers.of(pairs.row(p), pairs.column(p));
        words[p] = random_half(random, element) | random_half(random, element + 1) << 16;
    }
}

struct FragmentPairs {
    int first_row, first_column;  // of this thread's x[0]

    __device__ __forceinline__ int row(int p) const { return first_row + p % 2 * 8; }
    __device__ __forceinline__ int column(int p) const { return first_column + p / 2 * 8; }

    // Four neighbouring lanes share eight columns, a counter. Of four counters of a row each lane makes one, and they exchange words: a
    // square of 4 x 4 is transposed. All lanes of the warp call this.
    template <int PAIRS>
    __device__ __forceinline__ void random_words(uint32_t (&words)[PAIRS], ElementNumbers numbers, RandomBits random) const {
        static_assert(PAIRS % 8 == 0, "four counters of two rows");
        int lane = static_cast<int>(threadIdx.x) % 4;
#pragma unroll
        for (int first = 0; first < PAIRS; first += 8)
#pragma unroll
            for (int h = 0; h < 2; h++) {
                int64_t element = numbers.of(row(h), first_column - 2 * lane + 8 * (first / 2 + lane));
                Halves own = philox(random.seed, static_cast<uint64_t>(element) / 8, random.tensor, random.step);
                exchange(own.word[0], own.word[1], lane & 1, 1);
                exchange(own.word[2], own.word[3], lane & 1, 1);
                exchange(own.word[0], own.word[2], lane & 2, 2);
                exchange(own.word[1], own.word[3], lane & 2, 2);
#pragma unroll
                for (int s = 0; s < 4; s++) words[first + 2 * s + h] = own.word[s];
            }
    }

  private:
    // Of a square of 2 x 2 whose upper row the lanes of `lower` = 0 have: its transposition.
    static __device__ __forceinline__ void exchange(uint32_t& first, uint32_t& second, int lower, int distance) {
        uint32_t other = __shfl_xor_sync(all_lanes, lower ? first : second, distance);
        first = lower ? other : first;
        second = lower ? second : other;
    }
};

// Rows of 4 columns and 4 more, 64 apart.
struct RunPairs {
    int first_row, first_column;

    __device__ __forceinline__ int row(int p) const { return first_row + p / 4; }
    __device__ __forceinline__ int column(int p) const { return first_column + p % 4 / 2 * 64 + p % 2 * 2; }

    // Half a counter at a time.
    template <int PAIRS>
    __device__ __forceinline__ void random_words(uint32_t (&words)[PAIRS], ElementNumbers numbers, RandomBits random) const {
#pragma unroll
        for (int p = 0; p < PAIRS; p += 2) {
            int64_t element = numbers.of(row(p), column(p));
            Halves halves = philox(random.seed, static_cast<uint64_t>(element) / 8, random.tensor, random.step);
            bool upper = element % 8 != 0;
            words[p] = upper ? halves.word[2] : halves.word[0];
            words[p + 1] = upper ? halves.word[3] : halves.word[1];
        }
    }
};

// What control says, in registers.
struct LomoStep {
    bool writes;
    float rate, decay, coefficient;
    RandomBits random;
};

// The update. Functions on chunks; what writes is called by all threads that share the chunk.
struct LomoResult {
    const Control* control;
    void* weight;  // may be null: sums of squares alone
    int64_t pitch;
    int rows, columns;
    bool stochastic;
    bool is_f32, in_pairs;  // float weights: else BF16; two neighbours may be accessed at once
    float* scales;          // FP8 weights: [ceil(rows / 128), ceil(columns / 128)]
    bool power_of_two;
    double* partial;  // sums of squares, may be null
    ElementNumbers numbers;
    double weight_decay;
    float max_value;
    uint64_t seed;
    uint32_t tensor;

    __device__ __forceinline__ LomoStep begin() const {
        if (weight == nullptr) return {false, 0.0f, 0.0f, 0.0f, {}};
        Control c = *control;
        return {c.ok != 0,
                c.learning_rate,
                decay_of(static_cast<double>(c.learning_rate), weight_decay),
                c.coefficient,
                {seed, tensor, static_cast<uint32_t>(c.step)}};
    }

    template <int COUNT, class Pairs>
    __device__ __forceinline__ double squares(const float (&x)[COUNT], Pairs pairs) const {
        float sum = 0;
#pragma unroll
        for (int p = 0; p < COUNT / 2; p++) {
            int left = left_of(pairs, p);
            if (left > 0) sum += x[2 * p] * x[2 * p];
            if (left > 1) sum += x[2 * p + 1] * x[2 * p + 1];
        }
        return static_cast<double>(sum);
    }

    // F32 and BF16 weights.
    template <int COUNT, class Pairs>
    __device__ __forceinline__ void update(const float (&x)[COUNT], const LomoStep& step, Pairs pairs) const {
        if (is_f32) {
            update_as<float>(x, step, pairs, false);
        } else {
            update_as<bf16>(x, step, pairs, stochastic);
        }
    }

    // FP8 weights: x becomes the new values, 0 outside of the weight. Returns the bits of the largest magnitude.
    template <int COUNT, class Pairs>
    __device__ __forceinline__ uint32_t new_values(float (&x)[COUNT], const LomoStep& step, float scale, Pairs pairs) const {
        const uint8_t* codes = static_cast<const uint8_t*>(weight);
        uint16_t old[COUNT / 2];
#pragma unroll
        for (int p = 0; p < COUNT / 2; p++)
            old[p] = left_of(pairs, p) > 0 ? *reinterpret_cast<const uint16_t*>(codes + pairs.row(p) * pitch + pairs.column(p))
                                           : static_cast<uint16_t>(0);
        uint32_t largest = 0;
#pragma unroll
        for (int p = 0; p < COUNT / 2; p++) {
            int left = left_of(pairs, p);
            float2 w = ptx::to_float2<e4m3>(old[p]);
            x[2 * p] = left > 0 ? updated(w.x * scale, x[2 * p], step) : 0.0f;
            x[2 * p + 1] = left > 1 ? updated(w.y * scale, x[2 * p + 1], step) : 0.0f;
            largest = max(largest, max(magnitude_bits(x[2 * p]), magnitude_bits(x[2 * p + 1])));
        }
        return largest;
    }
    // Rows are filled up with zeros to a multiple of 16, as a product wants them.
    template <int COUNT, class Pairs>
    __device__ __forceinline__ void store_codes(const float (&x)[COUNT], const LomoStep& step, const ExactDivision& divided,
                                                Pairs pairs) const {
        uint32_t words[COUNT / 2] = {};
        if (stochastic) random_words(words, step, pairs);
        int filled_up = (columns + 15) / 16 * 16;
        uint8_t* codes = static_cast<uint8_t*>(weight);
#pragma unroll
        for (int p = 0; p < COUNT / 2; p++) {
            int left = left_of(pairs, p);
            uint32_t pair = e4m3_pair(divided(x[2 * p]), divided(x[2 * p + 1]), stochastic, words[p]);
            pair &= left > 1 ? 0xffffu : left > 0 ? 0xffu : 0u;
            if (pairs.row(p) < rows && pairs.column(p) < filled_up)
                *reinterpret_cast<uint16_t*>(codes + pairs.row(p) * pitch + pairs.column(p)) = static_cast<uint16_t>(pair);
        }
    }

    // The scale of the block of 128 x 128 that holds (row, column), or null outside of the weight.
    __device__ __forceinline__ float* scale_at(int row, int column) const {
        if (row >= rows || column >= columns) return nullptr;
        return scales + static_cast<int64_t>(row / 128) * ((columns + 127) / 128) + column / 128;
    }
    // The sum of squares of 16 rows of 128 columns, which a warp has; the rows and columns begin at a multiple of those.
    __device__ __forceinline__ void write_partial_of_warp(double sum, int row, int column) const {
        sum = warp_sum(sum);
        if (threadIdx.x % 32 == 0 && row < rows && column < columns)
            partial[static_cast<int64_t>(row / 16) * ((columns + 127) / 128) + column / 128] = sum;
    }
    __device__ __forceinline__ void write_partial_of_block(double sum) const {
        sum = block_sum(sum);
        if (threadIdx.x == 0) partial[blockIdx.x] = sum;
    }

  private:
    // How many of a pair are elements of the weight: less than 1, 1, or more.
    template <class Pairs>
    __device__ __forceinline__ int left_of(Pairs pairs, int p) const {
        return pairs.row(p) < rows ? columns - pairs.column(p) : 0;
    }
    __device__ __forceinline__ float updated(float w, float gradient, const LomoStep& step) const {
        return lomo_of(w, step.decay, step.rate, clip(gradient, max_value, step.coefficient));
    }
    template <int PAIRS, class Pairs>
    __device__ __forceinline__ void random_words(uint32_t (&words)[PAIRS], const LomoStep& step, Pairs pairs) const {
        if (numbers.in_eights()) {
            pairs.random_words(words, numbers, step.random);
        } else {
            random_of_any(words, pairs, numbers, step.random);
        }
    }

    template <class W, int COUNT, class Pairs>
    __device__ __forceinline__ void update_as(const float (&x)[COUNT], const LomoStep& step, Pairs pairs, bool rounds) const {
        W* weights = static_cast<W*>(weight);
        // All loads first: they would wait for the stores otherwise.
        ElementPair<W> old[COUNT / 2];
#pragma unroll
        for (int p = 0; p < COUNT / 2; p++) {
            int left = left_of(pairs, p);
            const W* from = weights + pairs.row(p) * pitch + pairs.column(p);
            if (in_pairs && left > 1) {
                old[p] = *reinterpret_cast<const ElementPair<W>*>(from);
            } else {
                old[p] = {};
                if (left > 0) old[p].first = *reinterpret_cast<const typename Element<W>::Bits*>(from);
                if (left > 1) old[p].second = *reinterpret_cast<const typename Element<W>::Bits*>(from + 1);
            }
        }
        uint32_t words[COUNT / 2] = {};
        if (sizeof(W) == 2 && rounds) random_words(words, step, pairs);
#pragma unroll
        for (int p = 0; p < COUNT / 2; p++) {
            int left = left_of(pairs, p);
            float first = updated(Element<W>::load(old[p].first), x[2 * p], step);
            float second = updated(Element<W>::load(old[p].second), x[2 * p + 1], step);
            ElementPair<W> pair{Element<W>::store(first), Element<W>::store(second)};
            if constexpr (sizeof(W) == 2)
                if (rounds) pair = {round_stochastic(first, words[p] & 0xffffu), round_stochastic(second, words[p] >> 16)};
            W* to = weights + pairs.row(p) * pitch + pairs.column(p);
            if (in_pairs && left > 1) {
                *reinterpret_cast<ElementPair<W>*>(to) = pair;
            } else {
                if (left > 0) store_element(to, pair.first);
                if (left > 1) store_element(to + 1, pair.second);
            }
        }
    }
};

// Chunks of the tile of a block of 256 threads: by(c) has the pairs of chunk c.
//
// F32 and BF16 weights.
struct LomoStore : LomoResult {
    template <int CHUNKS, int COUNT, class By>
    __device__ __forceinline__ double finish_chunks(const float (&x)[CHUNKS][COUNT], By by) const {
        LomoStep step = begin();
        double sum = 0;
#pragma unroll
        for (int c = 0; c < CHUNKS; c++) {
            if (partial != nullptr) sum += squares(x[c], by(c));
            if (step.writes) update(x[c], step, by(c));
        }
        return sum;
    }
};

// FP8 weights: the tile is a block of 128 x 128 at (row, column).
struct LomoQuantize : LomoResult {
    template <int CHUNKS, int COUNT, class By>
    __device__ __forceinline__ double finish_chunks(float (&x)[CHUNKS][COUNT], int row, int column, By by) const {
        LomoStep step = begin();
        double sum = 0;
        if (partial != nullptr)
#pragma unroll
            for (int c = 0; c < CHUNKS; c++) sum += squares(x[c], by(c));
        if (!step.writes) return sum;
        float* scale = scale_at(row, column);
        float before = *scale;
        uint32_t largest = 0;
#pragma unroll
        for (int c = 0; c < CHUNKS; c++) largest = max(largest, new_values(x[c], step, before, by(c)));
        // All have read the scale when this returns.
        float after = weight_scale_of(block_reduce<Maximum>(largest, 0u), power_of_two);
        if (threadIdx.x == 0) *scale = after;
        ExactDivision divided(after);
#pragma unroll
        for (int c = 0; c < CHUNKS; c++) store_codes(x[c], step, divided, by(c));
        return sum;
    }
};

// The tiles of the portable kernels. any_fp8_gemm: a warp has 16 rows of 128 columns.
template <class Weight>
struct AnyLomo {
    Weight result;

    __device__ __forceinline__ void finish(float (&sums)[64], FragmentPlace place) const {
        auto& x = reinterpret_cast<float(&)[4][16]>(sums);
        auto by = [=](int c) { return FragmentPairs{place.row, place.column + 32 * c}; };
        int lane = static_cast<int>(threadIdx.x) % 32, row = place.row - lane / 4, column = place.column - lane % 4 * 2;
        double sum = finish_tile(result, x, row / 128 * 128, column, by);
        if (result.partial != nullptr) result.write_partial_of_warp(sum, row, column);
    }

    template <int CHUNKS, int COUNT, class By>
    static __device__ __forceinline__ double finish_tile(const LomoStore& result, float (&x)[CHUNKS][COUNT], int, int, By by) {
        return result.finish_chunks(x, by);
    }
    template <int CHUNKS, int COUNT, class By>
    static __device__ __forceinline__ double finish_tile(const LomoQuantize& result, float (&x)[CHUNKS][COUNT], int row, int column,
                                                         By by) {
        return result.finish_chunks(x, row, column, by);
    }
};

// any_gemm_bf16 and any_gemm_f32: see their GemmResult.
template <class Weight>
struct LomoGemmResult {
    Weight result;
    int64_t rows, columns;

    __device__ __forceinline__ void finish(float (&sums)[4][4][4], int64_t first_row, int64_t first_column) const {
        int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
        int row = static_cast<int>(first_row) + warp / 4 * 64 + lane / 4;
        int column = static_cast<int>(first_column) + warp % 4 * 32 + lane % 4 * 2;
        finish_tile(reinterpret_cast<float(&)[4][16]>(sums), first_row, first_column, [=](int c) {
            return FragmentPairs{row + 16 * c, column};
        });
    }
    __device__ __forceinline__ void finish(float (&sums)[8][8], int64_t first_row, int64_t first_column) const {
        int row = static_cast<int>(first_row) + static_cast<int>(threadIdx.x) / 16 * 4;
        int column = static_cast<int>(first_column) + static_cast<int>(threadIdx.x) % 16 * 4;
        finish_tile(reinterpret_cast<float(&)[4][16]>(sums), first_row, first_column, [=](int c) {
            return RunPairs{row + c % 2 * 2 + c / 2 * 64, column};
        });
    }

  private:
    template <class By>
    __device__ __forceinline__ void finish_tile(float (&x)[4][16], int64_t row, int64_t column, By by) const {
        double sum = AnyLomo<Weight>::finish_tile(result, x, static_cast<int>(row), static_cast<int>(column), by);
        if (result.partial != nullptr) result.write_partial_of_block(sum);
    }
};

}  // namespace ottava
