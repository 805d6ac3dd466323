// What elect.sync and setmaxnreg mean.
#pragma once

#include "context.h"

namespace ottava::simt {

bool elect_one(Site site);

// With LaunchConfig::registers given, an increase takes from what the block's warps have given back, and waits for it.
void set_registers(const char* operation, int registers, bool increase, Site site);

}  // namespace ottava::simt
