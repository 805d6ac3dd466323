// The C ABI of device.h.
#include "ottava/device.h"

#include <charconv>
#include <chrono>
#include <cstring>
#include <string_view>

#include "device_object.h"

using namespace ottava;

static Device& device_at(int64_t handle) {
    if (handle == 0) fail(OTTAVA_INVALID_ARGUMENT, "the device handle is 0: the device is closed, or was never opened");
    return *reinterpret_cast<Device*>(handle);
}

namespace {

struct WallClockEvent : Event {
    std::chrono::steady_clock::time_point time;
    void record() override { time = std::chrono::steady_clock::now(); }
    double milliseconds_since(Event& start) override {
        return std::chrono::duration<double, std::milli>(time - static_cast<WallClockEvent&>(start).time).count();
    }
};

struct RecordedEvent {
    Device* device;
    Event* event;
    bool recorded = false;
};

// The number of "cuda" or "cuda:N", or -1.
int cuda_ordinal(std::string_view name) {
    if (name == "cuda") return 0;
    if (name.substr(0, 5) != "cuda:") return -1;
    int ordinal = -1;
    auto [end, error] = std::from_chars(name.data() + 5, name.data() + name.size(), ordinal);
    return error == std::errc() && end == name.data() + name.size() ? ordinal : -1;
}

}  // namespace

static void no_graphs(Device& device) {
    fail(OTTAVA_UNSUPPORTED, "graphs are recorded on cuda, not on %s", device.properties["name"].c_str());
}

void Device::begin_graph() {
    no_graphs(*this);
}

Graph* Device::end_graph() {
    no_graphs(*this);
    return nullptr;
}

void Device::cancel_graph() {
    no_graphs(*this);
}

Event* Device::create_event() {
    return new WallClockEvent;
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
        } else if (std::strcmp(name, "simt") == 0 || std::strncmp(name, "simt:", 5) == 0) {
            device = open_simt(name, threads);
        } else if (int ordinal = cuda_ordinal(name); ordinal >= 0) {
            device = open_cuda(ordinal);
        } else {
            fail(OTTAVA_INVALID_ARGUMENT, "unknown device '%s': there are cpu, cuda, cuda:N, simt and meta", name);
        }
        *host_device = reinterpret_cast<int64_t>(device);
    });
}

int ottava_cuda_driver_found(void) {
    return cuda_driver_found();
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

int ottava_stream_native(int64_t stream, int64_t* host_handle) {
    return guarded([&] { *host_handle = device_of(stream).native_stream(); });
}

static RecordedEvent& event_at(int64_t handle) {
    if (handle == 0) fail(OTTAVA_INVALID_ARGUMENT, "the event handle is 0: the event is closed, or was never created");
    return *reinterpret_cast<RecordedEvent*>(handle);
}

int ottava_event_create(int64_t device, int64_t* host_event) {
    return guarded([&] {
        Device& on = device_at(device);
        *host_event = reinterpret_cast<int64_t>(new RecordedEvent{&on, on.create_event()});
    });
}

int ottava_event_record(int64_t event, int64_t stream) {
    return guarded([&] {
        RecordedEvent& recorded = event_at(event);
        if (&device_of(stream) != recorded.device) fail(OTTAVA_INVALID_ARGUMENT, "an event of one device on a stream of another");
        recorded.event->record();
        recorded.recorded = true;
    });
}

int ottava_event_elapsed(int64_t start, int64_t end, double* host_milliseconds) {
    return guarded([&] {
        RecordedEvent &first = event_at(start), &last = event_at(end);
        if (first.device != last.device) fail(OTTAVA_INVALID_ARGUMENT, "the time between events of two devices");
        if (!first.recorded || !last.recorded) fail(OTTAVA_INVALID_ARGUMENT, "the time between events, one of which was not recorded");
        *host_milliseconds = last.event->milliseconds_since(*first.event);
    });
}

int ottava_event_destroy(int64_t event) {
    return guarded([&] {
        RecordedEvent* recorded = &event_at(event);
        delete recorded->event;
        delete recorded;
    });
}

int ottava_graph_begin(int64_t stream) {
    return guarded([&] { device_of(stream).begin_graph(); });
}

int ottava_graph_end(int64_t stream, int64_t* host_graph) {
    return guarded([&] { *host_graph = reinterpret_cast<int64_t>(device_of(stream).end_graph()); });
}

int ottava_graph_cancel(int64_t stream) {
    return guarded([&] { device_of(stream).cancel_graph(); });
}

static Graph* graph_at(int64_t handle) {
    if (handle == 0) fail(OTTAVA_INVALID_ARGUMENT, "the graph handle is 0: the graph is closed, or was never recorded");
    return reinterpret_cast<Graph*>(handle);
}

int ottava_graph_launch(int64_t graph) {
    return guarded([&] { graph_at(graph)->launch(); });
}

int ottava_graph_destroy(int64_t graph) {
    return guarded([&] { delete graph_at(graph); });
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
