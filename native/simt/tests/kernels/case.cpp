#include "case.h"

#include <bit>
#include <cstring>

namespace ottava::cases {

static int64_t bytes_of(int dtype) {
    switch (dtype) {
        case OTTAVA_F32:
        case OTTAVA_I32: return 4;
        case OTTAVA_E4M3:
        case OTTAVA_E5M2: return 1;
        default: return 2;
    }
}

Case::~Case() {
    for (const Block& block : blocks) device.free(block.address, block.bytes);
}

int64_t Case::allocate(int64_t bytes) {
    int64_t address = device.allocate(bytes);
    blocks.push_back({address, bytes});
    return address;
}

int64_t Case::size(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(random() % static_cast<uint64_t>(most - least + 1));
}

int64_t Case::empty(int dtype, int64_t count) {
    return allocate(count * bytes_of(dtype));
}

int64_t Case::zeros(int dtype, int64_t count) {
    std::vector<char> host(static_cast<size_t>(count * bytes_of(dtype)), 0);
    return copy_of(host.data(), static_cast<int64_t>(host.size()));
}

int64_t Case::numbers(int dtype, int64_t count, double most) {
    std::vector<float> wide;
    std::vector<uint16_t> narrow;
    for (int64_t i = 0; i < count; i++) {
        float value = static_cast<float>(most * (static_cast<double>(random() >> 11) * 0x1p-52 - 1));
        uint32_t bits = std::bit_cast<uint32_t>(value);
        wide.push_back(value);
        // F16: any bits but those of infinities and NaN.
        narrow.push_back(dtype == OTTAVA_BF16 ? static_cast<uint16_t>(bits >> 16) : static_cast<uint16_t>(bits >> 16 & 0xbbff));
    }
    return dtype == OTTAVA_F32 ? copy_of(wide.data(), 4 * count) : copy_of(narrow.data(), 2 * count);
}

int64_t Case::ids(int64_t count, int64_t least, int64_t bound) {
    std::vector<int32_t> host;
    for (int64_t i = 0; i < count; i++) host.push_back(static_cast<int32_t>(size(least, bound - 1)));
    return copy_of(host.data(), 4 * count);
}

int64_t Case::codes(int dtype, int64_t rows, int64_t columns, int64_t pitch) {
    int64_t finite = dtype == OTTAVA_E4M3 ? 0x7e : 0x7b;  // the largest
    std::vector<uint8_t> host(static_cast<size_t>(rows * pitch), 0xff);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++) {
            int64_t sign = size(0, 1);
            host[static_cast<size_t>(i * pitch + j)] = static_cast<uint8_t>(sign << 7 | size(0, finite));
        }
    return copy_of(host.data(), rows * pitch);
}

int64_t Case::copy_of(const void* host, int64_t bytes) {
    int64_t address = allocate(bytes);
    if (bytes > 0) device.copy_to_device(address, host, bytes);
    return address;
}

uint64_t Case::checksum() const {
    uint64_t hash = 0xcbf29ce484222325;
    for (const Block& block : blocks) {
        auto* bytes = reinterpret_cast<const unsigned char*>(block.address);
        for (int64_t i = 0; i < block.bytes; i++) hash = (hash ^ bytes[i]) * 0x100000001b3;
    }
    return hash;
}

std::vector<NamedCase>& all() {
    static std::vector<NamedCase> cases;
    return cases;
}

}  // namespace ottava::cases
