// What launches may ask of the simt device.
#pragma once

#include <cstdint>

namespace ottava::simt {

// LaunchConfig::workers of the stream's device.
int workers(int64_t stream);

}  // namespace ottava::simt
