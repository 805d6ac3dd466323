// A libcudnn_graph.so.9 that needs no GPU, beside the CUDA driver that needs none: what cuDNN's documentation says of the backend calls
// that dev.ottava.cuda makes, with each operation of a graph carried out on the host, one element at a time, when the stream comes to it.
// It refuses what cuDNN refuses: attributes of a wrong type or count, descriptors that are not finished or finished twice, tensors that do
// not fit, graphs of another pattern than attention's. OTTAVA_FAKE_CUDNN: "old", "unsupported", "nondeterministic", "workspace" (an engine
// that wants too much), "fail" (execution). What only a bug of Ottava can bring about is said on stderr, in lines that begin with "fake
// cuDNN:".
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <set>

#include "fake_cudnn.h"

namespace fake {

namespace {

// What an attribute of a kind of descriptor has to be.
struct Rule {
    int kind, name, type;
    int64_t least, most;
    bool required;
};
const Rule rules[] = {
    {tensor, 900, a_long, 1, 1, true},
    {tensor, 901, a_type, 1, 1, true},
    {tensor, 902, a_long, 4, 4, true},
    {tensor, 903, a_long, 4, 4, true},
    {tensor, 906, a_long, 1, 1, true},
    {tensor, 907, a_flag, 1, 1, false},
    {tensor, 908, a_flag, 1, 1, false},
    {pointwise_how, 0, a_pointwise, 1, 1, true},
    {pointwise_how, 1, a_type, 1, 1, true},
    {pointwise_how, 9, a_long, 1, 1, false},
    {pointwise, 750, a_descriptor, 1, 1, true},
    {pointwise, 751, a_descriptor, 1, 1, true},
    {pointwise, 752, a_descriptor, 1, 1, false},
    {pointwise, 753, a_descriptor, 1, 1, true},
    {pointwise, 758, a_descriptor, 1, 1, false},
    {matmul_how, 1500, a_type, 1, 1, true},
    {matmul, 1520, a_descriptor, 1, 1, true},
    {matmul, 1521, a_descriptor, 1, 1, true},
    {matmul, 1522, a_descriptor, 1, 1, true},
    {matmul, 1523, a_descriptor, 1, 1, true},
    {reduction_how, 1600, a_reduction, 1, 1, true},
    {reduction_how, 1601, a_type, 1, 1, true},
    {reduction, 1610, a_descriptor, 1, 1, true},
    {reduction, 1611, a_descriptor, 1, 1, true},
    {reduction, 1612, a_descriptor, 1, 1, true},
    {reshape, 2200, a_descriptor, 1, 1, true},
    {reshape, 2201, a_descriptor, 1, 1, true},
    {graph, 800, a_handle, 1, 1, true},
    {graph, 801, a_descriptor, 1, 50, true},
    {heuristics, 200, a_mode, 1, 1, true},
    {heuristics, 201, a_descriptor, 1, 1, true},
    {plan, 400, a_handle, 1, 1, false},
    {plan, 401, a_descriptor, 1, 1, true},
    {pack, 1000, a_long, 1, 50, true},
    {pack, 1001, a_pointer, 1, 50, true},
    {pack, 1003, a_pointer, 1, 1, true},
};

std::set<Descriptor*> alive;
std::string remark;
int handles = 0;

size_t bytes_of(int type) {
    return type == a_flag ? 1 : type == a_handle || type == a_long || type == a_pointer || type == a_descriptor ? 8 : 4;
}

}  // namespace

int refuse(int status, const char* format, ...) {
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    remark = text;
    return status;
}

bool wanted(const char* what) {
    const char* text = getenv("OTTAVA_FAKE_CUDNN");
    return text != nullptr && strcmp(text, what) == 0;
}

}  // namespace fake

using namespace fake;

