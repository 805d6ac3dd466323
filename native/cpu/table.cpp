// The table of operations of one instruction set.
#include "kernels.h"

OTTAVA_CPU_BEGIN

extern const Operations table;
const Operations table = {
#define OTTAVA_ENTRY(name) name,
    OTTAVA_OPERATIONS(OTTAVA_ENTRY)
#undef OTTAVA_ENTRY
};

OTTAVA_CPU_END
