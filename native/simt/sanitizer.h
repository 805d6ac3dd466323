// What AddressSanitizer has to be told: stack switches, and memory that kernels must not touch. Nothing in other builds.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace ottava::simt {

#if defined(__SANITIZE_ADDRESS__)
inline void poison(const void* address, size_t bytes) {
    __asan_poison_memory_region(address, bytes);
}
inline void unpoison(const void* address, size_t bytes) {
    __asan_unpoison_memory_region(address, bytes);
}
#else
inline void poison(const void*, size_t) {
}
inline void unpoison(const void*, size_t) {
}
#endif

}  // namespace ottava::simt
