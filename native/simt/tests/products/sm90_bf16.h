#pragma once

#include <cstdint>

namespace ottava {

// Returns the number of cases, and adds to `wrong` how many of them are, each with a line printed.
int check_sm90_bf16(int64_t device, int64_t stream, int& wrong);

}  // namespace ottava
