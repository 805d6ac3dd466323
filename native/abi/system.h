// What the operating system does: libraries found at run time, pages, memory. One implementation for each system.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>  // names std::string; the kernels of the cpu device shall see no more of it

namespace ottava::system {

// Null where it cannot be loaded; then `why` says so, "" where there simply is no library of that name. Never unloaded.
void* open_library(const char* name, std::string& why);
void* find_function(void* library, const char* name);

// Aligned to a power of 2 from 16 on; null where there is no memory.
void* allocate(size_t alignment, size_t bytes);
void free(void* block);
// Large pages for memory that is walked through end to end, where the system takes such advice.
void prefer_large_pages(void* block, size_t bytes);

// Whole pages of zeros that cost no memory until they are written, where the system allows that; null where there are none.
void* reserve_pages(size_t bytes);
void release_pages(void* pages, size_t bytes);

int64_t available_memory();  // bytes
std::string processor_name();

}  // namespace ottava::system
