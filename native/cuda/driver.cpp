#include "driver.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

#include "../abi/error.h"

namespace ottava::cuda {

namespace {

#ifdef _WIN32
constexpr const char* LIBRARY = "nvcuda.dll";

void* open_library(std::string& why) {
    why = "";
    return reinterpret_cast<void*>(LoadLibraryA(LIBRARY));
}
void* symbol(void* library, const char* name) {
    return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(library), name));
}
#else
constexpr const char* LIBRARY = "libcuda.so.1";

// why: "" where there simply is no such file.
void* open_library(std::string& why) {
    void* library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    const char* error = library == nullptr ? dlerror() : nullptr;
    why = error == nullptr ? "" : error;
    if (why.rfind(std::string(LIBRARY) + ": cannot open shared object file", 0) == 0) why = "";
    return library;
}
void* symbol(void* library, const char* name) {
    return dlsym(library, name);
}
#endif

Driver load() {
    std::string why;
    void* library = open_library(why);
    if (library == nullptr && why.empty())
        fail(OTTAVA_UNSUPPORTED, "no CUDA driver (%s) on this machine: where there is an NVIDIA GPU, NVIDIA's driver brings it", LIBRARY);
    if (library == nullptr) fail(OTTAVA_UNSUPPORTED, "the CUDA driver cannot be loaded: %s", why.c_str());
    Driver driver;
    if (void* version = symbol(library, "cuDriverGetVersion"))
        driver.cuDriverGetVersion = reinterpret_cast<decltype(driver.cuDriverGetVersion)>(version);
#define OTTAVA_FIND(name, parameters)                                                                              \
    driver.name = reinterpret_cast<decltype(driver.name)>(symbol(library, #name));                                 \
    if (driver.name == nullptr)                                                                                    \
        fail(OTTAVA_UNSUPPORTED, "the CUDA driver (%s, for CUDA %s) has no %s: it is too old, update it", LIBRARY, \
             driver.cuDriverGetVersion != nullptr ? version_text(driver.version()).c_str() : "of unknown version", #name);
    OTTAVA_DRIVER_FUNCTIONS(OTTAVA_FIND)
#undef OTTAVA_FIND
    return driver;
}

}  // namespace

bool driver_found() {
    std::string why;
    return open_library(why) != nullptr || !why.empty();
}

const Driver& driver() {
    static const Driver loaded = load();  // what throws is tried again
    return loaded;
}

int Driver::version() const {
    int version = 0;
    cuDriverGetVersion(&version);
    return version;
}

std::string Driver::describe(CUresult error) const {
    const char* name = nullptr;
    const char* text = nullptr;
    if (cuGetErrorName(error, &name) != CUDA_SUCCESS || name == nullptr) return "CUDA error " + std::to_string(error);
    if (cuGetErrorString(error, &text) != CUDA_SUCCESS || text == nullptr) return name;
    return std::string(name) + ", " + text;
}

std::string version_text(int version) {
    return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace ottava::cuda
