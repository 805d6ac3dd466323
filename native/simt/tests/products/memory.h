// Memory of the device, which is the processor's; freed at the end.
#pragma once

#include <cstdio>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

#include "launch/launch.h"

namespace ottava {

struct TestMemory {
    int64_t device;
    std::vector<std::pair<int64_t, int64_t>> blocks{};
    std::mt19937 random{5};

    ~TestMemory() {
        for (auto [address, bytes] : blocks) ottava_memory_free(device, address, bytes);
    }
    int64_t empty(int64_t bytes) {
        int64_t address = 0;
        if (ottava_memory_allocate(device, bytes, &address) != OTTAVA_OK) std::printf("%s\n", ottava_last_error());
        blocks.push_back({address, bytes});
        return address;
    }
    int64_t copy(int64_t from, int64_t bytes) {
        int64_t to = empty(bytes);
        std::memcpy(pointer<void>(to), pointer<void>(from), static_cast<size_t>(bytes));
        return to;
    }
    // Of any size below 2 in both formats of FP8.
    int64_t codes(int64_t count) {
        int64_t address = empty(count);
        for (int64_t i = 0; i < count; i++) pointer<uint8_t>(address)[i] = static_cast<uint8_t>(random() % 0x40 | random() % 2 << 7);
        return address;
    }
    int64_t floats(int64_t count) {
        int64_t address = empty(4 * count);
        for (int64_t i = 0; i < count; i++) pointer<float>(address)[i] = 0.5f + static_cast<float>(random() % 1000) / 1000;
        return address;
    }
    // BF16 below 2.
    int64_t halves(int64_t count) {
        int64_t address = empty(2 * count);
        for (int64_t i = 0; i < count; i++) pointer<uint16_t>(address)[i] = static_cast<uint16_t>(random() % 0x4000 | random() % 2 << 15);
        return address;
    }
};

}  // namespace ottava
