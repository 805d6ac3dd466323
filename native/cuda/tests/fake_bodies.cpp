// The bodies of all kernels, from the lists that their entry points are made from.
#include <map>

#include "fake.h"
#include "kernel_lists.h"

namespace ottava::cuda::fake {

const Body* find_body(const std::string& kernel) {
#define OTTAVA_BODY(name, ...) \
    {#name, {sizeof(__VA_ARGS__), __VA_ARGS__::threads, [](const void* kernel) { (*static_cast<const __VA_ARGS__*>(kernel))(); }}},
    static const std::map<std::string, Body> bodies = {OTTAVA_ALL_KERNELS(OTTAVA_BODY)};
#undef OTTAVA_BODY
    auto found = bodies.find(kernel);
    return found == bodies.end() ? nullptr : &found->second;
}

}  // namespace ottava::cuda::fake
