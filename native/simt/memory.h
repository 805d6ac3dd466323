// Global memory of the simt device: each allocation between guard bands of 0xff (NaN), checked after every launch.
#pragma once

#include <cstdint>
#include <string>

namespace ottava::simt {

// A 256-byte aligned block, filled with 0xff; 0 where there is no memory.
int64_t allocate(int64_t bytes);
void free(int64_t address);

// "" or the allocation before or after which something was written.
std::string damaged_allocation();

// Whether [address, address + bytes) lies in one allocation, or there is no allocation near it: memory of the host, unknown here.
bool may_access(const void* address, int64_t bytes);

}  // namespace ottava::simt
