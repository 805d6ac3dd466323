#include "warp_roles.h"

#include "machine.h"

namespace ottava::simt {

bool elect_one(Site site) {
    warp_together(0xffffffffu, "elect.sync", nullptr, nullptr, site);
    return current->lane == 0;
}

void set_registers(const char* operation, int registers, bool increase, Site site) {
    warp_together(0xffffffffu, operation, nullptr, nullptr, site);
    if (registers < 24 || registers > 256 || registers % 8 != 0)
        kernel_error("%s to %d registers; a multiple of 8 from 24 to 256", operation, registers);
    if (current->lane == 0) {
        auto& block = *static_cast<Block*>(current->block);
        Warp& warp = machine().warps[static_cast<size_t>(machine().running().warp)];
        int more = registers - warp.registers;
        if (warp.registers > 0) {
            if (increase ? more < 0 : more > 0) kernel_error("%s to %d registers; the warp has %d", operation, registers, warp.registers);
            while (block.free_registers < more) poll(operation, site);
            block.free_registers -= more;
            warp.registers = registers;
        }
    }
    warp_together(0xffffffffu, operation, nullptr, nullptr, site);
}

}  // namespace ottava::simt
