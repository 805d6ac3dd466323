// Launches of the estimate of attention. The arguments were checked by the ABI.
#include "sale.h"

#include "../sale/kernels.h"
#include "../sale/sm90_kernels.h"
#include "launch.h"

namespace ottava {

OTTAVA_SALE_KERNELS(OTTAVA_NAME)
OTTAVA_SALE_SM90_KERNELS(OTTAVA_NAME)

namespace kernels {

static void require_bf16(int64_t stream, const char* operation, int dtype) {
    if (dtype != OTTAVA_BF16)
        fail(OTTAVA_UNSUPPORTED, "%s on %s: dtype %d is not BF16 (%d); the cpu device takes F32 too", operation,
             device_of(stream).properties["name"].c_str(), dtype, OTTAVA_BF16);
}

// Heads and sequences are dimensions of grids.
static void check_grid(const char* operation, int64_t batch, int64_t heads) {
    if (batch > 65535 || heads > 65535)
        fail(OTTAVA_UNSUPPORTED, "%s: a batch of %lld with %lld heads; at most 65535 of each", operation, static_cast<long long>(batch),
             static_cast<long long>(heads));
}

template <class Body>
static void with_width(int64_t head_dim, Body body) {
    head_dim == 64 ? body(std::integral_constant<int, 64>{}) : body(std::integral_constant<int, 128>{});
}

static SaleShape sale_shape(int64_t heads, int64_t kv_heads, int64_t query_length, int64_t key_length, int64_t local_keys,
                            int64_t row_step) {
    return {static_cast<int>(heads),      static_cast<int>(kv_heads),   static_cast<int>(heads / kv_heads), static_cast<int>(query_length),
            static_cast<int>(key_length), static_cast<int>(local_keys), static_cast<int>(row_step)};
}

int sale_mean(int64_t stream, int dtype, int64_t mean, int64_t x, int64_t batch, int64_t heads, int64_t head_dim, int64_t length,
              int64_t batch_pitch) {
    require_bf16(stream, "sale_mean", dtype);
    check_grid("sale_mean", batch, heads);
    with_width(head_dim, [&](auto width) {
        using Parts = any_sale_mean_parts<width>;
        int64_t parts = ceil_div(length, rows_of_part), count = batch * heads * head_dim;
        Scratch scratch(stream, "sale_mean");
        float* sums = scratch.take<float>(parts * count);
        launch(stream, Parts{sums, pointer<const bf16>(x), length, batch_pitch}, Extent(parts, heads, batch), Parts::threads);
        launch(stream,
               any_sale_mean{pointer<float>(mean), sums, count, static_cast<int>(parts), static_cast<int>(head_dim),
                             static_cast<float>(length)},
               ceil_div(count, any_sale_mean::threads), any_sale_mean::threads);
    });
    return OTTAVA_OK;
}

int sale_quantize(int64_t stream, int kind, int64_t codes, int64_t scales, int dtype, int64_t x, int64_t mean, int64_t batch, int64_t heads,
                  int64_t head_dim, int64_t first, int64_t length, int64_t capacity, int64_t batch_pitch) {
    require_bf16(stream, "sale_quantize", dtype);
    check_grid("sale_quantize", batch, heads);
    with_width(head_dim, [&](auto width) {
        auto with = [&](auto rows) {
            using Rows = decltype(rows);
            using Kernel = any_sale_quantize<width, Rows>;
            int64_t groups = (ceil_div(length, Rows::block) - first / Rows::block) * Rows::groups;
            launch(stream,
                   Kernel{pointer<uint8_t>(codes), pointer<float>(scales), pointer<const bf16>(x), pointer<const float>(mean), first,
                          length, capacity, batch_pitch},
                   Extent(ceil_div(groups, Kernel::threads / 32), heads, batch), Kernel::threads);
        };
        kind == OTTAVA_SALE_KEYS ? with(KeyRows{}) : with(QueryRows{});
    });
    return OTTAVA_OK;
}

int sale_correction(int64_t stream, int64_t correction, int dtype, int64_t k, int64_t key_mean, int64_t query_mean, int64_t batch,
                    int64_t heads, int64_t kv_heads, int64_t head_dim, int64_t key_length, int64_t key_batch_pitch) {
    require_bf16(stream, "sale_correction", dtype);
    check_grid("sale_correction", batch, heads);
    with_width(head_dim, [&](auto width) {
        using Kernel = any_sale_correction<width>;
        launch(stream,
               Kernel{pointer<float>(correction), pointer<const bf16>(k), pointer<const float>(key_mean), pointer<const float>(query_mean),
                      static_cast<int>(heads / kv_heads), static_cast<int>(key_length), key_batch_pitch,
                      ceil_div(key_length, sparse_block) * sparse_block},
               Extent(ceil_div(key_length, Kernel::threads / 32 * Kernel::keys), kv_heads, batch), Kernel::threads);
    });
    return OTTAVA_OK;
}

int sale_thresholds(int64_t stream, int64_t thresholds, int dtype, int64_t q, int64_t k, int64_t key_mean, int64_t tau, int64_t batch,
                    int64_t heads, int64_t kv_heads, int64_t head_dim, int64_t query_length, int64_t key_length, int64_t key_batch_pitch,
                    int64_t local_keys, int64_t row_step, double scale) {
    require_bf16(stream, "sale_thresholds", dtype);
    check_grid("sale_thresholds", batch, heads);
    SaleShape shape = sale_shape(heads, kv_heads, query_length, key_length, local_keys, row_step);
    with_width(head_dim, [&](auto width) {
        using Kernel = any_sale_thresholds<width>;
        launch(stream,
               Kernel{pointer<float>(thresholds), pointer<const bf16>(q), pointer<const bf16>(k), pointer<const float>(key_mean),
                      pointer<const float>(tau), shape, key_batch_pitch, static_cast<float>(scale)},
               Extent(ceil_div(shape.rows(), block_rows), heads, batch), Kernel::threads, Kernel::shared_bytes);
    });
    return OTTAVA_OK;
}

int sale_select(int64_t stream, int64_t blocks, int64_t thresholds, int64_t q_codes, int64_t q_scales, int64_t k_codes, int64_t k_scales,
                int64_t correction, int64_t batch, int64_t heads, int64_t kv_heads, int64_t head_dim, int64_t query_length,
                int64_t key_length, int64_t key_capacity, int64_t local_keys, int64_t row_step) {
    check_grid("sale_select", batch, heads);
    SaleShape shape = sale_shape(heads, kv_heads, query_length, key_length, local_keys, row_step);
    SaleInputs inputs{pointer<const float>(thresholds),
                      pointer<const uint8_t>(q_codes),
                      pointer<const float>(q_scales),
                      pointer<const uint8_t>(k_codes),
                      pointer<const float>(k_scales),
                      pointer<const float>(correction),
                      key_capacity,
                      ceil_div(key_length, sparse_block) * sparse_block};
    with_width(head_dim, [&](auto width) {
        using Any = any_sale_select<width>;
        using Hopper = sm90_sale_select<width>;
        int64_t tiles = ceil_div(shape.rows(), Any::tile_rows);
        if (kernel_device(stream).architecture < 90) {
            launch(stream, Any{pointer<uint32_t>(blocks), inputs, shape}, Extent(tiles * shape.words(), heads, batch), Any::threads,
                   Any::shared_bytes);
        } else {
            launch(stream, Hopper{pointer<uint32_t>(blocks), inputs, shape},
                   Extent(ceil_div(tiles * shape.group, Hopper::warpgroups) * shape.words(), kv_heads, batch), Hopper::threads,
                   Hopper::shared_bytes);
        }
    });
    return OTTAVA_OK;
}

int block_lists(int64_t stream, int64_t counts, int64_t indices, int64_t blocks, int64_t rows, int64_t columns) {
    launch(stream,
           any_block_lists{pointer<int32_t>(counts), pointer<int32_t>(indices), pointer<const uint32_t>(blocks), rows,
                           static_cast<int>(columns)},
           ceil_div(rows, any_block_lists::threads / 32), any_block_lists::threads);
    return OTTAVA_OK;
}

}  // namespace kernels
}  // namespace ottava
