#include "check_update.h"

#include <initializer_list>

#include "error.h"
#include "ottava/optimizer.h"

namespace ottava {

static bool is_floating(int dtype) {
    return dtype == OTTAVA_F32 || dtype == OTTAVA_BF16;
}

static void check_floating(const char* operation, const char* name, int dtype) {
    if (!is_floating(dtype)) fail(OTTAVA_INVALID_ARGUMENT, "%s: the %s is of dtype %d, neither F32 nor BF16", operation, name, dtype);
}

static void check_rows(const char* operation, int64_t control, const int64_t* tensors, int64_t count,
                       std::initializer_list<int> addresses) {
    if (count < 0 || (count > 0 && tensors == nullptr))
        fail(OTTAVA_INVALID_ARGUMENT, "%s: %lld tensors, and the table is %s", operation, static_cast<long long>(count),
             tensors == nullptr ? "absent" : "there");
    if (count > 0 && control == 0) fail(OTTAVA_INVALID_ARGUMENT, "%s: the address of the control is 0", operation);
    for (int64_t i = 0; i < count; i++) {
        const int64_t* row = tensors + i * OTTAVA_UPDATE_FIELDS;
        if (row[OTTAVA_UPDATE_COUNT] < 0)
            fail(OTTAVA_INVALID_ARGUMENT, "%s: tensor %lld has %lld elements", operation, static_cast<long long>(i),
                 static_cast<long long>(row[OTTAVA_UPDATE_COUNT]));
        if (row[OTTAVA_UPDATE_COUNT] == 0) continue;
        for (int field : addresses)
            if (row[field] == 0)
                fail(OTTAVA_INVALID_ARGUMENT, "%s: word %d of tensor %lld, an address, is 0", operation, field, static_cast<long long>(i));
    }
}

void check_lomo_update(int64_t control, int weight_dtype, int gradient_dtype, const int64_t* tensors, int64_t count) {
    check_floating("lomo_update", "weight", weight_dtype);
    check_floating("lomo_update", "gradient", gradient_dtype);
    check_rows("lomo_update", control, tensors, count, {OTTAVA_UPDATE_WEIGHT, OTTAVA_UPDATE_GRADIENT});
}

void check_adalomo_update_vectors(int64_t control, int weight_dtype, const int64_t* tensors, int64_t count) {
    check_floating("adalomo_update_vectors", "weight", weight_dtype);
    check_rows("adalomo_update_vectors", control, tensors, count,
               {OTTAVA_UPDATE_WEIGHT, OTTAVA_UPDATE_GRADIENT, OTTAVA_UPDATE_SECOND_MOMENT});
}

void check_adamw_update(int64_t control, int weight_dtype, int gradient_dtype, int moment_dtype, const int64_t* tensors, int64_t count,
                        int stochastic) {
    check_floating("adamw_update", "weight", weight_dtype);
    check_floating("adamw_update", "gradient", gradient_dtype);
    if (!is_floating(moment_dtype) && moment_dtype != OTTAVA_E4M3)
        fail(OTTAVA_INVALID_ARGUMENT, "adamw_update: the moments are of dtype %d, none of F32, BF16 and E4M3", moment_dtype);
    check_rows("adamw_update", control, tensors, count,
               {OTTAVA_UPDATE_WEIGHT, OTTAVA_UPDATE_GRADIENT, OTTAVA_UPDATE_FIRST_MOMENT, OTTAVA_UPDATE_SECOND_MOMENT});
    if (moment_dtype == OTTAVA_E4M3)
        check_rows("adamw_update", control, tensors, count, {OTTAVA_UPDATE_FIRST_GROUPS, OTTAVA_UPDATE_SECOND_GROUPS});
    int64_t split = 0, whole = 0;
    for (int64_t i = 0; i < count; i++) {
        const int64_t* row = tensors + i * OTTAVA_UPDATE_FIELDS;
        if (row[OTTAVA_UPDATE_COUNT] > 0) (row[OTTAVA_UPDATE_LOW_BITS] != 0 ? split : whole)++;
    }
    if (split > 0 && (whole > 0 || weight_dtype == OTTAVA_F32))
        fail(OTTAVA_INVALID_ARGUMENT,
             "adamw_update: %lld of %lld tensors have low bits; BF16 weights of a call have them all or none do, and F32 weights have none",
             static_cast<long long>(split), static_cast<long long>(split + whole));
    if (weight_dtype == OTTAVA_BF16 && whole > 0 && !stochastic)
        fail(OTTAVA_INVALID_ARGUMENT,
             "adamw_update: a BF16 weight needs its low bits or stochastic rounding, or small updates would be lost");
}

}  // namespace ottava
