// The meta device: allocations are numbered, never made, and operations do nothing. `ottava plan` runs the training step on it.
#include <cstring>

#include "device_object.h"

namespace ottava {
namespace {

struct MetaDevice : Device {
    int64_t next = 1 << 20;

    MetaDevice() { properties = {{"name", "meta"}, {"native_bf16", "false"}}; }
    int64_t allocate(int64_t bytes) override {
        int64_t address = next;
        next += (bytes + 255) / 256 * 256 + 256;
        return address;
    }
    void free(int64_t, int64_t) override {}
    int64_t available() override { return INT64_MAX; }
    void copy_to_device(int64_t, const void*, int64_t) override {}
    void copy_to_host(void* host, int64_t, int64_t bytes) override { std::memset(host, 0, static_cast<size_t>(bytes)); }
    void copy(int64_t, int64_t, int64_t) override {}
    void synchronize() override {}
};

}  // namespace

Device* open_meta() {
    return new MetaDevice;
}

}  // namespace ottava
