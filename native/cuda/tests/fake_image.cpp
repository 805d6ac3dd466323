#include "fake_image.h"

#include <cstdlib>
#include <cstring>

namespace ottava::cuda::fake {

bool KernelImage::is_elf() const {
    return std::memcmp(data, ELFMAG, SELFMAG) == 0;
}

int KernelImage::architecture() const {
    if (is_elf()) return header().e_machine == EM_CUDA ? header().e_flags >> 8 & 0xff : 0;
    const char* target = std::strstr(data, "\n.target sm_");
    return target == nullptr ? 0 : std::atoi(target + std::strlen("\n.target sm_"));
}

std::optional<size_t> KernelImage::section_bytes(const std::string& name) const {
    auto* sections = reinterpret_cast<const Elf64_Shdr*>(data + header().e_shoff);
    const char* names = data + sections[header().e_shstrndx].sh_offset;
    for (int i = 0; i < header().e_shnum; i++)
        if (name == names + sections[i].sh_name) return sections[i].sh_size;
    return {};
}

bool KernelImage::contains(const std::string& kernel) const {
    if (is_elf()) return section_bytes(".text." + kernel).has_value();
    return std::strstr(data, (".entry " + kernel + "(").c_str()) != nullptr;
}

size_t KernelImage::parameter_bytes(const std::string& kernel) const {
    if (is_elf()) {
        size_t before = architecture() >= 90 ? 0x210 : 0x160;  // what a kernel's bank of constants begins with
        return section_bytes(".nv.constant0." + kernel).value_or(before) - before;
    }
    const char* parameter = std::strstr(data, (" " + kernel + "_param_0[").c_str());
    return parameter == nullptr ? 0 : static_cast<size_t>(std::atoll(std::strchr(parameter, '[') + 1));
}

size_t KernelImage::static_shared(const std::string& kernel) const {
    return is_elf() ? section_bytes(".nv.shared." + kernel).value_or(0) : 0;
}

}  // namespace ottava::cuda::fake
