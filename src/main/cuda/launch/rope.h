// Launches of rotary position embedding.
#pragma once

#include "elements.h"
#include "rope/kernels.h"

namespace ottava {

OTTAVA_ROPE_KERNELS(OTTAVA_NAME)

namespace kernels {

inline int rope(int64_t stream, int dtype, int64_t x, int64_t row_pitch, int64_t cosine, int64_t sine, int64_t tokens, int64_t sequence,
                int64_t first_position, int64_t positions, int64_t heads, int64_t head_dim, int inverse) {
    if (tokens == 0) return OTTAVA_OK;
    const char* device = device_of(stream).properties["name"].c_str();
    if (head_dim % 2 != 0)
        fail(OTTAVA_INVALID_ARGUMENT, "rope on %s: head_dim %lld is odd; pairs are rotated", device, static_cast<long long>(head_dim));
    if (sequence <= 0) fail(OTTAVA_INVALID_ARGUMENT, "rope on %s: sequence %lld is not positive", device, static_cast<long long>(sequence));
    int64_t last = first_position + (tokens < sequence ? tokens : sequence) - 1;
    if (first_position < 0 || last >= positions)
        fail(OTTAVA_INVALID_ARGUMENT, "rope on %s: positions %lld to %lld are needed, the tables have %lld: make them longer", device,
             static_cast<long long>(first_position), static_cast<long long>(last), static_cast<long long>(positions));
    if (heads * head_dim > INT32_MAX)
        fail(OTTAVA_UNSUPPORTED, "rope on %s: %lld elements in a token are more than 2^31 - 1", device,
             static_cast<long long>(heads * head_dim));
    with_float_type(stream, "rope", dtype, [&](auto type) {
        using T = decltype(type);
        using Kernel = any_rope<T>;
        int64_t half = head_dim / 2;
        bool aligned = all_aligned(x, cosine, sine) && half % Kernel::run == 0 && row_pitch % Kernel::run == 0;
        launch(stream,
               Kernel{pointer<T>(x), pointer<float>(cosine), pointer<float>(sine), row_pitch, tokens, sequence, first_position,
                      static_cast<int32_t>(heads), static_cast<int32_t>(half), inverse ? -1.0f : 1.0f, aligned},
               blocks_of_rows(tokens), threads_of_row(heads * ceil_div(half, Kernel::run), 1, Kernel::threads));
    });
    return OTTAVA_OK;
}

}  // namespace kernels
}  // namespace ottava
