// What the fake driver reads in an image of kernels: a cubin is an ELF file, PTX is text.
#pragma once

#include <elf.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ottava::cuda::fake {

class KernelImage {
  public:
    explicit KernelImage(const void* data) : data(static_cast<const char*>(data)) {}

    bool is_elf() const;
    int architecture() const;  // 80, 89, 90; 0: neither a cubin nor PTX
    bool contains(const std::string& kernel) const;
    size_t parameter_bytes(const std::string& kernel) const;
    size_t static_shared(const std::string& kernel) const;

  private:
    const Elf64_Ehdr& header() const { return *reinterpret_cast<const Elf64_Ehdr*>(data); }
    std::optional<std::string_view> section(const std::string& name) const;
    const char* data;
};

}  // namespace ottava::cuda::fake