extern "C" {

int cudnnCreate(Handle** handle) {
    *handle = new Handle;
    handles++;
    return success;
}
int cudnnDestroy(Handle* handle) {
    delete handle;
    if (--handles == 0 && !alive.empty()) fprintf(stderr, "fake cuDNN: %zu descriptors were not destroyed\n", alive.size());
    return success;
}
int cudnnSetStream(Handle* handle, void* stream) {
    handle->stream = stream;
    return success;
}
size_t cudnnGetVersion() {
    return wanted("old") ? 90800 : 91900;
}
const char* cudnnGetErrorString(int status) {
    return status == failed     ? "CUDNN_STATUS_EXECUTION_FAILED_CUDA_DRIVER"
           : status / 1000 == 3 ? "CUDNN_STATUS_NOT_SUPPORTED"
                                : "CUDNN_STATUS_BAD_PARAM";
}
void cudnnGetLastErrorString(char* message, size_t most) {
    snprintf(message, most, "%s", remark.c_str());
    remark.clear();
}

int cudnnBackendCreateDescriptor(int kind, Descriptor** descriptor) {
    bool known = kind == engine || kind == configuration;
    for (const Rule& rule : rules) known = known || rule.kind == kind;
    if (!known) return refuse(bad_param, "descriptor of kind %d", kind);
    *descriptor = new Descriptor;
    (*descriptor)->kind = kind;
    alive.insert(*descriptor);
    return success;
}

int cudnnBackendDestroyDescriptor(Descriptor* descriptor) {
    if (alive.erase(descriptor) == 0) {
        fprintf(stderr, "fake cuDNN: a descriptor was destroyed that is none\n");
        return bad_param;
    }
    delete descriptor;
    return success;
}

int cudnnBackendSetAttribute(Descriptor* descriptor, int name, int type, int64_t count, const void* elements) {
    if (alive.count(descriptor) == 0 || descriptor->finished) return refuse(bad_param, "attribute %d of what is finished", name);
    for (const Rule& rule : rules) {
        if (rule.kind != descriptor->kind || rule.name != name) continue;
        if (rule.type != type) return refuse(bad_type, "attribute %d as type %d", name, type);
        if (count < rule.least || count > rule.most || elements == nullptr) return refuse(bad_param, "attribute %d of %ld", name, count);
        std::vector<int64_t> values;
        for (int64_t i = 0; i < count; i++) {
            int64_t value = 0;  // little-endian
            memcpy(&value, static_cast<const char*>(elements) + static_cast<size_t>(i) * bytes_of(type), bytes_of(type));
            auto* other = reinterpret_cast<Descriptor*>(value);
            if (type == a_descriptor && (alive.count(other) == 0 || !other->finished))
                return refuse(not_finished, "attribute %d is not finished", name);
            values.push_back(value);
        }
        if (type == a_flag && values[0] > 1) return refuse(bad_param, "attribute %d is neither true nor false", name);
        descriptor->values[name] = values;
        return success;
    }
    return refuse(bad_param, "descriptor %d has no attribute %d", descriptor->kind, name);
}

int cudnnBackendFinalize(Descriptor* descriptor) {
    if (alive.count(descriptor) == 0 || descriptor->finished) return refuse(bad_param, "finished twice");
    for (const Rule& rule : rules)
        if (rule.kind == descriptor->kind && rule.required && descriptor->values.count(rule.name) == 0)
            return refuse(bad_param, "descriptor %d without attribute %d", rule.kind, rule.name);
    int status = success;
    if (descriptor->kind == tensor && (is_virtual(descriptor) && is_number(descriptor))) status = refuse(bad_param, "a virtual number");
    if (descriptor->kind == graph) status = check_graph(descriptor);
    if (descriptor->kind == heuristics) {
        descriptor->graph = descriptor->of(201);
        if (wanted("unsupported")) status = refuse(pattern, "no engine today");
    }
    if (descriptor->kind == plan) {
        descriptor->graph = descriptor->of(401)->graph;
        if (descriptor->of(401)->number == 0) status = refuse(memory, "this engine is for larger GPUs");
    }
    if (descriptor->kind == pack && descriptor->values.at(1000).size() != descriptor->values.at(1001).size())
        status = refuse(bad_param, "as many names as addresses");
    descriptor->finished = status == success;
    return status;
}

int cudnnBackendGetAttribute(Descriptor* descriptor, int name, int type, int64_t most, int64_t* count, void* elements) {
    if (alive.count(descriptor) == 0 || !descriptor->finished) return refuse(not_finished, "attribute %d before the end", name);
    auto** others = static_cast<Descriptor**>(elements);
    auto fill = [&](int64_t i, int kind, int number) {
        if (alive.count(others[i]) == 0 || others[i]->kind != kind || others[i]->finished) return false;
        others[i]->graph = descriptor->graph;
        others[i]->number = number;
        return others[i]->finished = true;
    };
    if (descriptor->kind == heuristics && name == 202 && type == a_descriptor) {
        *count = descriptor->get(200) == 3 ? 2 : 0;  // of mode A
        for (int64_t i = 0; i < *count && i < most; i++)
            if (!fill(i, configuration, static_cast<int>(i))) return refuse(bad_param, "no room for an engine's configuration");
        return success;
    }
    if (descriptor->kind == configuration && name == 300 && type == a_descriptor && most == 1) {
        *count = 1;
        return fill(0, engine, descriptor->number) ? success : refuse(bad_param, "no room for an engine");
    }
    if (descriptor->kind == engine && name == 1303 && type == a_note && most >= 2) {
        auto* notes = static_cast<int*>(elements);
        notes[0] = 0;  // tensor cores
        notes[1] = 4;  // not deterministic
        *count = adds_up(descriptor->graph) || wanted("nondeterministic") ? 2 : 1;
        return success;
    }
    if (descriptor->kind == plan && name == 402 && type == a_long && most == 1) {
        *count = 1;
        *static_cast<int64_t*>(elements) = workspace_bytes(descriptor->graph);
        return success;
    }
    return refuse(bad_param, "descriptor %d is not asked for attribute %d", descriptor->kind, name);
}

int cudnnBackendExecute(Handle* handle, Descriptor* p, Descriptor* where) {
    if (handle->stream == nullptr || alive.count(p) == 0 || alive.count(where) == 0 || !p->finished || !where->finished)
        return refuse(bad_param, "not ready");
    if (wanted("fail")) return refuse(failed, "as it was told to");
    std::map<int64_t, void*> addresses;
    for (size_t i = 0; i < where->values.at(1000).size(); i++)
        if (!addresses.insert({where->values.at(1000)[i], reinterpret_cast<void*>(where->values.at(1001)[i])}).second)
            return refuse(bad_param, "a name twice");
    return run_graph(p->graph, addresses, reinterpret_cast<void*>(where->get(1003)), handle->stream);
}

}  // extern "C"
