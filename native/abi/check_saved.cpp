#include "check_saved.h"

#include "error.h"
#include "ottava/base.h"

namespace ottava {

void check_saved(const char* operation, const char* name, int64_t codes, int64_t pitch, int64_t scales, int64_t columns) {
    if (scales == 0) return;
    if (codes == 0 || codes % 16 != 0)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: the address of %s is 0 or not a multiple of 16, as that of codes has to be", operation, name);
    int64_t least = (columns + 15) / 16 * 16;
    if (pitch % 16 != 0 || pitch < least)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: the rows of %s are %lld apart; that has to be a multiple of 16 and at least %lld", operation,
             name, static_cast<long long>(pitch), static_cast<long long>(least));
}

void check_saved_pair(const char* operation, int64_t gate, int64_t up, int64_t pitch, int64_t gate_scales, int64_t up_scales,
                      int64_t columns) {
    if ((gate_scales == 0) != (up_scales == 0))
        fail(OTTAVA_INVALID_ARGUMENT, "%s: gate or up has scales and the other has not: both are codes, or neither", operation);
    check_saved(operation, "gate", gate, pitch, gate_scales, columns);
    check_saved(operation, "up", up, pitch, up_scales, columns);
}

}  // namespace ottava
