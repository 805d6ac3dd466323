// Thresholds, selection and lists of SALE. See ottava/sparse_attention.h.
#include <math.h>
#include <omp.h>

#include "sale.h"
#include "vector_math.h"

OTTAVA_CPU_BEGIN

static constexpr int64_t widest = 128;
static constexpr float least_tau = 1e-5f;

template <class T>
static float threshold(const SaleRows<T>& queries, const SaleRows<T>& keys, const SaleBlocks& shape, const float* key_mean, int64_t b,
                       int64_t h, int64_t query, float tau, float scale) {
    if (tau < least_tau) return bits_to_float(0x7fc00000u);
    int64_t key_head = h / (queries.heads / keys.heads), head_dim = keys.head_dim;
    const T* q = queries.row(b, h, query);
    float vector[widest], offset = 0;
    for (int64_t d = 0; d < head_dim; d++) vector[d] = load(q[d]);
#pragma omp simd reduction(+ : offset)
    for (int64_t d = 0; d < head_dim; d++) offset += vector[d] * key_mean[(b * keys.heads + key_head) * head_dim + d];
    float maximum = -INFINITY, sum = 0;
    int64_t first_local = shape.first_local(query / sparse_block);
    for (int64_t block = 0; block * sparse_block <= shape.position(query);
         block = block == 0 && first_local > 1 ? first_local : block + 1) {
        int64_t first = block * sparse_block, count = smaller(sparse_block, shape.position(query) + 1 - first);
        float scores[sparse_block], most = maximum;
        for (int64_t j = 0; j < count; j++) {
            const T* k = keys.row(b, key_head, first + j);
            float score = 0;
#pragma omp simd reduction(+ : score)
            for (int64_t d = 0; d < head_dim; d++) score += vector[d] * load(k[d]);
            scores[j] = score;
            most = score > most ? score : most;
        }
        float base = most == -INFINITY ? 0 : most;
        sum *= vector_exp((maximum - base) * scale);
        for (int64_t j = 0; j < count; j++) sum += vector_exp((scores[j] - base) * scale);
        maximum = most;
    }
    return maximum - offset + logf(tau * sum) / scale;
}

int sale_thresholds(int64_t, int64_t thresholds, int dtype, int64_t q, int64_t k, int64_t key_mean, int64_t tau, int64_t batch,
                    int64_t heads, int64_t kv_heads, int64_t head_dim, int64_t query_length, int64_t key_length, int64_t key_batch_pitch,
                    int64_t local_keys, int64_t row_step, double scale) {
    SaleBlocks shape{query_length, key_length, local_keys, row_step};
    int64_t rows = shape.rows();
    auto run = [&](auto value) {
        using T = decltype(value);
        SaleRows<T> queries{pointer<T>(q), heads, head_dim, query_length * heads * head_dim};
        SaleRows<T> keys{pointer<T>(k), kv_heads, head_dim, key_batch_pitch};
#pragma omp parallel for if (batch * heads * rows * sparse_block * head_dim > worth_waking)
        for (int64_t task = 0; task < batch * heads * rows; task++) {
            int64_t h = task / rows % heads;
            pointer<float>(thresholds)[task] = threshold(queries, keys, shape, pointer<float>(key_mean), task / rows / heads, h,
                                                         task % rows * row_step, pointer<float>(tau)[h], static_cast<float>(scale));
        }
    };
    dtype == OTTAVA_BF16 ? run(bf16{}) : run(0.0f);
    return OTTAVA_OK;
}

// 64 rows of codes, a byte each.
struct UnpackedRow {
    int8_t channels[widest];

    void unpack(const uint8_t* codes, int64_t head_dim) {
        for (int64_t d = 0; d < head_dim; d += 2) {
            channels[d] = static_cast<int8_t>(static_cast<int8_t>(codes[d / 2] << 4) >> 4);
            channels[d + 1] = static_cast<int8_t>(static_cast<int8_t>(codes[d / 2]) >> 4);
        }
    }
    float times(const UnpackedRow& other, int64_t head_dim) const {
        int32_t sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t d = 0; d < head_dim; d++) sum += channels[d] * other.channels[d];
        return static_cast<float>(sum);
    }
};

namespace {

struct Selection {
    uint32_t* blocks;
    const float* thresholds;
    const uint8_t *q_codes, *k_codes;
    const float *q_scales, *k_scales, *correction;
    int64_t heads, kv_heads, head_dim, key_capacity;
    SaleBlocks shape;

