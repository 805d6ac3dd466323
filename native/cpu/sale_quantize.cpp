// The mean, the codes and the correction of SALE. See ottava/sparse_attention.h.
#include <omp.h>

#include "sale.h"

OTTAVA_CPU_BEGIN

static constexpr int64_t rows_of_part = 512, widest = 128, keys_of_task = 64;

template <class Body>
static void with_rows(int dtype, int64_t x, int64_t heads, int64_t head_dim, int64_t batch_pitch, Body body) {
    if (dtype == OTTAVA_BF16) {
        body(SaleRows<bf16>{pointer<bf16>(x), heads, head_dim, batch_pitch});
    } else {
        body(SaleRows<float>{pointer<float>(x), heads, head_dim, batch_pitch});
    }
}

int sale_mean(int64_t, int dtype, int64_t mean, int64_t x, int64_t batch, int64_t heads, int64_t head_dim, int64_t length,
              int64_t batch_pitch) {
    with_rows(dtype, x, heads, head_dim, batch_pitch, [&](auto rows) {
#pragma omp parallel for if (batch * heads * length * head_dim > worth_waking)
        for (int64_t task = 0; task < batch * heads; task++) {
            float total[widest] = {};
            for (int64_t first = 0; first < length; first += rows_of_part) {
                float sum[widest] = {};
                for (int64_t i = first; i < smaller(first + rows_of_part, length); i++) {
                    const auto* row = rows.row(task / heads, task % heads, i);
#pragma omp simd
                    for (int64_t d = 0; d < head_dim; d++) sum[d] += load(row[d]);
                }
                for (int64_t d = 0; d < head_dim; d++) total[d] += sum[d];
            }
            float* to = pointer<float>(mean) + task * head_dim;
            for (int64_t d = 0; d < head_dim; d++) to[d] = total[d] / static_cast<float>(length);
        }
    });
    return OTTAVA_OK;
}

static float scale_of(uint32_t largest) {
    if (largest >= 0x7f800000u) return bits_to_float(0x7fc00000u);
    if (largest == 0) return 1.0f;
    float scale = bits_to_float(largest) / 7.0f;
    return scale > 0x1p-126f ? scale : 0x1p-126f;
}

int sale_quantize(int64_t, int kind, int64_t codes, int64_t scales, int dtype, int64_t x, int64_t mean, int64_t batch, int64_t heads,
                  int64_t head_dim, int64_t first, int64_t length, int64_t capacity, int64_t batch_pitch) {
    SaleGroups groups(kind);
    int64_t blocks = (length + groups.block - 1) / groups.block - first / groups.block;
    with_rows(dtype, x, heads, head_dim, batch_pitch, [&](auto rows) {
#pragma omp parallel for if (batch * heads * (length - first) * head_dim > worth_waking)
        for (int64_t task = 0; task < batch * heads * blocks; task++) {
            int64_t head = task / blocks, block = first / groups.block + task % blocks;
            const float* center = pointer<float>(mean) + head * head_dim;
            for (int64_t group = 0; group < groups.groups; group++) {
                if (block * groups.block + groups.row(group, 0) >= length) continue;
                uint32_t largest = 0;
                for (int64_t i = 0; i < groups.rows; i++) {
                    int64_t row = block * groups.block + groups.row(group, i);
                    if (row >= length) continue;
                    const auto* from = rows.row(head / heads, head % heads, row);
#pragma omp simd reduction(max : largest)
                    for (int64_t d = 0; d < head_dim; d++) {
                        uint32_t magnitude = float_to_bits(load(from[d]) - center[d]) & 0x7fffffffu;
                        largest = magnitude > largest ? magnitude : largest;
                    }
                }
                float scale = scale_of(largest);
                pointer<float>(scales)[head * groups.scales(capacity) + block * groups.groups + group] = scale;
                for (int64_t i = 0; i < groups.rows; i++) {
                    int64_t row = block * groups.block + groups.row(group, i);
                    if (row >= length) continue;
                    const auto* from = rows.row(head / heads, head % heads, row);
                    uint8_t* to = pointer<uint8_t>(codes) + (head * capacity + row) * (head_dim / 2);
                    auto code = [&](int64_t d) {
                        // 1.5 * 2^23: adding it rounds to nearest even, and leaves the integer in the low bits.
                        float shifted = (load(from[d]) - center[d]) / scale + 12582912.0f;
                        return scale == scale ? float_to_bits(shifted) & 15u : 0u;
                    };
                    for (int64_t d = 0; d < head_dim; d += 2) to[d / 2] = static_cast<uint8_t>(code(d) | code(d + 1) << 4);
                }
            }
        }
    });
    return OTTAVA_OK;
}

int sale_correction(int64_t, int64_t correction, int dtype, int64_t k, int64_t key_mean, int64_t query_mean, int64_t batch, int64_t heads,
                    int64_t kv_heads, int64_t head_dim, int64_t key_length, int64_t key_batch_pitch) {
    int64_t group = heads / kv_heads, pitch = round_up(key_length, sparse_block);
    int64_t tasks = (key_length + keys_of_task - 1) / keys_of_task;
    with_rows(dtype, k, kv_heads, head_dim, key_batch_pitch, [&](auto rows) {
#pragma omp parallel for if (batch * heads * key_length * head_dim > worth_waking)
        for (int64_t task = 0; task < batch * kv_heads * tasks; task++) {
            int64_t key_head = task / tasks, first = task % tasks * keys_of_task;
            const float* center = pointer<float>(key_mean) + key_head * head_dim;
            for (int64_t j = first; j < smaller(first + keys_of_task, key_length); j++) {
                const auto* from = rows.row(key_head / kv_heads, key_head % kv_heads, j);
                float key[widest];
                for (int64_t d = 0; d < head_dim; d++) key[d] = load(from[d]) - center[d];
                for (int64_t head = key_head * group; head < (key_head + 1) * group; head++) {
                    const float* factor = pointer<float>(query_mean) + head * head_dim;
                    float sum = 0;
#pragma omp simd reduction(+ : sum)
                    for (int64_t d = 0; d < head_dim; d++) sum += key[d] * factor[d];
                    pointer<float>(correction)[head * pitch + j] = sum;
                }
            }
        }
    });
    return OTTAVA_OK;
}

OTTAVA_CPU_END
