// The shared memory of one block: what the launch asked for, then the arrays that the kernel declares, with guard bands between.
// All of it is 0xff, a NaN in every format, until the kernel writes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ottava::simt {

constexpr int64_t SHARED_LIMIT = 227 * 1024;  // bytes a block may use, as on sm_90

struct SharedMemory {
    SharedMemory();
    ~SharedMemory();
    SharedMemory(const SharedMemory&) = delete;

    void reset(int64_t dynamic_bytes);
    void* array(const void* key, const char* name, size_t bytes, size_t alignment);  // null: more than the limit
    unsigned char* dynamic() const { return memory; }
    // Whether [address, address + bytes) lies in one array or in the dynamic part.
    bool holds(const void* address, size_t bytes) const;
    int64_t offset(const void* address) const { return static_cast<const unsigned char*>(address) - memory; }
    // "" or which array was written past its end.
    std::string damage() const;

  private:
    struct Array {
        const void* key;
        const char* name;
        size_t begin, bytes;
    };
    void guard(size_t begin, size_t end);

    unsigned char* memory;
    std::vector<Array> arrays;  // the dynamic part first
    size_t used = 0, charged = 0;
};

}  // namespace ottava::simt
