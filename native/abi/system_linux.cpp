#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "system.h"

namespace ottava::system {

void* open_library(const char* name, std::string& why) {
    void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    const char* error = library == nullptr ? dlerror() : nullptr;
    why = error == nullptr ? "" : error;
    if (why == std::string(name) + ": cannot open shared object file: No such file or directory") why = "";
    return library;
}

void* find_function(void* library, const char* name) {
    return dlsym(library, name);
}

void* allocate(size_t alignment, size_t bytes) {
    void* block = nullptr;
    return posix_memalign(&block, alignment, bytes) == 0 ? block : nullptr;
}

void free(void* block) {
    std::free(block);
}

void prefer_large_pages(void* block, size_t bytes) {
    madvise(block, bytes, MADV_HUGEPAGE);
}

void* reserve_pages(size_t bytes) {
    void* pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return pages == MAP_FAILED ? nullptr : pages;
}

void release_pages(void* pages, size_t bytes) {
    munmap(pages, bytes);
}

int64_t available_memory() {
    if (FILE* file = std::fopen("/proc/meminfo", "r")) {
        char line[256];
        long long kibibytes = 0;
        while (std::fgets(line, sizeof line, file))
            if (std::sscanf(line, "MemAvailable: %lld kB", &kibibytes) == 1) break;
        std::fclose(file);
        if (kibibytes > 0) return kibibytes * 1024;
    }
    return static_cast<int64_t>(sysconf(_SC_AVPHYS_PAGES)) * sysconf(_SC_PAGESIZE);
}

std::string processor_name() {
    std::string name = "unknown";
    if (FILE* file = std::fopen("/proc/cpuinfo", "r")) {
        char line[512];
        while (std::fgets(line, sizeof line, file)) {
            if (std::strncmp(line, "model name", 10) != 0) continue;
            const char* value = std::strchr(line, ':');
            if (value != nullptr) name.assign(value + 2, std::strcspn(value + 2, "\n\"\\"));
            break;
        }
        std::fclose(file);
    }
    return name;
}

}  // namespace ottava::system
