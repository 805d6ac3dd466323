// A libcublasLt.so.13 that needs no GPU, beside the CUDA driver that needs none: what cuBLASLt's documentation says of the calls that
// dev.ottava.cuda makes, computed on the host, one element at a time, when the stream comes to it. It refuses what cuBLASLt refuses: sizes
// of attributes, pitches, alignments, and combinations of types.
#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include <functional>
#include <map>
#include <vector>

namespace {

enum Status { success = 0, invalid_value = 7, not_supported = 15 };
enum Type { f32 = 0, bf16 = 14, e4m3 = 28, e5m2 = 29 };
enum Attribute {
    transpose_a = 3,
    transpose_b = 4,
    epilogue = 7,
    bias_pointer = 8,
    a_scale = 17,
    b_scale = 18,
    fast_accumulation = 25,
    a_mode = 31,
    b_mode = 32
};
enum Preference { workspace_bytes = 1, alignment_a = 5, alignment_b = 6, alignment_c = 7, alignment_d = 8 };

// Attributes are bytes of a size that is checked when they are set.
struct Attributes {
    std::map<int, std::vector<char>> values;
    int set(const std::map<int, size_t>& sizes, int name, const void* value, size_t bytes) {
        auto expected = sizes.find(name);
        if (expected == sizes.end() || expected->second != bytes) return invalid_value;
        values[name].assign(static_cast<const char*>(value), static_cast<const char*>(value) + bytes);
        return success;
    }
    template <class T>
    T get(int name, T otherwise) const {
        auto found = values.find(name);
        if (found == values.end()) return otherwise;
        T value;
        memcpy(&value, found->second.data(), sizeof value);
        return value;
    }
};

struct Description : Attributes {};
struct Preferences : Attributes {};

struct Layout {
    int type;
    uint64_t rows, columns;
    int64_t pitch;
};

// As cublasLt.h declares them.
struct Algorithm {
    uint64_t data[8];
};
struct Proposal {
    Algorithm algorithm;
    size_t workspace;
    int status;
    float waves;
    int reserved[4];
};

float load(const void* memory, int64_t index, int type) {
    if (type == f32) return static_cast<const float*>(memory)[index];
    if (type == bf16) {
        uint32_t bits = static_cast<uint32_t>(static_cast<const uint16_t*>(memory)[index]) << 16;
        float value;
        memcpy(&value, &bits, 4);
        return value;
    }
    int code = static_cast<const uint8_t*>(memory)[index], fraction_bits = type == e4m3 ? 3 : 2, bias = type == e4m3 ? 7 : 15;
    int exponent = (code & 0x7f) >> fraction_bits, fraction = code & ((1 << fraction_bits) - 1);
    if (type == e4m3 ? (code & 0x7f) == 0x7f : exponent == 31) return NAN;  // infinities of E5M2 are of no use here
    float value = ldexpf(static_cast<float>(exponent == 0 ? fraction : fraction + (1 << fraction_bits)),
                         (exponent == 0 ? 1 : exponent) - bias - fraction_bits);
    return code & 0x80 ? -value : value;
}

void store(void* memory, int64_t index, int type, float value) {
    if (type == f32) {
        static_cast<float*>(memory)[index] = value;
        return;
    }
    uint32_t bits;
    memcpy(&bits, &value, 4);
    uint32_t rounded = isnan(value) ? bits | 0x400000 : bits + 0x7fff + (bits >> 16 & 1);
    static_cast<uint16_t*>(memory)[index] = static_cast<uint16_t>(rounded >> 16);
}

bool is_8_bit(int type) {
    return type == e4m3 || type == e5m2;
}

bool aligned(const void* pointer, uint64_t alignment) {
    return alignment != 0 && reinterpret_cast<uintptr_t>(pointer) % alignment == 0;
}

uint32_t preferred(const Preferences& preferences, int name) {
    return preferences.get<uint32_t>(name, 256);
}

// Gives work to a stream of the driver beside.
void give(void* stream, std::function<void()> work) {
    static void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
    static auto give = reinterpret_cast<void (*)(void*, std::function<void()>*)>(dlsym(driver, "ottava_fake_give"));
    give(stream, &work);
}

}  // namespace

