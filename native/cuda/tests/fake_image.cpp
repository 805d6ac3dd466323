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

std::optional<std::string_view> KernelImage::section(const std::string& name) const {
    auto* sections = reinterpret_cast<const Elf64_Shdr*>(data + header().e_shoff);
    const char* names = data + sections[header().e_shstrndx].sh_offset;
    for (int i = 0; i < header().e_shnum; i++)
        if (name == names + sections[i].sh_name) return std::string_view(data + sections[i].sh_offset, sections[i].sh_size);
    return {};
}

bool KernelImage::contains(const std::string& kernel) const {
    if (is_elf()) return section(".text." + kernel).has_value();
    return std::strstr(data, (".entry " + kernel + "(").c_str()) != nullptr;
}

size_t KernelImage::parameter_bytes(const std::string& kernel) const {
    if (is_elf()) {
        // Attributes of a byte for the format, one for the kind and two for the length. A parameter is of kind 0x17: the upper 14 bits of
        // the last of three words are its size.
        std::string_view info = section(".nv.info." + kernel).value_or("");
        auto number = [&](size_t at, size_t bytes) {
            uint32_t value = 0;
            std::memcpy(&value, info.data() + at, bytes);
            return value;
        };
        for (size_t at = 0; at + 4 <= info.size(); at += 4 + (info[at] == 4 ? number(at + 2, 2) : 0))
            if (info[at] == 4 && info[at + 1] == 0x17) return number(at + 12, 4) >> 18;
        return 0;
    }
    const char* parameter = std::strstr(data, (" " + kernel + "_param_0[").c_str());
    return parameter == nullptr ? 0 : static_cast<size_t>(std::atoll(std::strchr(parameter, '[') + 1));
}

size_t KernelImage::static_shared(const std::string& kernel) const {
    return is_elf() ? section(".nv.shared." + kernel).value_or("").size() : 0;
}

}  // namespace ottava::cuda::fake
