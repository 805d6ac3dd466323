// The shared memory of one block: what the launch asked for, then the arrays that the kernel declares, with guard bands between.
// All of it is 0xff, a NaN in every format, until the kernel writes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ottava::simt {

// Bytes a block may use (CUDA C++ Programming Guide, "Technical Specifications per Compute Capability").
constexpr int64_t shared_limit(int architecture) {
    return (architecture >= 90 ? 227 : architecture == 80 ? 163 : 99) * int64_t{1024};
}

struct SharedMemory {
    SharedMemory();
    ~SharedMemory();
    SharedMemory(const SharedMemory&) = delete;

    void reset(int64_t dynamic_bytes, int64_t most_bytes);
    void* array(const void* key, const char* name, size_t bytes, size_t alignment);  // null: more than the limit
    unsigned char* dynamic() const { return memory; }
    int64_t limit() const { return static_cast<int64_t>(most); }
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
    size_t used = 0, charged = 0, most = 0;
};

}  // namespace ottava::simt
