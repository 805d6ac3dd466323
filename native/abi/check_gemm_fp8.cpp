#include "check_gemm_fp8.h"

#include "error.h"
#include "ottava/quantize.h"

namespace ottava {

// Coordinates are 32-bit, also those of tiles that reach beyond the matrices.
static constexpr int64_t multiple = 16, most = INT32_MAX - 512;

static long long shown(int64_t value) {
    return static_cast<long long>(value);
}

static int64_t filled_up(int64_t count) {
    return (count + multiple - 1) / multiple * multiple;
}

static bool is_fp8(int dtype) {
    return dtype == OTTAVA_E4M3 || dtype == OTTAVA_E5M2;
}

static void check_codes(const char* operation, const char* name, int dtype, int64_t codes, int64_t pitch, int64_t least_pitch,
                        int64_t scales) {
    if (!is_fp8(dtype))
        fail(OTTAVA_INVALID_ARGUMENT, "%s: %s is of dtype %d; it has to be E4M3 (%d) or E5M2 (%d)", operation, name, dtype, OTTAVA_E4M3,
             OTTAVA_E5M2);
    if (codes == 0 || scales == 0) fail(OTTAVA_INVALID_ARGUMENT, "%s: the address of %s, or of its scales, is 0", operation, name);
    if (codes % multiple != 0)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: the address of %s is not a multiple of 16: it is %lld above one", operation, name,
             shown(codes % multiple));
    if (pitch % multiple != 0 || pitch < least_pitch)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: the rows of %s are %lld apart; that has to be a multiple of 16 and at least %lld, such as %lld",
             operation, name, shown(pitch), shown(least_pitch), shown(filled_up(pitch < least_pitch ? least_pitch : pitch)));
}

void check_gemm_fp8_operands(const char* operation, const Fp8OperandArguments& a, const Fp8OperandArguments& b, int bias_dtype,
                             int64_t bias, int64_t m, int64_t n, int64_t k) {
    if (m < 0 || n < 0 || m > most || n > most || k > most || (m / 64 + 1) * (n / 64 + 1) > INT32_MAX)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: m=%lld n=%lld k=%lld is too large: divide it along m or n", operation, shown(m), shown(n),
             shown(k));
    if (k <= 0 || k % multiple != 0) {
        int64_t above = k <= 0 ? multiple : filled_up(k), below = above - multiple;
        if (below > 0)
            fail(OTTAVA_INVALID_ARGUMENT,
                 "%s: k=%lld is not a multiple of 16: the nearest that work are %lld and %lld, filled up with zeros", operation, shown(k),
                 shown(below), shown(above));
        fail(OTTAVA_INVALID_ARGUMENT, "%s: k=%lld is not a multiple of 16: the nearest that works is %lld, filled up with zeros", operation,
             shown(k), shown(above));
    }
    check_codes(operation, "a", a.dtype, a.codes, a.pitch, k, a.scales);
    check_codes(operation, "b", b.dtype, b.codes, b.pitch, k, b.scales);
    if (a.dtype == OTTAVA_E5M2 && b.dtype == OTTAVA_E5M2)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: a and b are both E5M2: one of them has to be E4M3", operation);
    if (bias != 0 && bias_dtype != OTTAVA_F32 && bias_dtype != OTTAVA_BF16)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: the bias is of dtype %d, neither F32 nor BF16", operation, bias_dtype);
}

void check_gemm_fp8_result(const char* operation, int d_dtype, int64_t d, int64_t d_pitch, int64_t addend, int64_t addend_pitch,
                           int64_t n) {
    if (d_dtype != OTTAVA_F32 && d_dtype != OTTAVA_BF16)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: D is of dtype %d, neither F32 nor BF16; gemm_fp8_quantize gives FP8", operation, d_dtype);
    if (d == 0) fail(OTTAVA_INVALID_ARGUMENT, "%s: the address of D is 0", operation);
    if (d_pitch < n || (addend != 0 && addend_pitch < n))
        fail(OTTAVA_INVALID_ARGUMENT, "%s: the rows of D are %lld apart and those of the addend %lld, for n=%lld", operation,
             shown(d_pitch), shown(addend_pitch), shown(n));
}

void check_gemm_fp8_quantized(const char* operation, int q_dtype, int64_t q, int64_t q_pitch, int scaling, int64_t q_scales, int64_t n) {
    check_codes(operation, "q", q_dtype, q, q_pitch, filled_up(n), q_scales);
    if (scaling != OTTAVA_BLOCKS_128 && scaling != OTTAVA_GROUPS_16)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: D is scaled in blocks of 128 x 128 (%d) or in groups of 16 (%d), not %d", operation,
             OTTAVA_BLOCKS_128, OTTAVA_GROUPS_16, scaling);
}

}  // namespace ottava
