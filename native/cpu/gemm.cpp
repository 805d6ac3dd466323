// The matrix product: oneDNN's where the device was opened with it, otherwise our own (blocked and packed as in Goto and van de Geijn,
// 2008). Workspace of our own: about 1 MiB per thread.
#include <omp.h>

#include "device.h"
#include "packing.h"

OTTAVA_CPU_BEGIN

namespace {

// A task computes a block of at most 256 x 256 of D, in slices of the summed dimension; slices have one size, so that sums do not depend on
// how D is divided.
constexpr int64_t max_block = 256;
constexpr int64_t slice = 256;
constexpr int panel_vectors = 2;
constexpr int panel = panel_vectors * lanes;

struct Product {
    int64_t d, d_pitch, a, a_pitch, b, b_pitch, bias, m, n, k;
    bool a_transposed, b_transposed, accumulate;
};

template <class E>
struct Buffers {
    E *a, *b;
    float* sums;
    // Rows of A along the depth are a cache line longer than a slice: rows a power of two apart would fall on the same cache sets.
    static constexpr int64_t a_pitch = slice / values_of<E> + 16;

    explicit Buffers(Layout& layout) {
        a = layout.take<E>(max_block * (slice + 16));
        b = layout.take<E>(panel * slice / values_of<E>);
        sums = layout.take<float>(max_block * (max_block + panel));
    }
};

template <class E, class D, class T>
static void multiply_block(const Product& p, const Buffers<E>& buffers, int64_t row, int64_t rows, int64_t column, int64_t columns) {
    constexpr int values = values_of<E>;
    const T* a = pointer<T>(p.a);
    const T* b = pointer<T>(p.b);
    int64_t padded_rows = round_up(rows, tile_rows), panels = (columns + panel - 1) / panel, pitch = panels * panel;
    for (int64_t first = 0; first < p.k; first += slice) {
        int64_t depth = smaller(slice, p.k - first);
        int elements = static_cast<int>((depth + values - 1) / values);
        constexpr int64_t a_row_pitch = max_block + 16;
        if (p.a_transposed) {
            pack_row_pairs(buffers.a, a_row_pitch, a + first * p.a_pitch + row, p.a_pitch, depth, rows);
        } else {
            pack_rows(buffers.a, buffers.a_pitch, a + row * p.a_pitch + first, p.a_pitch, rows, padded_rows, depth);
        }
        for (int64_t i = 0; i < panels; i++) {
            E* packed = buffers.b;
            int64_t at = column + i * panel, width = smaller(panel, p.n - at);
            if (p.b_transposed) {
                pack_row_pairs(packed, panel, b + first * p.b_pitch + at, p.b_pitch, depth, width);
            } else {
                pack_transposed(packed, panel, b + at * p.b_pitch + first, p.b_pitch, width, depth);
            }
            int vectors = static_cast<int>((width + lanes - 1) / lanes);
            Start start = first == 0 ? from_zero : accumulating;
            float* sums = buffers.sums + i * panel;
            if (p.a_transposed) {
                multiply<Along::rows>(static_cast<int>(padded_rows), vectors, elements, buffers.a, a_row_pitch, packed, panel, sums, pitch,
                                      start, Everything{});
            } else {
                multiply<Along::depth>(static_cast<int>(padded_rows), vectors, elements, buffers.a, buffers.a_pitch, packed, panel, sums,
                                       pitch, start, Everything{});
            }
        }
    }
    for (int64_t i = 0; i < rows; i++) {
        float* sum = buffers.sums + i * pitch;
        D* d = pointer<D>(p.d) + (row + i) * p.d_pitch + column;
        if (p.k == 0) memset(sum, 0, static_cast<size_t>(columns) * sizeof(float));
        if (p.bias != 0)
            for (int64_t j = 0; j < columns; j++) sum[j] += load(pointer<T>(p.bias)[column + j]);
        if (p.accumulate)
            for (int64_t j = 0; j < columns; j++) sum[j] += load(d[j]);
        for (int64_t j = 0; j < columns; j++) store(d[j], sum[j]);
    }
}

template <class E, class D, class T>
static void multiply_all(const Product& p) {
    int64_t threads = omp_get_max_threads();
    Layout measure(nullptr);
    Buffers<E> measured(measure);
    Workspace workspace("gemm", measure.used() * threads);
    int64_t row_blocks = (p.m + max_block - 1) / max_block, column_blocks = (p.n + max_block - 1) / max_block;
    while (row_blocks * column_blocks < threads && column_blocks * panel < p.n) column_blocks++;
    int64_t rows = round_up((p.m + row_blocks - 1) / row_blocks, tile_rows),
            columns = round_up((p.n + column_blocks - 1) / column_blocks, panel);
#pragma omp parallel if (p.m * p.n * p.k > worth_waking)
    {
        Layout layout(workspace.at(measure.used() * omp_get_thread_num()));
        Buffers<E> buffers(layout);
#pragma omp for collapse(2) schedule(dynamic)
        for (int64_t row = 0; row < p.m; row += rows)
            for (int64_t column = 0; column < p.n; column += columns)
                multiply_block<E, D, T>(p, buffers, row, smaller(rows, p.m - row), column, smaller(columns, p.n - column));
    }
}

}  // namespace

int gemm(int64_t stream, int d_dtype, int64_t d, int64_t d_pitch, int operand_dtype, int64_t a, int64_t a_pitch, int a_transposed,
         int64_t b, int64_t b_pitch, int b_transposed, int64_t bias, int64_t m, int64_t n, int64_t k, int accumulate) {
    if (operand_dtype != OTTAVA_BF16 && (operand_dtype != OTTAVA_F32 || d_dtype != OTTAVA_F32))
        fail(OTTAVA_UNSUPPORTED, "gemm on cpu: operands of dtype %d with a result of dtype %d; bf16 gives bf16 or f32, f32 gives f32",
             operand_dtype, d_dtype);
    if (m == 0 || n == 0) return OTTAVA_OK;
    Gemm gemm{d_dtype, operand_dtype, a_transposed, b_transposed, bias != 0, accumulate, d_pitch, a_pitch, b_pitch, m, n, k};
    if (k > 0 && multiply_with_onednn(stream, gemm, d, a, b, bias)) return OTTAVA_OK;
    Product product{d, d_pitch, a, a_pitch, b, b_pitch, bias, m, n, k, a_transposed != 0, b_transposed != 0, accumulate != 0};
    if (operand_dtype == OTTAVA_F32) {
        multiply_all<float, float, float>(product);
    } else if (d_dtype == OTTAVA_F32) {
        multiply_all<bf16_element, float, bf16>(product);
    } else {
        multiply_all<bf16_element, bf16, bf16>(product);
    }
    return OTTAVA_OK;
}

OTTAVA_CPU_END
