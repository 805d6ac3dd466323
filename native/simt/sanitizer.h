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
// Around a switch to the stack [bottom, bottom + bytes); `fake` keeps what the sanitizer knows of the stack that is left, null when it is
// left for good.
inline void before_switch(void** fake, const void* bottom, size_t bytes) {
    __sanitizer_start_switch_fiber(fake, bottom, bytes);
}
inline void after_switch(void* fake, const void** left_bottom, size_t* left_bytes) {
    __sanitizer_finish_switch_fiber(fake, left_bottom, left_bytes);
}
#else
inline void before_switch(void**, const void*, size_t) {
}
inline void after_switch(void*, const void**, size_t*) {
}
inline void poison(const void*, size_t) {
}
inline void unpoison(const void*, size_t) {
}
#endif

}  // namespace ottava::simt
