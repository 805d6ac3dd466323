#include "case.h"

namespace ottava::cases {

static int64_t scales_of(Case& c, int scaling, int64_t rows, int64_t columns) {
    switch (scaling) {
        case OTTAVA_PER_TENSOR: return c.empty(OTTAVA_F32, 1);
        case OTTAVA_BLOCKS_128: return c.empty(OTTAVA_F32, (rows + 127) / 128 * ((columns + 127) / 128));
        default: return c.empty(OTTAVA_BF16, rows * ((columns + 15) / 16));
    }
}

static int64_t pitch_of(Case& c, int64_t columns) {
    return (columns + 15) / 16 * 16 + 16 * c.size(0, 2);
}

OTTAVA_CASE(quantize) {
    for (int fp8 : FP8)
        for (int dtype : FLOATS)
            for (int scaling : {OTTAVA_PER_TENSOR, OTTAVA_BLOCKS_128, OTTAVA_GROUPS_16}) {
                int64_t rows = c.size(1, 140), columns = c.size(1, 280), x_pitch = columns + c.size(0, 8),
                        x = c.numbers(dtype, rows * x_pitch);
                int64_t pitch = pitch_of(c, columns), q = c.empty(fp8, rows * pitch), scales = scales_of(c, scaling, rows, columns);
                int64_t across = pitch_of(c, rows), transposed = scaling == OTTAVA_GROUPS_16 ? 0 : c.empty(fp8, columns * across);
                c.run.quantize(c.stream, fp8, q, pitch, transposed, across, scaling, scales, 0, dtype, x, x_pitch, rows, columns);
                c.run.dequantize(c.stream, dtype, c.empty(dtype, rows * x_pitch), x_pitch, fp8, q, pitch, scaling, scales, rows, columns);
                if (transposed != 0) c.run.transpose_codes(c.stream, c.empty(fp8, columns * across), across, q, pitch, rows, columns);
                // Again, by the scales that there are.
                int64_t again = c.empty(fp8, rows * pitch);
                c.run.quantize(c.stream, fp8, again, pitch, 0, 0, scaling, scales, 1, dtype, x, x_pitch, rows, columns);
            }
}

OTTAVA_CASE(add_quantize) {
    for (int fp8 : FP8)
        for (int dtype : FLOATS) {
            int64_t rows = c.size(1, 140), columns = c.size(1, 280), pitch = pitch_of(c, columns), count = rows * columns;
            int64_t y = c.empty(dtype, count), a = c.numbers(dtype, count), b = c.numbers(dtype, count);
            c.run.add_quantize(c.stream, fp8, c.empty(fp8, rows * pitch), pitch, scales_of(c, OTTAVA_GROUPS_16, rows, columns), dtype, y, a,
                               b, rows, columns);
        }
}

OTTAVA_CASE(rms_norm_quantize) {
    for (int fp8 : FP8)
        for (int dtype : FLOATS)
            for (int scaling : {OTTAVA_PER_TENSOR, OTTAVA_BLOCKS_128}) {
                int64_t rows = c.size(1, 140), columns = c.size(1, 280), pitch = pitch_of(c, columns), across = pitch_of(c, rows);
                int64_t x = c.numbers(dtype, rows * columns), weight = c.numbers(dtype, columns), inverse = c.empty(OTTAVA_F32, rows);
                int64_t scales = scales_of(c, scaling, rows, columns);
                auto run = [&](int given, int64_t from, int64_t from_pitch, int64_t from_scales) {
                    c.run.rms_norm_quantize(c.stream, fp8, c.empty(fp8, rows * pitch), pitch, c.empty(fp8, columns * across), across,
                                            scaling, scales, given, inverse, dtype, from, from_pitch, from_scales, weight, rows, columns,
                                            1e-5);
                };
                run(0, x, 0, 0);
                Groups codes(c, rows, columns);
                for (int given : {0, 1}) run(given, codes.codes, codes.pitch, codes.scales);
            }
}

OTTAVA_CASE(swiglu_quantize) {
    for (int fp8 : FP8)
        for (int dtype : FLOATS)
            for (int scaling : {OTTAVA_PER_TENSOR, OTTAVA_BLOCKS_128}) {
                int64_t rows = c.size(1, 140), columns = c.size(1, 280), pitch = pitch_of(c, columns), across = pitch_of(c, rows);
                int64_t gate = c.numbers(dtype, rows * columns, 5), up = c.numbers(dtype, rows * columns);
                int64_t d_y = c.numbers(dtype, rows * columns);
                auto q = [&] { return c.empty(fp8, rows * pitch); };
                auto transposed = [&] { return c.empty(fp8, columns * across); };
                auto scales = [&] { return scales_of(c, scaling, rows, columns); };
                auto run = [&](int64_t gate, int64_t up, int64_t gate_pitch, int64_t gate_scales, int64_t up_scales) {
                    c.run.swiglu_quantize(c.stream, fp8, q(), pitch, transposed(), across, scaling, scales(), 0, dtype, gate, up,
                                          gate_pitch, gate_scales, up_scales, rows, columns);
                    int64_t d_gate = q(), d_up = q(), d_gate_transposed = transposed(), d_up_transposed = transposed(),
                            d_gate_scales = scales();
                    c.run.swiglu_backward_quantize(c.stream, fp8, d_gate, d_gate_transposed, d_gate_scales, d_up, d_up_transposed, scales(),
                                                   pitch, across, scaling, dtype, d_y, gate, up, gate_pitch, gate_scales, up_scales, rows,
                                                   columns);
                };
                run(gate, up, 0, 0, 0);
                Groups gates(c, rows, columns), ups(c, rows, columns, gates.pitch);
                run(gates.codes, ups.codes, gates.pitch, gates.scales, ups.scales);
            }
}

}  // namespace ottava::cases
