// Built, not run.
#include <malloc.h>
#include <windows.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "system.h"

namespace ottava::system {

void* open_library(const char* name, std::string& why) {
    // A library that is named with its folder finds there what it needs itself.
    bool in_folder = std::strpbrk(name, "/\\") != nullptr;
    HMODULE library = LoadLibraryExA(name, nullptr, in_folder ? LOAD_WITH_ALTERED_SEARCH_PATH : 0);
    DWORD error = library == nullptr ? GetLastError() : ERROR_SUCCESS;
    bool absent = error == ERROR_SUCCESS || error == ERROR_MOD_NOT_FOUND;
    why = absent ? "" : std::string(name) + ": Windows error " + std::to_string(error);
    return reinterpret_cast<void*>(library);
}

void* find_function(void* library, const char* name) {
    return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(library), name));
}

void* allocate(size_t alignment, size_t bytes) {
    return _aligned_malloc(bytes, alignment);
}

void free(void* block) {
    _aligned_free(block);
}

void prefer_large_pages(void*, size_t) {
}  // they want a privilege

void* reserve_pages(size_t bytes) {
    return VirtualAlloc(nullptr, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

void release_pages(void* pages, size_t) {
    VirtualFree(pages, 0, MEM_RELEASE);
}

int64_t available_memory() {
    MEMORYSTATUSEX memory{};
    memory.dwLength = sizeof memory;
    return GlobalMemoryStatusEx(&memory) ? static_cast<int64_t>(memory.ullAvailPhys) : 0;
}

std::string processor_name() {
    const char* name = std::getenv("PROCESSOR_IDENTIFIER");
    return name == nullptr ? "unknown" : name;
}

}  // namespace ottava::system
