// The graphs of the fake cuDNN: what is checked of them, and how they are carried out.
#include <dlfcn.h>
#include <math.h>
#include <string.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <regex>
#include <set>

#include "fake_cudnn.h"

namespace fake {

namespace {

// A tensor while a graph runs: elements in memory, a number on the host, or storage of its own.
struct View {
    const std::vector<int64_t>& sizes;
    const std::vector<int64_t>& strides;
    int type;
    void* data;
    std::vector<float>* storage;

    int64_t at(const int64_t* index) const {
        int64_t offset = 0;
        for (int i = 0; i < 4; i++) offset += (sizes[static_cast<size_t>(i)] == 1 ? 0 : index[i]) * strides[static_cast<size_t>(i)];
        return offset;
    }
    float load(int64_t offset) const {
        if (storage != nullptr) return (*storage)[static_cast<size_t>(offset)];
        if (type == f32) return static_cast<const float*>(data)[offset];
        if (type == int32) return static_cast<float>(static_cast<const int32_t*>(data)[offset]);
        uint32_t bits = static_cast<uint32_t>(static_cast<const uint16_t*>(data)[offset]) << 16;
        float value;
        memcpy(&value, &bits, 4);
        return value;
    }
    void store(int64_t offset, float value) const {
        if (type == bf16) {
            uint32_t bits;
            memcpy(&bits, &value, 4);
            bits = (isnan(value) ? bits | 0x400000 : bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
            memcpy(&value, &bits, 4);
            if (storage == nullptr) static_cast<uint16_t*>(data)[offset] = static_cast<uint16_t>(bits >> 16);
        } else if (storage == nullptr) {
            static_cast<float*>(data)[offset] = value;
        }
        if (storage != nullptr) (*storage)[static_cast<size_t>(offset)] = value;
    }
};

template <class F>
void each(const std::vector<int64_t>& sizes, F&& element) {
    int64_t i[4];
    for (i[0] = 0; i[0] < sizes[0]; i[0]++)
        for (i[1] = 0; i[1] < sizes[1]; i[1]++)
            for (i[2] = 0; i[2] < sizes[2]; i[2]++)
                for (i[3] = 0; i[3] < sizes[3]; i[3]++) element(i);
}

std::vector<Descriptor*> inputs(const Descriptor* operation) {
    std::vector<Descriptor*> found;
    for (int name : {751, 752, 758, 1520, 1521, 1610, 2200})
        if (operation->of(name) != nullptr) found.push_back(operation->of(name));
    return found;
}
Descriptor* output(const Descriptor* operation) {
    for (int name : {753, 1522, 1611, 2201})
        if (operation->of(name) != nullptr) return operation->of(name);
    return nullptr;
}

int64_t size(const Descriptor* t, size_t i) {
    return t->values.at(902)[i];
}
int type_of(const Descriptor* t) {
    return static_cast<int>(t->get(901));
}
// Whether sizes and types fit; what it is in the pattern, as one letter.
int check(const Descriptor* operation, char* letter) {
    const Descriptor* y = output(operation);
    auto in = inputs(operation);
    if (is_number(y)) return refuse(bad_param, "a number is written");
    if (operation->kind == matmul) {
        auto *a = in[0], *b = in[1];
        *letter = 'M';
        bool fits = size(a, 0) == size(y, 0) && size(b, 0) == size(y, 0) && size(a, 1) == size(y, 1) && size(y, 1) % size(b, 1) == 0 &&
                    size(a, 2) == size(y, 2) && size(a, 3) == size(b, 2) && size(b, 3) == size(y, 3);
        if (!fits || type_of(b) != bf16 || operation->of(1523)->get(1500) != f32) return refuse(bad_param, "a product that does not fit");
    } else if (operation->kind == reduction) {
        auto op = operation->of(1612)->get(1600);
        *letter = op == 3 ? 'X' : op == 0 ? 'S' : '?';
        for (size_t i = 0; i < 4; i++)
            if (size(in[0], i) % size(y, i) != 0) return refuse(bad_param, "a reduction that does not fit");
    } else if (operation->kind == reshape) {
        *letter = 'T';
        auto sorted = [](std::vector<int64_t> v) { return std::sort(v.begin(), v.end()), v; };
        if (sorted(in[0]->values.at(902)) != sorted(y->values.at(902)) || sorted(in[0]->values.at(903)) != sorted(y->values.at(903)))
            return refuse(bad_param, "a reshape to other sizes");
    } else {
        auto* how = operation->of(750);
        int mode = static_cast<int>(how->get(0)), math = static_cast<int>(how->get(1));
        size_t count = mode == m_select ? 3 : mode <= m_sub || mode == m_ge ? 2 : 1;
        static const std::map<int, char> letters = {{m_add, '+'}, {m_mul, '*'},      {m_div, '/'}, {m_sub, '-'},   {m_exp, 'e'},
                                                    {m_log, 'l'}, {m_identity, '='}, {m_ge, 'g'},  {m_index, 'i'}, {m_select, 's'}};
        if (letters.count(mode) == 0 || in.size() != count) return refuse(bad_param, "mode %d of %zu operands", mode, in.size());
        *letter = letters.at(mode);
        for (auto* x : in)
            for (size_t i = 0; i < 4; i++)
                if (size(x, i) != 1 && size(x, i) != size(y, i)) return refuse(bad_param, "mode %d: sizes do not fit", mode);
        int of = mode == m_index ? int32 : mode == m_ge ? boolean : math == int32 ? int32 : f32;
        if (is_virtual(y) && type_of(y) != of && !(mode == m_div && type_of(y) == bf16))
            return refuse(bad_param, "mode %d into type %d", mode, type_of(y));
        if ((mode == m_ge) != (math == boolean) || (mode == m_index) != (how->values.count(9) == 1))
            return refuse(bad_param, "mode %d computed as %d", mode, math);
        if (mode == m_select && type_of(in[2]) != boolean) return refuse(bad_param, "selected by what is no truth");
    }
    return success;
}

const Descriptor* first(const Descriptor* g) {
    return reinterpret_cast<const Descriptor*>(g->values.at(801)[0]);
}
bool is_backward(const Descriptor* g) {
    return first(g)->kind == pointwise;
}
void run(const Descriptor* operation, const std::map<int64_t, View>& views) {
    const View& y = views.at(output(operation)->get(906));
    std::vector<const View*> in;
    for (auto* t : inputs(operation)) in.push_back(&views.at(t->get(906)));
    const View& x = *in[0];
    if (operation->kind == matmul) {
        const View& b = *in[1];
        each(y.sizes, [&](const int64_t* i) {
            float sum = 0;
            for (int64_t k = 0; k < x.sizes[3]; k++) {
                int64_t at_x[] = {i[0], i[1], i[2], k}, at_b[] = {i[0], i[1] / (y.sizes[1] / b.sizes[1]), k, i[3]};
                sum += x.load(x.at(at_x)) * b.load(b.at(at_b));
            }
            y.store(y.at(i), sum);
        });
    } else if (operation->kind == reduction) {
        bool most = operation->of(1612)->get(1600) == 3;
        std::vector<float> sums(static_cast<size_t>(y.sizes[0] * y.sizes[1] * y.sizes[2] * y.sizes[3]), most ? -INFINITY : 0);
        auto place = [&](const int64_t* i) -> float& {
            int64_t at = 0;
            for (size_t d = 0; d < 4; d++) at = at * y.sizes[d] + i[d] / (x.sizes[d] / y.sizes[d]);
            return sums[static_cast<size_t>(at)];
        };
        each(x.sizes, [&](const int64_t* i) {
            float value = x.load(x.at(i));
            place(i) = most ? fmaxf(place(i), value) : place(i) + value;
        });
        size_t next = 0;
        each(y.sizes, [&](const int64_t* i) { y.store(y.at(i), sums[next++]); });
    } else if (operation->kind == reshape) {
        each(y.sizes, [&](const int64_t* i) { y.store(y.at(i), x.load(y.at(i))); });
    } else {
        auto* how = operation->of(750);
        int mode = static_cast<int>(how->get(0));
        each(y.sizes, [&](const int64_t* i) {
            float a = mode == m_index ? static_cast<float>(i[how->get(9)]) : x.load(x.at(i));
            float b = in.size() > 1 ? in[1]->load(in[1]->at(i)) : 0;
            bool t = in.size() > 2 && in[2]->load(in[2]->at(i)) != 0;
            y.store(y.at(i), mode == m_add      ? a + b
                             : mode == m_mul    ? a * b
                             : mode == m_div    ? a / b
                             : mode == m_sub    ? a - b
                             : mode == m_exp    ? expf(a)
                             : mode == m_log    ? logf(a)
                             : mode == m_ge     ? a >= b
                             : mode == m_select ? (t ? a : b)
                                                : a);
        });
    }
}

}  // namespace

int check_graph(const Descriptor* g) {
    std::string letters;
    std::map<int64_t, const Descriptor*> names;
    std::set<int64_t> written;
    for (int64_t address : g->values.at(801)) {
        auto* operation = reinterpret_cast<const Descriptor*>(address);
        if (operation->kind != matmul && operation->kind != pointwise && operation->kind != reduction && operation->kind != reshape)
            return refuse(bad_param, "descriptor %d is no operation", operation->kind);
        auto tensors = inputs(operation);
        for (auto* t : tensors)
            if (is_virtual(t) && written.count(t->get(906)) == 0)
                return refuse(bad_param, "tensor %ld is read before it is written", t->get(906));
        tensors.push_back(output(operation));
        if (!written.insert(tensors.back()->get(906)).second)
            return refuse(bad_param, "tensor %ld is written twice", tensors.back()->get(906));
        for (auto* t : tensors)
            if (names.insert({t->get(906), t}).first->second != t) return refuse(bad_param, "two tensors are called %ld", t->get(906));
        char letter = '?';
        if (int status = check(operation, &letter); status != success) return status;
        letters += letter;
        for (auto* t : tensors)
            if (!is_virtual(t) && type_of(t) == bf16 &&
                (std::min(size(t, 2), size(t, 3)) < 1 || t->values.at(903)[t->values.at(903)[3] == 1 ? 3 : 2] != 1))
                return refuse(shape, "elements of a head are apart");
    }
    static const std::regex forward("M\\*ii(\\+-)?gsX-eS(l\\+)?/M"), backward("\\*S\\*M\\*-iigseTMS?M-\\*\\*TMS?TM=?");
    if (!std::regex_match(letters, forward) && !std::regex_match(letters, backward))
        return refuse(pattern, "no engine for %s", letters.c_str());
    return success;
}

// A sum in memory, in F32, is added up in any order.
bool adds_up(const Descriptor* g) {
    for (int64_t address : g->values.at(801)) {
        auto* operation = reinterpret_cast<const Descriptor*>(address);
        if (operation->kind == matmul && !is_virtual(output(operation)) && type_of(output(operation)) == f32) return true;
    }
    return false;
}
int64_t workspace_bytes(const Descriptor* g) {
    if (wanted("workspace")) return int64_t{2} << 30;
    if (!is_backward(g) || adds_up(g)) return 1000;
    auto* scores = output(reinterpret_cast<const Descriptor*>(g->values.at(801)[3]));
    return 2 * size(scores, 0) * size(scores, 1) * size(scores, 2) * size(scores, 3);
}

int run_graph(const Descriptor* graph, std::map<int64_t, void*> addresses, void* workspace, void* stream) {
    auto storage = std::make_shared<std::map<int64_t, std::vector<float>>>();
    std::map<int64_t, View> views;
    for (int64_t operation : graph->values.at(801)) {
        auto tensors = inputs(reinterpret_cast<Descriptor*>(operation));
        tensors.push_back(output(reinterpret_cast<Descriptor*>(operation)));
        for (auto* t : tensors) {
            int64_t name = t->get(906), elements = 1;
            if (views.count(name) != 0) continue;
            for (size_t i = 0; i < 4; i++) elements += (size(t, i) - 1) * t->values.at(903)[i];
            void* data = nullptr;
            if (is_virtual(t)) {
                (*storage)[name].assign(static_cast<size_t>(elements), NAN);
            } else {
                if (addresses.count(name) == 0 || addresses[name] == nullptr) return refuse(bad_param, "tensor %ld is nowhere", name);
                data = addresses[name];
                addresses.erase(name);
                if (!is_number(t) && reinterpret_cast<uintptr_t>(data) % static_cast<uintptr_t>(t->get(900)) != 0)
                    return refuse(bad_param, "tensor %ld is not aligned", name);
            }
            View view{t->values.at(902), t->values.at(903), type_of(t), data, is_virtual(t) ? &(*storage)[name] : nullptr};
            if (is_number(t)) {  // numbers are read now, memory of the device when the stream comes to it
                (*storage)[name] = {view.load(0)};
                view.storage = &(*storage)[name];
            }
            views.insert({name, view});
        }
    }
    if (!addresses.empty()) return refuse(bad_param, "a tensor that is not in the graph");
    if (workspace == nullptr || reinterpret_cast<uintptr_t>(workspace) % 256 != 0) return refuse(bad_param, "no workspace");
    static void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
    static auto give = reinterpret_cast<void (*)(void*, std::function<void()>*)>(dlsym(driver, "ottava_fake_give"));
    std::function<void()> work = [graph, workspace, views, storage] {
        for (int64_t operation : graph->values.at(801)) {
            memset(workspace, 0xff, static_cast<size_t>(workspace_bytes(graph)));
            run(reinterpret_cast<Descriptor*>(operation), views);
        }
        memset(workspace, 0xff, static_cast<size_t>(workspace_bytes(graph)));
    };
    give(stream, &work);
    return success;
}

}  // namespace fake
