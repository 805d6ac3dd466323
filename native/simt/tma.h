// What TMA means: tensor maps, checked as cuTensorMapEncodeTiled checks them, and copies that happen later than they are asked for.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace ottava::simt {

// As large and as aligned as CUtensorMap of CUDA 13: host code compiled once fills in either.
struct alignas(128) TensorMap {
    void* address = nullptr;
    int element_bytes = 0;
    int dimensions = 0;
    int64_t size[5] = {};    // in elements, innermost first
    int64_t stride[5] = {};  // in bytes; that of the innermost is the element
    int box[5] = {};         // in elements
    int swizzle = 0;         // in bytes: 0, 32, 64 or 128

    int64_t box_bytes() const;
};
static_assert(sizeof(TensorMap) == 128);

// Fills in the map. strides: of dimensions 1 and up, in bytes. Returns "" or what the driver would refuse.
std::string encode(TensorMap& map, void* address, int element_bytes, std::span<const int64_t> sizes, std::span<const int64_t> strides,
                   std::span<const int> box, int swizzle);
inline std::string encode(TensorMap& map, void* address, int element_bytes, std::initializer_list<int64_t> sizes,
                          std::initializer_list<int64_t> strides, std::initializer_list<int> box, int swizzle) {
    return encode(map, address, element_bytes, std::span(sizes.begin(), sizes.size()), std::span(strides.begin(), strides.size()),
                  std::span(box.begin(), box.size()), swizzle);
}

// blocks: of the cluster, a bit each, or 0 for the own one alone.
void tma_load(void* shared, const TensorMap& map, uint64_t* barrier, std::initializer_list<int> coordinates, uint32_t blocks);
void tma_store(const TensorMap& map, const void* shared, std::initializer_list<int> coordinates);
void tma_reduce_add(const TensorMap& map, const void* shared, std::initializer_list<int> coordinates);

}  // namespace ottava::simt
