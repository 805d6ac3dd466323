// What the two files of the fake cuDNN share.
#pragma once

#include <stdint.h>

#include <map>
#include <string>
#include <vector>

namespace fake {

enum Status {
    success = 0,
    bad_param = 2000,
    not_finished = 2004,
    bad_type = 2010,
    pattern = 3001,
    shape = 3002,
    memory = 3010,
    failed = 5001
};
enum Type { f32 = 0, int32 = 4, bf16 = 9, boolean = 11 };
enum AttributeType {
    a_handle = 0,
    a_type = 1,
    a_flag = 2,
    a_long = 3,
    a_pointer = 6,
    a_mode = 8,
    a_note = 11,
    a_pointwise = 14,
    a_descriptor = 15,
    a_reduction = 18
};
enum Kind {
    pointwise_how = 0,
    engine = 2,
    configuration = 3,
    heuristics = 4,
    plan = 5,
    pointwise = 13,
    graph = 15,
    pack = 16,
    tensor = 17,
    matmul_how = 18,
    matmul = 19,
    reduction_how = 21,
    reduction = 22,
    reshape = 31
};
enum Mode {
    m_add = 0,
    m_mul = 1,
    m_div = 6,
    m_sub = 9,
    m_exp = 13,
    m_log = 15,
    m_identity = 21,
    m_ge = 303,
    m_index = 501,
    m_select = 601
};

struct Handle {
    void* stream = nullptr;
};

struct Descriptor {
    int kind = 0;
    bool finished = false;
    std::map<int, std::vector<int64_t>> values;
    Descriptor* graph = nullptr;  // of an engine's configuration, an engine, and a plan
    int number = 0;               // of an engine
    int64_t get(int name, int64_t otherwise = 0) const {
        auto found = values.find(name);
        return found == values.end() ? otherwise : found->second[0];
    }
    Descriptor* of(int name) const { return reinterpret_cast<Descriptor*>(get(name)); }
};
inline bool is_virtual(const Descriptor* t) {
    return t->get(907) != 0;
}
inline bool is_number(const Descriptor* t) {
    return t->get(908) != 0;
}

// Keeps the remark for cudnnGetLastErrorString, and returns the status.
[[gnu::format(printf, 2, 3)]] int refuse(int status, const char* format, ...);

// Whether OTTAVA_FAKE_CUDNN says so.
bool wanted(const char* what);

// A graph: whether its operations fit together, in a pattern that has an engine; what engine, and what it does.
int check_graph(const Descriptor* graph);
bool adds_up(const Descriptor* graph);  // in memory, in any order
int64_t workspace_bytes(const Descriptor* graph);
int run_graph(const Descriptor* graph, std::map<int64_t, void*> addresses, void* workspace, void* stream);

}  // namespace fake
