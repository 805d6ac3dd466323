#include "error.h"

#include <cstdarg>
#include <cstdio>

namespace ottava {

static thread_local char message[1024] = "";

void fail(int code, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    throw Failure{code};
}

const char* last_error() {
    return message;
}

}  // namespace ottava
