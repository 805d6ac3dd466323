// The sm_90a kernel of attention: which calls it takes, tensor maps, grid.
#include "../attention/sm90_kernels.h"

#include "attention.h"
#include "elementwise.h"

namespace ottava {

OTTAVA_ATTENTION_SM90_KERNELS(OTTAVA_NAME)

namespace kernels {

namespace {

// Of the L2 cache, for keys and values of the heads that are worked on at a time; the rest is for queries and results. To be measured.
constexpr int64_t section_bytes = int64_t{32} << 20;

int64_t tiles_of_head(const AttentionCall& call) {
    return ceil_div(call.shape.query_length, Sm90AttentionShape::tile_rows);
}

template <int width>
void launch_kernel(const AttentionCall& call, int64_t out, int64_t log_sum_exp, int64_t q, int64_t k, int64_t v, int64_t listed) {
    using Kernel = sm90_attention_forward<width>;
    const AttentionShape& shape = call.shape;
    KernelDevice& device = kernel_device(call.stream);
    auto encode = [&](ptx::TensorMap& map, int64_t address, int64_t heads, int64_t length, int64_t sequence, int rows) {
        device.encode(
            map, {address, 2, {width, heads, length, call.batch}, {2 * width, 2 * heads * width, 2 * sequence}, {64, 1, rows, 1}, 128});
    };
    int64_t key_row = int64_t{shape.kv_heads} * width, all_heads = call.batch * shape.heads;
    int64_t key_pitch = call.batch > 1 ? shape.key_batch_pitch : shape.key_length * key_row;
    Kernel kernel{};
    encode(kernel.q_map, q, shape.heads, shape.query_length, int64_t{shape.query_length} * shape.heads * width,
           Sm90AttentionShape::tile_rows);
    encode(kernel.k_map, k, shape.kv_heads, shape.key_length, key_pitch, Sm90AttentionShape::block);
    encode(kernel.v_map, v, shape.kv_heads, shape.key_length, key_pitch, Sm90AttentionShape::block);
    int64_t kv_heads_of_section = std::max<int64_t>(1, section_bytes / (shape.key_length * int64_t{2 * 2 * width}));
    kernel.out = pointer<bf16>(out);
    kernel.log_sum_exp = pointer<float>(log_sum_exp);
    kernel.listed = pointer<const uint32_t>(listed);
    kernel.shape = {shape.heads,
                    shape.heads / shape.kv_heads,
                    shape.query_length,
                    shape.key_length,
                    static_cast<int>(tiles_of_head(call)),
                    static_cast<int>(std::min(all_heads, kv_heads_of_section * (shape.heads / shape.kv_heads))),
                    static_cast<int>(all_heads)};
    kernel.scale = std::abs(shape.scale) * log2_e;
    kernel.negate = shape.scale < 0;
    Scratch scratch(call.stream, call.operation);
    kernel.counter = scratch.take<int>(1);
    fill(call.stream, OTTAVA_F32, reinterpret_cast<int64_t>(kernel.counter), 1, 0.0);  // the bits of 0
    launch(call.stream, kernel, std::min(kernel.shape.tiles(), device.multiprocessors), Kernel::threads, Kernel::shared_bytes);
}

}  // namespace

// Up to 64 queries half of a tile would be idle: decoding and its like stay with the portable kernel, which takes the heads of a group
// together and splits the keys. With few tiles and many keys the latter fills more multiprocessors too; up to 512 keys that gains less
// than the second launch costs. The list does not matter, so that a list of everything gives the bits of none.
bool sm90_attention_suits(const AttentionCall& call) {
    const AttentionShape& shape = call.shape;
    int64_t tiles = tiles_of_head(call) * shape.heads * call.batch;
    return kernel_device(call.stream).architecture == 90 && call.dtype == OTTAVA_BF16 && (shape.head_dim == 64 || shape.head_dim == 128) &&
           shape.query_length > Sm90AttentionShape::block && (tiles >= 48 || shape.key_length <= 512) && tiles <= INT32_MAX / 2 &&
           // S may be -infinity, which times 0 is not a number.
           std::abs(shape.scale) * log2_e > 0 && (call.batch == 1 || 2 * shape.key_batch_pitch < int64_t{1} << 40);
}

void attention_forward_by_sm90(const AttentionCall& call, int64_t out, int64_t log_sum_exp, int64_t q, int64_t k, int64_t v,
                               int64_t listed) {
    if (call.shape.head_dim == 64) {
        launch_kernel<64>(call, out, log_sum_exp, q, k, v, listed);
    } else {
        launch_kernel<128>(call, out, log_sum_exp, q, k, v, listed);
    }
}

}  // namespace kernels
}  // namespace ottava
