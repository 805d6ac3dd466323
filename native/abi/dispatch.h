// From a function of the C ABI to the table of the stream's device.
#pragma once

#include "device_object.h"

namespace ottava {

// A member of the table, by the offset of its function pointer.
inline const char* name_of(const Operations& table, const void* member) {
    static const char* const names[] = {
#define OTTAVA_NAME(name) #name,
        OTTAVA_OPERATIONS(OTTAVA_NAME)
#undef OTTAVA_NAME
    };
    return names[(static_cast<const char*>(member) - reinterpret_cast<const char*>(&table)) / sizeof(table.fill)];
}

template <auto Member, class... Arguments>
int dispatch(int64_t stream, Arguments... arguments) {
    int status = OTTAVA_OK;
    int outer = guarded([&] {
        Device& device = device_of(stream);
        if (device.operations == nullptr) return;
        if (device.operations->*Member == nullptr)
            fail(OTTAVA_UNSUPPORTED, "%s is not implemented on %s", name_of(*device.operations, &(device.operations->*Member)),
                 device.properties["name"].c_str());
        device.enter();
        status = (device.operations->*Member)(stream, arguments...);
    });
    return outer != OTTAVA_OK ? outer : status;
}

}  // namespace ottava