extern "C" {

int cublasLtCreate(void** handle) {
    *handle = new char;
    return success;
}
int cublasLtDestroy(void* handle) {
    delete static_cast<char*>(handle);
    return success;
}
size_t cublasLtGetVersion() {
    return 130000;
}
const char* cublasLtGetStatusString(int status) {
    return status == invalid_value ? "CUBLAS_STATUS_INVALID_VALUE" : status == not_supported ? "CUBLAS_STATUS_NOT_SUPPORTED" : "?";
}

int cublasLtMatmulDescCreate(Description** description, int compute, int scale_type) {
    if (compute != 68 || scale_type != f32) return not_supported;
    *description = new Description;
    return success;
}
int cublasLtMatmulDescDestroy(Description* description) {
    delete description;
    return success;
}
int cublasLtMatmulDescSetAttribute(Description* description, int name, const void* value, size_t bytes) {
    return description->set({{transpose_a, 4},
                             {transpose_b, 4},
                             {epilogue, 4},
                             {bias_pointer, 8},
                             {a_scale, 8},
                             {b_scale, 8},
                             {a_mode, 4},
                             {b_mode, 4},
                             {fast_accumulation, 1}},
                            name, value, bytes);
}

int cublasLtMatrixLayoutCreate(Layout** layout, int type, uint64_t rows, uint64_t columns, int64_t pitch) {
    if (rows == 0 || columns == 0 || pitch < static_cast<int64_t>(rows)) return invalid_value;
    *layout = new Layout{type, rows, columns, pitch};
    return success;
}
int cublasLtMatrixLayoutDestroy(Layout* layout) {
    delete layout;
    return success;
}

int cublasLtMatmulPreferenceCreate(Preferences** preferences) {
    *preferences = new Preferences;
    return success;
}
int cublasLtMatmulPreferenceDestroy(Preferences* preferences) {
    delete preferences;
    return success;
}
int cublasLtMatmulPreferenceSetAttribute(Preferences* preferences, int name, const void* value, size_t bytes) {
    return preferences->set({{workspace_bytes, 8}, {alignment_a, 4}, {alignment_b, 4}, {alignment_c, 4}, {alignment_d, 4}}, name, value,
                            bytes);
}

int cublasLtMatmulAlgoGetHeuristic(void*, Description* description, Layout* a, Layout* b, Layout* c, Layout* d, Preferences* preferences,
                                   int wanted, Proposal* proposals, int* found) {
    *found = 0;
    bool eight = is_8_bit(a->type) || is_8_bit(b->type);
    if (eight) {
        bool layouts = description->get(transpose_a, 0) == 1 && description->get(transpose_b, 0) == 0;
        bool sixteens = a->pitch % 16 == 0 && b->pitch % 16 == 0 && d->rows % 16 == 0;
        bool scalars = description->get(a_mode, 0) == 0 && description->get(b_mode, 0) == 0;
        if (!is_8_bit(a->type) || !is_8_bit(b->type) || (a->type == e5m2 && b->type == e5m2) || !layouts || !sixteens || !scalars)
            return not_supported;
    } else if (a->type != b->type || (d->type != a->type && d->type != f32)) {
        return not_supported;
    }
    if (c->type != d->type || is_8_bit(d->type)) return not_supported;
    for (; *found < wanted && *found < 3; ++*found) {
        Proposal& proposal = proposals[*found];
        memset(&proposal, 0, sizeof proposal);
        proposal.workspace = 1 << 20;
        uint64_t alignments[] = {preferred(*preferences, alignment_a), preferred(*preferences, alignment_b),
                                 preferred(*preferences, alignment_c), preferred(*preferences, alignment_d)};
        memcpy(proposal.algorithm.data, alignments, sizeof alignments);
        if (preferences->get<uint64_t>(workspace_bytes, 0) < proposal.workspace) return not_supported;
    }
    return success;
}

int cublasLtMatmul(void*, Description* description, const float* alpha, const void* a, Layout* a_layout, const void* b, Layout* b_layout,
                   const float* beta, const void* c, Layout* c_layout, void* d, Layout* d_layout, const Algorithm* algorithm,
                   void* workspace, size_t workspace_size, void* stream) {
    const uint64_t* alignments = algorithm->data;
    if (!aligned(a, alignments[0]) || !aligned(b, alignments[1]) || !aligned(c, alignments[2]) || !aligned(d, alignments[3]))
        return invalid_value;
    if (workspace == nullptr || !aligned(workspace, 256) || workspace_size < 1 << 20 || stream == nullptr) return invalid_value;
    bool a_transposed = description->get(transpose_a, 0) == 1, b_transposed = description->get(transpose_b, 0) == 1;
    uint64_t m = a_transposed ? a_layout->columns : a_layout->rows, k = a_transposed ? a_layout->rows : a_layout->columns;
    uint64_t n = b_transposed ? b_layout->rows : b_layout->columns, b_k = b_transposed ? b_layout->columns : b_layout->rows;
    if (k != b_k || d_layout->rows != m || d_layout->columns != n || c_layout->rows != m || c_layout->columns != n) return invalid_value;
    const void* bias = description->get(epilogue, 1) == 4 ? description->get<const void*>(bias_pointer, nullptr) : nullptr;
    auto* scale_of_a = description->get<const float*>(a_scale, nullptr);
    auto* scale_of_b = description->get<const float*>(b_scale, nullptr);
    // All numbers but those on the device are read now.
    Layout as = *a_layout, bs = *b_layout, cs = *c_layout, ds = *d_layout;
    give(stream, [=, alpha = *alpha, beta = *beta] {
        float scale = alpha * (scale_of_a ? *scale_of_a : 1) * (scale_of_b ? *scale_of_b : 1);
        // Column-major: an element of row i and column j is at i + j * pitch.
        for (uint64_t j = 0; j < n; j++) {
            for (uint64_t i = 0; i < m; i++) {
                float sum = 0;
                for (uint64_t l = 0; l < k; l++) {
                    int64_t at_a = static_cast<int64_t>(a_transposed ? l : i) + static_cast<int64_t>(a_transposed ? i : l) * as.pitch;
                    int64_t at_b = static_cast<int64_t>(b_transposed ? j : l) + static_cast<int64_t>(b_transposed ? l : j) * bs.pitch;
                    sum += load(a, at_a, as.type) * load(b, at_b, bs.type);
                }
                int64_t at = static_cast<int64_t>(i) + static_cast<int64_t>(j) * ds.pitch;
                sum *= scale;
                if (beta != 0) sum += beta * load(c, at, cs.type);
                if (bias != nullptr) sum += load(bias, static_cast<int64_t>(i), ds.type);
                store(d, at, ds.type, sum);
            }
        }
    });
    return success;
}

}  // extern "C"
