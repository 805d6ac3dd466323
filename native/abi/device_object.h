// What a device handle and a stream handle point to.
#pragma once

#include <map>
#include <string>

#include "error.h"
#include "operations.h"

namespace ottava {

struct Device;

struct Stream {
    Device* device;
};

// A point on a stream that can be reached, and when it was.
struct Event {
    virtual ~Event() = default;
    virtual void record() = 0;
    virtual double milliseconds_since(Event& start) = 0;  // waits for this event
};

// Recorded operations of a stream.
struct Graph {
    virtual ~Graph() = default;
    virtual void launch() = 0;
};

// A kind of device derives from this: memory, copies, and a table of operations.
struct Device {
    const Operations* operations = nullptr;  // null on the meta device: operations return at once
    Stream default_stream{this};
    std::map<std::string, std::string> properties;
    const char* last_kernel = "";  // that was launched; the property of that name

    virtual ~Device() = default;
    virtual int64_t allocate(int64_t bytes) = 0;
    virtual void free(int64_t address, int64_t bytes) = 0;
    virtual int64_t available() = 0;
    virtual void copy_to_device(int64_t address, const void* host, int64_t bytes) = 0;
    virtual void copy_to_host(void* host, int64_t address, int64_t bytes) = 0;
    virtual void copy(int64_t destination, int64_t source, int64_t bytes) = 0;
    virtual void synchronize() = 0;
    virtual Event* create_event();  // by the wall clock, for devices that are through with an operation when it returns
    virtual void begin_graph();     // the three fail where a device has no graphs
    virtual Graph* end_graph();
    virtual void cancel_graph();
    virtual int64_t native_stream() { return 0; }  // of `cuda`: the CUstream; its context is made current on the calling thread
    virtual void enter() {}                        // before each operation, on the calling thread
};

Device* open_cpu(const char* onednn_path, int threads);
Device* open_meta();
Device* open_simt(const char* name, int threads);  // simt[:ARCHITECTURE][:SCHEDULE]
Device* open_cuda(int ordinal);
bool cuda_driver_found();

inline Device& device_of(int64_t stream) {
    if (stream == 0) fail(OTTAVA_INVALID_ARGUMENT, "the stream handle is 0: the device is closed, or was never opened");
    return *reinterpret_cast<Stream*>(stream)->device;
}

// Runs body and turns a Failure, or anything else thrown, into a status.
template <class Body>
int guarded(Body&& body) noexcept {
    try {
        body();
        return OTTAVA_OK;
    } catch (const Failure& failure) {
        return failure.code;
    } catch (...) {
        try {
            fail(OTTAVA_DEVICE_ERROR, "unexpected C++ exception");
        } catch (const Failure& failure) {
            return failure.code;
        }
    }
}

}  // namespace ottava
