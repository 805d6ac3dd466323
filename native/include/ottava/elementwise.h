/* Operations on elements one by one, and sums over them. */
#ifndef OTTAVA_ELEMENTWISE_H
#define OTTAVA_ELEMENTWISE_H

#include "ottava/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* x[i] = value, rounded to nearest even. x: [count] of F32, BF16, E4M3, E5M2, I32 or I16. */
OTTAVA_API int ottava_fill(int64_t stream, int dtype, int64_t x, int64_t count, double value);

/* destination[i] = source[i], rounded to nearest even; a NaN stays a NaN. F32, BF16 and F16 in any combination. The two may not overlap. */
OTTAVA_API int ottava_cast(int64_t stream, int destination_dtype, int64_t destination, int source_dtype, int64_t source, int64_t count);

/* out[i] = a[i] + b[i]. F32 or BF16. out may be a or b. */
OTTAVA_API int ottava_add(int64_t stream, int dtype, int64_t out, int64_t a, int64_t b, int64_t count);

/* out[0] = sum of x[i]; out: F32; x: F32 [count]. Accumulated in double, in an order that does not depend on the threads. */
OTTAVA_API int ottava_sum(int64_t stream, int64_t out, int64_t x, int64_t count);

/* out[0] = sum of x[i]^2; out: F32; x: [count] of F32 or BF16. Accumulated in double, in an order that does not depend on the threads. */
OTTAVA_API int ottava_sum_squares(int64_t stream, int64_t out, int dtype, int64_t x, int64_t count);

/* out[j] (+)= sum over i of x[i, j]; out: F32 [columns]; x: [rows, columns] of F32 or BF16. The gradient of a bias. */
OTTAVA_API int ottava_column_sum(int64_t stream, int64_t out, int dtype, int64_t x, int64_t rows, int64_t columns, int accumulate);

#ifdef __cplusplus
}
#endif

#endif
