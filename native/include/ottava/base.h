/*
 * The C ABI of Ottava: what all headers share.
 *
 * Conventions
 * - Plain data in, an int status out: 0 (OTTAVA_OK) or an error code, with a message in ottava_last_error(). No exceptions cross it.
 * - Addresses and handles are int64_t. An address is of memory on the stream's device unless its name begins with `host_`.
 *   The address 0 means "absent" where a parameter is documented as optional, and is an error everywhere else.
 * - Shapes are row-major [rows, columns]; linear weights are [out, in]. Counts and pitches are in elements, never in bytes.
 * - Every operation takes the stream it runs on first and returns before it is complete on an asynchronous device.
 * - Computation is in F32 whatever the storage type is; results are rounded to nearest even unless a name says stochastic.
 */
#ifndef OTTAVA_BASE_H
#define OTTAVA_BASE_H

#include <stdint.h>

#define OTTAVA_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* Status codes. */
enum {
    OTTAVA_OK = 0,
    OTTAVA_INVALID_ARGUMENT = 1,
    OTTAVA_OUT_OF_MEMORY = 2,
    OTTAVA_UNSUPPORTED = 3,
    OTTAVA_DEVICE_ERROR = 4,
};

/* Element types. The codes are those of dev.ottava.core.DType. */
enum {
    OTTAVA_F32 = 0,
    OTTAVA_BF16 = 1,
    OTTAVA_F16 = 2,
    OTTAVA_I32 = 3,
    OTTAVA_I16 = 4,
    OTTAVA_E4M3 = 5,
    OTTAVA_E5M2 = 6,
};

#ifdef __cplusplus
}
#endif

#endif
