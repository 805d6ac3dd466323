// Failures inside the library: thrown by fail(), turned into a status and a thread-local message where the C ABI begins.
#pragma once

#include "ottava/base.h"

namespace ottava {

struct Failure {
    int code;
};

// Records the message (printf style; it names the thing and the remedy) and throws a Failure.
[[noreturn]] void fail(int code, const char* format, ...) __attribute__((format(printf, 2, 3)));

const char* last_error();

}  // namespace ottava
