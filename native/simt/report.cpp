// How errors are told: where a thread is, and who waits where when nobody can go on.
#include <cstdarg>
#include <cstdio>
#include <map>

#include "machine.h"

namespace ottava::simt {

std::string describe(const Site& site) {
    std::string file = site.file_name();
    return file.substr(file.rfind('/') + 1) + ":" + std::to_string(site.line());
}

std::string describe(const uint3& index) {
    char text[48];
    std::snprintf(text, sizeof text, "(%u,%u,%u)", index.x, index.y, index.z);
    return text;
}

std::string Machine::where(const Fiber& fiber) const {
    return "block " + describe(fiber.block->index) + " thread " + describe(fiber.index);
}

void kernel_error(const char* format, ...) {
    char message[600];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    machine().fail(message);
    __builtin_unreachable();
}

std::string Machine::deadlock_report() const {
    struct Crowd {
        const Fiber* first;
        int count;
    };
    std::map<std::string, Crowd> crowds;
    for (const Fiber& fiber : fibers) {
        if (fiber.linear >= static_cast<int>(config->block.x * config->block.y * config->block.z)) continue;
        std::string place = "block " + describe(fiber.block->index);
        place += fiber.exited ? " exited" : " in " + std::string(fiber.waits_in) + " at " + describe(fiber.site);
        auto [entry, is_new] = crowds.try_emplace(place, Crowd{&fiber, 0});
        entry->second.count++;
    }
    std::string report = "dead-lock:";
    int told = 0;
    for (const auto& [place, crowd] : crowds) {
        if (told++ == 8) return report + " and others";
        report += (told > 1 ? "; " : " ") + std::to_string(crowd.count) + (crowd.count == 1 ? " thread " : " threads from ") +
                  describe(crowd.first->index) + " of " + place;
    }
    return report;
}

}  // namespace ottava::simt
