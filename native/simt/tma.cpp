#include "tma.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "bulk_copy.h"
#include "intrinsics.h"
#include "machine.h"
#include "mbarrier.h"
#include "memory.h"

namespace ottava::simt {

namespace {

using Coordinates = std::array<int64_t, 5>;

unsigned char* swizzled(unsigned char* address, int swizzle) {
    auto bits = reinterpret_cast<uintptr_t>(address);
    uintptr_t mask = swizzle == 128 ? 0x70 : swizzle == 64 ? 0x30 : swizzle == 32 ? 0x10 : 0;
    return reinterpret_cast<unsigned char*>(bits ^ (bits >> 3 & mask));
}

// Calls body(shared, global, bytes) for each run of bytes that a 16-byte piece of the box and the tensor have in common, and
// outside(shared, bytes) for what of the box lies outside the tensor.
template <class Body, class Outside>
void for_box(const TensorMap& map, void* shared, Coordinates first, Body&& body, Outside&& outside) {
    auto* dense = static_cast<unsigned char*>(shared);
    int64_t row_bytes = static_cast<int64_t>(map.box[0]) * map.element_bytes;
    // The bytes of a row of the box that lie inside.
    int64_t begin = std::clamp<int64_t>(-first[0] * map.element_bytes, 0, row_bytes);
    int64_t end = std::clamp<int64_t>((map.size[0] - first[0]) * map.element_bytes, begin, row_bytes);
    Coordinates at{};
    for (int64_t left = map.box_bytes() / row_bytes; left > 0; left--, dense += row_bytes) {
        auto* global = static_cast<unsigned char*>(map.address) + first[0] * map.element_bytes;
        bool inside = true;
        for (size_t d = 1; d < static_cast<size_t>(map.dimensions); d++) {
            int64_t index = first[d] + at[d];
            inside = inside && index >= 0 && index < map.size[d];
            global += index * map.stride[d];
        }
        if (inside && begin == 0 && end == row_bytes) {
            for (int64_t piece = 0; piece < row_bytes; piece += 16) body(swizzled(dense + piece, map.swizzle), global + piece, 16);
            for (size_t d = 1; d < 5 && ++at[d] == std::max(map.box[d], 1); d++) at[d] = 0;
            continue;
        }
        for (int64_t piece = 0; piece < row_bytes; piece += 16) {
            int64_t from = inside ? std::clamp<int64_t>(begin - piece, 0, 16) : 16;
            int64_t to = inside ? std::clamp<int64_t>(end - piece, from, 16) : 16;
            unsigned char* target = swizzled(dense + piece, map.swizzle);
            if (from > 0) outside(target, from);
            if (to > from) body(target + from, global + piece + from, to - from);
            if (to < 16) outside(target + to, 16 - to);
        }
        for (size_t d = 1; d < 5 && ++at[d] == std::max(map.box[d], 1); d++) at[d] = 0;
    }
}

Coordinates check(const char* operation, const TensorMap& map, const void* shared, std::initializer_list<int> coordinates) {
    if (map.dimensions != static_cast<int>(coordinates.size()))
        kernel_error("%s: %d coordinates for a tensor map of %d dimensions", operation, static_cast<int>(coordinates.size()),
                     map.dimensions);
    if (reinterpret_cast<uintptr_t>(shared) % 128 != 0) kernel_error("%s: the box in shared memory is not 128-byte aligned", operation);
    if (map.swizzle == 128 && reinterpret_cast<uintptr_t>(shared) % 1024 != 0)
        kernel_error("%s: with a swizzle of 128 bytes the box in shared memory has to be 1024-byte aligned", operation);
    if (!static_cast<Block*>(current->block)->shared.holds(shared, static_cast<size_t>(map.box_bytes())))
        kernel_error("%s: the box of %lld bytes does not fit where it is to lie in shared memory", operation,
                     static_cast<long long>(map.box_bytes()));
    Coordinates first{};
    std::copy(coordinates.begin(), coordinates.end(), first.begin());
    return first;
}

}  // namespace

int64_t TensorMap::box_bytes() const {
    int64_t bytes = element_bytes;
    for (int d = 0; d < dimensions; d++) bytes *= box[d];
    return bytes;
}

std::string encode(TensorMap& map, void* address, int element_bytes, std::span<const int64_t> sizes, std::span<const int64_t> strides,
                   std::span<const int> box, int swizzle) {
    map = TensorMap();
    map.address = address;
    map.element_bytes = element_bytes;
    map.dimensions = static_cast<int>(sizes.size());
    map.swizzle = swizzle;
    auto refuse = [](const std::string& what) { return "tensor map: " + what; };
    if (sizes.size() < 1 || sizes.size() > 5) return refuse(std::to_string(sizes.size()) + " dimensions; 1 to 5");
    if (strides.size() != sizes.size() - 1 || box.size() != sizes.size()) return refuse("sizes, strides and box of different lengths");
    if (element_bytes != 1 && element_bytes != 2 && element_bytes != 4 && element_bytes != 8)
        return refuse("elements of " + std::to_string(element_bytes) + " bytes; 1, 2, 4 or 8");
    if (swizzle != 0 && swizzle != 32 && swizzle != 64 && swizzle != 128)
        return refuse("a swizzle of " + std::to_string(swizzle) + " bytes; 0, 32, 64 or 128");
    if (reinterpret_cast<uintptr_t>(address) % 16 != 0) return refuse("the address is not a multiple of 16");
    std::copy(sizes.begin(), sizes.end(), map.size);
    std::copy(box.begin(), box.end(), map.box);
    map.stride[0] = element_bytes;
    std::copy(strides.begin(), strides.end(), map.stride + 1);
    for (int d = 0; d < map.dimensions; d++) {
        std::string name = "dimension " + std::to_string(d);
        if (map.size[d] < 1 || map.size[d] > 1ll << 32) return refuse(name + " has size " + std::to_string(map.size[d]));
        if (map.box[d] < 1 || map.box[d] > 256) return refuse("the box of " + name + " is " + std::to_string(map.box[d]) + "; 1 to 256");
        if (d > 0 && (map.stride[d] % 16 != 0 || map.stride[d] <= 0 || map.stride[d] >= 1ll << 40))
            return refuse("the stride of " + name + " is " + std::to_string(map.stride[d]) + " bytes; a multiple of 16 below 2^40");
    }
    int inner = map.box[0] * element_bytes;
    if (inner % 16 != 0) return refuse("the innermost box has " + std::to_string(inner) + " bytes, not a multiple of 16");
    if (swizzle != 0 && inner > swizzle)
        return refuse("the innermost box has " + std::to_string(inner) + " bytes, more than the swizzle of " + std::to_string(swizzle));
    int64_t last = element_bytes;
    for (int d = 0; d < map.dimensions; d++) last += (map.size[d] - 1) * map.stride[d];
    if (!may_access(address, last)) return refuse("the tensor reaches past the end of its allocation");
    return "";
}

void tma_load(void* shared, const TensorMap& map, uint64_t* barrier, std::initializer_list<int> coordinates, uint32_t blocks) {
    Coordinates first = check("TMA load", map, shared, coordinates);
    check_mbarrier(barrier, "TMA load");
    auto& own = *static_cast<Block*>(current->block);
    Machine& self = machine();
    if (blocks == 0) blocks = 1u << own.rank;
    if (blocks >> self.group_size() != 0)
        kernel_error("TMA load: multicast to blocks 0x%x of a cluster of %d", blocks, static_cast<int>(self.group_size()));
    for (size_t rank = 0; rank < self.group_size(); rank++) {
        if (!(blocks >> rank & 1)) continue;
        auto in_block = [&](void* pointer) { return self.blocks[rank]->shared.dynamic() + own.shared.offset(pointer); };
        unsigned char* target = in_block(shared);
        auto* target_barrier = reinterpret_cast<uint64_t*>(in_block(barrier));
        if (rank != static_cast<size_t>(own.rank)) check_mbarrier(target_barrier, "TMA load, multicast");
        self.start([=] {
            for_box(
                map, target, first,
                [](unsigned char* element, const unsigned char* global, int64_t bytes) {
                    std::memcpy(element, global, static_cast<size_t>(bytes));
                },
                [](unsigned char* element, int64_t bytes) { std::memset(element, 0, static_cast<size_t>(bytes)); });
            mbarrier_complete(target_barrier, static_cast<int>(map.box_bytes()));
        });
    }
}

void tma_store(const TensorMap& map, const void* shared, std::initializer_list<int> coordinates) {
    Coordinates first = check("TMA store", map, shared, coordinates);
    void* source = const_cast<void*>(shared);
    start_store([=] {
        for_box(
            map, source, first,
            [](const unsigned char* element, unsigned char* global, int64_t bytes) {
                std::memcpy(global, element, static_cast<size_t>(bytes));
            },
            [](const unsigned char*, int64_t) {});
    });
}

void tma_reduce_add(const TensorMap& map, const void* shared, std::initializer_list<int> coordinates) {
    Coordinates first = check("TMA reduction", map, shared, coordinates);
    if (map.element_bytes != 4) kernel_error("TMA reduction of elements of %d bytes; F32 has 4", map.element_bytes);
    void* source = const_cast<void*>(shared);
    start_store([=] {
        for_box(
            map, source, first,
            [](const unsigned char* element, unsigned char* global, int64_t bytes) {
                for (int64_t i = 0; i < bytes; i += 4)
                    atomicAdd(reinterpret_cast<float*>(global + i), *reinterpret_cast<const float*>(element + i));
            },
            [](const unsigned char*, int64_t) {});
    });
}

}  // namespace ottava::simt
