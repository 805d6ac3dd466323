#include "memory.h"

#include <cstring>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "../abi/system.h"
#include "sanitizer.h"

namespace ottava::simt {

namespace {

constexpr int64_t GUARD = 256;

struct Allocations {
    std::shared_mutex mutex;
    std::map<int64_t, int64_t> bytes;  // by address
};

Allocations& allocations() {
    static Allocations all;
    return all;
}

int64_t rounded(int64_t bytes) {
    return (bytes + 255) / 256 * 256;
}

[[maybe_unused]] bool intact(int64_t address, int64_t bytes) {
    auto* byte = reinterpret_cast<const unsigned char*>(address);
    for (int64_t i = 0; i < bytes; i++)
        if (byte[i] != 0xff) return false;
    return true;
}

}  // namespace

int64_t allocate(int64_t bytes) {
    size_t size = static_cast<size_t>(rounded(bytes) + 2 * GUARD);
    void* block = bytes < 0 ? nullptr : system::allocate(256, size);
    if (block == nullptr) return 0;
    std::memset(block, 0xff, size);
    int64_t address = reinterpret_cast<int64_t>(block) + GUARD;
    poison(block, GUARD);
    poison(reinterpret_cast<void*>(address + bytes), static_cast<size_t>(rounded(bytes) - bytes + GUARD));
    Allocations& all = allocations();
    std::unique_lock lock(all.mutex);
    all.bytes[address] = bytes;
    return address;
}

void free(int64_t address) {
    if (address == 0) return;
    Allocations& all = allocations();
    int64_t bytes;
    {
        std::unique_lock lock(all.mutex);
        auto found = all.bytes.find(address);
        if (found == all.bytes.end()) return;
        bytes = found->second;
        all.bytes.erase(found);
    }
    void* block = reinterpret_cast<void*>(address - GUARD);
    unpoison(block, static_cast<size_t>(rounded(bytes) + 2 * GUARD));
    system::free(block);
}

std::string damaged_allocation() {
#if defined(__SANITIZE_ADDRESS__)
    return "";  // the sanitizer has reported the write itself
#else
    Allocations& all = allocations();
    std::shared_lock lock(all.mutex);
    for (auto [address, bytes] : all.bytes) {
        const char* side = !intact(address - GUARD, GUARD)                            ? "before"
                           : !intact(address + bytes, rounded(bytes) - bytes + GUARD) ? "past"
                                                                                      : nullptr;
        if (side != nullptr) return std::string("a write ") + side + " an allocation of " + std::to_string(bytes) + " bytes";
    }
    return "";
#endif
}

bool may_access(const void* address, int64_t bytes) {
    auto first = reinterpret_cast<int64_t>(address);
    Allocations& all = allocations();
    std::shared_lock lock(all.mutex);
    auto after = all.bytes.upper_bound(first);
    if (after != all.bytes.begin()) {
        auto [begin, size] = *std::prev(after);
        if (first + bytes <= begin + size) return true;
        if (first < begin + rounded(size) + GUARD) return false;
    }
    return after == all.bytes.end() || first + bytes <= after->first - GUARD;
}

}  // namespace ottava::simt
