#include "check_fused_lomo.h"

#include "error.h"
#include "ottava/base.h"

namespace ottava {

static long long shown(int64_t value) {
    return static_cast<long long>(value);
}

void check_lomo_weight(const char* operation, const LomoWeightArguments& x) {
    constexpr int64_t most = INT32_MAX - 512;  // coordinates are 32-bit, also those of tiles that reach beyond the weight
    if (x.rows < 0 || x.columns < 0 || x.rows > most || x.columns > most || (x.rows / 64 + 1) * (x.columns / 64 + 1) > INT32_MAX)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: a weight of %lld x %lld is too large: divide it along its rows", operation, shown(x.rows),
             shown(x.columns));
    if (x.weight == 0) return;
    if (x.control == 0) fail(OTTAVA_INVALID_ARGUMENT, "%s: the address of the control is 0, which only a weight of 0 goes with", operation);
    if (x.dtype == OTTAVA_E4M3) {
        int64_t least = (x.columns + 15) / 16 * 16;
        if (x.weight % 16 != 0 || x.pitch % 16 != 0 || x.pitch < least)
            fail(OTTAVA_INVALID_ARGUMENT,
                 "%s: the codes of the weight begin %lld above a multiple of 16, with rows %lld apart; both have to be multiples of 16, "
                 "rows "
                 "at least %lld apart",
                 operation, shown(x.weight % 16), shown(x.pitch), shown(least));
        if (x.scales == 0) fail(OTTAVA_INVALID_ARGUMENT, "%s: the address of the weight's scales is 0", operation);
        return;
    }
    check_lomo_dtype(operation, "the weight", x.dtype);
    if (x.pitch < x.columns)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: the rows of the weight are %lld apart, for %lld columns", operation, shown(x.pitch),
             shown(x.columns));
}

void check_lomo_operands(const char* operation, int64_t first_row, int64_t a_pitch, int64_t b_pitch, int64_t m, int64_t n, int64_t k) {
    if (first_row < 0 || k < 0 || (k > 0 && (a_pitch < m || b_pitch < n)))
        fail(OTTAVA_INVALID_ARGUMENT, "%s: first_row %lld, k %lld, rows of %lld and %lld numbers that are %lld and %lld apart", operation,
             shown(first_row), shown(k), shown(m), shown(n), shown(a_pitch), shown(b_pitch));
}

void check_lomo_dtype(const char* operation, const char* name, int dtype) {
    if (dtype != OTTAVA_F32 && dtype != OTTAVA_BF16)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: %s of dtype %d: F32 (%d) or BF16 (%d)", operation, name, dtype, OTTAVA_F32, OTTAVA_BF16);
}

}  // namespace ottava
