// The C ABI of device.h.
#include "ottava/device.h"

#include <cstring>

#include "device_object.h"

using namespace ottava;

static Device& device_at(int64_t handle) {
    if (handle == 0) fail(OTTAVA_INVALID_ARGUMENT, "the device handle is 0: the device is closed, or was never opened");
    return *reinterpret_cast<Device*>(handle);
}

const char* ottava_last_error(void) {
    return last_error();
}

int ottava_device_open(const char* name, const char* onednn_path, int threads, int64_t* host_device) {
    return guarded([&] {
        Device* device = nullptr;
        if (std::strcmp(name, "cpu") == 0) {
            device = open_cpu(onednn_path, threads);
        } else if (std::strcmp(name, "meta") == 0) {
            device = open_meta();
        } else if (std::strcmp(name, "simt") == 0 || std::strcmp(name, "simt:sm_90a") == 0) {
            device = open_simt(90, threads);
        } else if (std::strcmp(name, "simt:sm_89") == 0) {
            device = open_simt(89, threads);
        } else if (std::strcmp(name, "simt:sm_80") == 0) {
            device = open_simt(80, threads);
        } else {
            fail(OTTAVA_INVALID_ARGUMENT, "unknown device '%s': this build has cpu, meta and simt", name);
        }
        *host_device = reinterpret_cast<int64_t>(device);
    });
}

int ottava_device_close(int64_t device) {
    return guarded([&] { delete &device_at(device); });
}

const char* ottava_device_property(int64_t device, const char* name) {
    if (device == 0) return "";
    if (std::strcmp(name, "last_kernel") == 0) return reinterpret_cast<Device*>(device)->last_kernel;
    auto& properties = reinterpret_cast<Device*>(device)->properties;
    auto found = properties.find(name);
    return found == properties.end() ? "" : found->second.c_str();
}

int64_t ottava_device_default_stream(int64_t device) {
    return device == 0 ? 0 : reinterpret_cast<int64_t>(&reinterpret_cast<Device*>(device)->default_stream);
}

int ottava_stream_synchronize(int64_t stream) {
    return guarded([&] { device_of(stream).synchronize(); });
}

int ottava_memory_allocate(int64_t device, int64_t bytes, int64_t* host_address) {
    return guarded([&] { *host_address = device_at(device).allocate(bytes); });
}

int ottava_memory_free(int64_t device, int64_t address, int64_t bytes) {
    return guarded([&] { device_at(device).free(address, bytes); });
}

int ottava_memory_available(int64_t device, int64_t* host_bytes) {
    return guarded([&] { *host_bytes = device_at(device).available(); });
}

int ottava_copy_to_device(int64_t stream, int64_t address, int64_t host_address, int64_t bytes) {
    return guarded([&] { device_of(stream).copy_to_device(address, reinterpret_cast<const void*>(host_address), bytes); });
}

int ottava_copy_to_host(int64_t stream, int64_t host_address, int64_t address, int64_t bytes) {
    return guarded([&] { device_of(stream).copy_to_host(reinterpret_cast<void*>(host_address), address, bytes); });
}

int ottava_copy(int64_t stream, int64_t destination, int64_t source, int64_t bytes) {
    return guarded([&] { device_of(stream).copy(destination, source, bytes); });
}
