#include "images.h"

#include <cstring>
#include <iterator>
#include <string_view>

// The images lie in the read-only data; images.inc, which the build writes, has an OTTAVA_IMAGE(family, architecture, file) for each.
#ifdef _WIN32
#define OTTAVA_READ_ONLY ".section .rdata,\"dr\"\n"
#else
#define OTTAVA_READ_ONLY ".section .rodata\n"
#endif
#define OTTAVA_IMAGE(family, architecture, file)                                                                                    \
    asm(OTTAVA_READ_ONLY ".balign 64\nottava_image_" #family "_" #architecture ":\n.incbin \"" file "\"\nottava_image_end_" #family \
                         "_" #architecture ":\n.byte 0\n.text\n");                                                                  \
    extern "C" __attribute__((visibility("hidden"))) const char ottava_image_##family##_##architecture[];                           \
    extern "C" __attribute__((visibility("hidden"))) const char ottava_image_end_##family##_##architecture[];
#include "images.inc"
#undef OTTAVA_IMAGE

namespace ottava::cuda {

std::span<const Image> images() {
#define OTTAVA_IMAGE(family, architecture, file) \
    {#family, #architecture, ottava_image_##family##_##architecture, ottava_image_end_##family##_##architecture},
    static const Image all[] = {
#include "images.inc"
        {nullptr, nullptr, nullptr, nullptr}};
#undef OTTAVA_IMAGE
    return {all, std::size(all) - 1};
}

bool Image::is_ptx() const {
    return std::strncmp(architecture, "compute_", 8) == 0;
}

bool Image::contains(const char* kernel) const {
    // A cubin has a section for each kernel, a name in its table of strings; PTX is text.
    std::string wanted = is_ptx() ? std::string(".entry ") + kernel + "(" : std::string(".text.") + kernel;
    return std::string_view(begin, end).find({wanted.c_str(), wanted.size() + (is_ptx() ? 0 : 1)}) != std::string_view::npos;
}

Choice choose_kernels(int major, int minor) {
    std::string capability = "compute capability " + std::to_string(major) + "." + std::to_string(minor);
    if (major < 8) return {nullptr, 0, capability + " is older than 8.0 (Ampere), which the kernels need"};
    if (major == 8 && minor < 9) return {"sm_80", 80, "the kernels of sm_80, which run on " + capability};
    if (major == 8 && minor == 9) return {"sm_89", 89, "the kernels of sm_89, which are made for " + capability};
    if (major == 9 && minor == 0) return {"sm_90a", 90, "the kernels of sm_90a, which are made for " + capability};
    return {"compute_89", 89, "the portable kernels as PTX of compute_89, compiled by the driver: none are made for " + capability};
}

}  // namespace ottava::cuda