    bool is_above(const UnpackedRow* queries, const UnpackedRow* keys, int64_t count, int64_t head, int64_t first_row,
                  int64_t block) const {
        SaleGroups of_queries(OTTAVA_SALE_QUERIES), of_keys(OTTAVA_SALE_KEYS);
        int64_t key_head = head / heads * kv_heads + head % heads / (heads / kv_heads);
        const float* query_scales = q_scales + head * of_queries.scales(shape.query_length);
        const float* key_scales = k_scales + key_head * of_keys.scales(key_capacity);
        const float* c = correction + head * round_up(shape.key_length, sparse_block);
        for (int64_t i = 0; i < count; i++) {
            float query_scale = query_scales[of_queries.scale_of((first_row + i) * shape.row_step)];
            float t = thresholds[head * shape.rows() + first_row + i];
            for (int64_t j = 0; j < sparse_block; j++) {
                int64_t key = block * sparse_block + j;
                float e = fmaf(queries[i].times(keys[j], head_dim), query_scale * key_scales[of_keys.scale_of(key)], c[key]);
                // Not `>`: what is not a number keeps its block.
                if (!(e <= t)) return true;
            }
        }
        return false;
    }

    void select(int64_t head, int64_t query_block) const {
        int64_t first_row = query_block * sparse_block / shape.row_step;
        int64_t count = smaller(sparse_block / shape.row_step, shape.rows() - first_row);
        int64_t key_head = head / heads * kv_heads + head % heads / (heads / kv_heads), row_bytes = head_dim / 2;
        UnpackedRow queries[sparse_block], keys[sparse_block];
        for (int64_t i = 0; i < count; i++)
            queries[i].unpack(q_codes + (head * shape.query_length + (first_row + i) * shape.row_step) * row_bytes, head_dim);
        int64_t first_local = shape.first_local(query_block), last_local = shape.last_local(query_block);
        uint32_t* words = blocks + (head * shape.query_blocks() + query_block) * shape.words();
        for (int64_t word = 0; word < shape.words(); word++) words[word] = 0;
        for (int64_t block = 0; block <= last_local; block++) {
            bool kept = block == 0 || block >= first_local;
            if (!kept) {
                for (int64_t j = 0; j < sparse_block; j++)
                    keys[j].unpack(k_codes + (key_head * key_capacity + block * sparse_block + j) * row_bytes, head_dim);
                kept = is_above(queries, keys, count, head, first_row, block);
            }
            if (kept) words[block / 32] |= 1u << block % 32;
        }
    }
};

}  // namespace

int sale_select(int64_t, int64_t blocks, int64_t thresholds, int64_t q_codes, int64_t q_scales, int64_t k_codes, int64_t k_scales,
                int64_t correction, int64_t batch, int64_t heads, int64_t kv_heads, int64_t head_dim, int64_t query_length,
                int64_t key_length, int64_t key_capacity, int64_t local_keys, int64_t row_step) {
    SaleBlocks shape{query_length, key_length, local_keys, row_step};
    Selection selection{pointer<uint32_t>(blocks),
                        pointer<float>(thresholds),
                        pointer<uint8_t>(q_codes),
                        pointer<uint8_t>(k_codes),
                        pointer<float>(q_scales),
                        pointer<float>(k_scales),
                        pointer<float>(correction),
                        heads,
                        kv_heads,
                        head_dim,
                        key_capacity,
                        shape};
    int64_t query_blocks = shape.query_blocks();
#pragma omp parallel for schedule(dynamic) if (batch * heads * query_length * key_length * head_dim > worth_waking)
    for (int64_t task = 0; task < batch * heads * query_blocks; task++) selection.select(task / query_blocks, task % query_blocks);
    return OTTAVA_OK;
}

int block_lists(int64_t, int64_t counts, int64_t indices, int64_t blocks, int64_t rows, int64_t columns) {
    int64_t words = (columns + 31) / 32;
#pragma omp parallel for if (rows * columns > worth_waking)
    for (int64_t row = 0; row < rows; row++) {
        const uint32_t* bits = pointer<uint32_t>(blocks) + row * words;
        int32_t count = 0;
        for (int64_t column = 0; column < columns; column++) {
            if ((bits[column / 32] >> column % 32 & 1) == 0) continue;
            if (indices != 0) pointer<int32_t>(indices)[row * columns + count] = static_cast<int32_t>(column);
            count++;
        }
        pointer<int32_t>(counts)[row] = count;
    }
    return OTTAVA_OK;
}

OTTAVA_CPU_END
