#include "shared_memory.h"

#include <cstring>
#include <new>

#include "../abi/system.h"
#include "sanitizer.h"

namespace ottava::simt {

static constexpr size_t GUARD = 256;
static constexpr size_t ROOM = 512 * 1024;  // the limit, guards and alignment

SharedMemory::SharedMemory() {
    // One page more, to align to 1024 bytes and to have a guard in front.
    void* block = system::reserve_pages(ROOM + 4096);
    if (block == nullptr) throw std::bad_alloc();
    memory = static_cast<unsigned char*>(block) + 4096;
    std::memset(memory - GUARD, 0xff, GUARD);
}

SharedMemory::~SharedMemory() {
    unpoison(memory - 4096, ROOM + 4096);
    system::release_pages(memory - 4096, ROOM + 4096);
}

void SharedMemory::guard(size_t begin, size_t end) {
    std::memset(memory + begin, 0xff, end - begin);
    poison(memory + begin, end - begin);
}

void SharedMemory::reset(int64_t dynamic_bytes, int64_t most_bytes) {
    unpoison(memory, ROOM);
    arrays.clear();
    charged = static_cast<size_t>(dynamic_bytes);
    most = static_cast<size_t>(most_bytes);
    arrays.push_back({nullptr, "dynamic shared memory", 0, charged});
    std::memset(memory, 0xff, charged);
    used = (charged + GUARD + 15) / 16 * 16;
    guard(charged, used);
}

void* SharedMemory::array(const void* key, const char* name, size_t bytes, size_t alignment) {
    for (const Array& array : arrays)
        if (array.key == key) return memory + array.begin;
    charged += bytes;
    if (charged > most) return nullptr;
    size_t begin = (used + alignment - 1) / alignment * alignment;
    size_t end = begin + bytes;
    guard(used, begin);
    unpoison(memory + begin, bytes);
    std::memset(memory + begin, 0xff, bytes);
    used = (end + GUARD + 15) / 16 * 16;
    guard(end, used);
    arrays.push_back({key, name, begin, bytes});
    return memory + begin;
}

bool SharedMemory::holds(const void* address, size_t bytes) const {
    auto* first = static_cast<const unsigned char*>(address);
    for (const Array& array : arrays) {
        const unsigned char* begin = memory + array.begin;
        if (first >= begin && first + bytes <= begin + array.bytes) return true;
    }
    return false;
}

std::string SharedMemory::damage() const {
    unpoison(memory, used);
    unpoison(memory - GUARD, GUARD);
    auto intact = [&](const unsigned char* begin, const unsigned char* end) {
        while (begin < end && *begin == 0xff) begin++;
        return begin >= end;
    };
    if (!intact(memory - GUARD, memory)) return "a write before the beginning of shared memory";
    for (size_t i = 0; i < arrays.size(); i++) {
        size_t end = arrays[i].begin + arrays[i].bytes;
        size_t next = i + 1 < arrays.size() ? arrays[i + 1].begin : used;
        if (!intact(memory + end, memory + next))
            return "a write past the end of " + std::string(arrays[i].name) + " (" + std::to_string(arrays[i].bytes) +
                   " bytes of shared memory)";
    }
    return "";
}

}  // namespace ottava::simt
