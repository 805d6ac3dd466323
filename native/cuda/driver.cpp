#include "driver.h"

#include "../abi/error.h"
#include "../abi/system.h"

namespace ottava::cuda {

namespace {

#ifdef _WIN32
constexpr const char* LIBRARY = "nvcuda.dll";
#else
constexpr const char* LIBRARY = "libcuda.so.1";
#endif

Driver load() {
    std::string why;
    void* library = system::open_library(LIBRARY, why);
    if (library == nullptr && why.empty())
        fail(OTTAVA_UNSUPPORTED, "no CUDA driver (%s) on this machine: where there is an NVIDIA GPU, NVIDIA's driver brings it", LIBRARY);
    if (library == nullptr) fail(OTTAVA_UNSUPPORTED, "the CUDA driver cannot be loaded: %s", why.c_str());
    Driver driver;
    if (void* version = system::find_function(library, "cuDriverGetVersion"))
        driver.cuDriverGetVersion = reinterpret_cast<decltype(driver.cuDriverGetVersion)>(version);
#define OTTAVA_FIND(name, parameters)                                                                              \
    driver.name = reinterpret_cast<decltype(driver.name)>(system::find_function(library, #name));                  \
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
    return system::open_library(LIBRARY, why) != nullptr || !why.empty();
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
