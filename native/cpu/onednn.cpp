#include "onednn.h"

#include <oneapi/dnnl/dnnl.h>

#include <cstdio>
#include <mutex>
#include <string>
#include <unordered_map>

#include "../abi/error.h"
#include "../abi/system.h"
#include "ottava/base.h"

namespace ottava::cpu {

#define ONEDNN_FUNCTIONS(X)            \
    X(version)                         \
    X(engine_create)                   \
    X(stream_create)                   \
    X(stream_wait)                     \
    X(memory_desc_create_with_strides) \
    X(memory_desc_destroy)             \
    X(matmul_primitive_desc_create)    \
    X(primitive_desc_destroy)          \
    X(primitive_create)                \
    X(primitive_destroy)               \
    X(primitive_execute)               \
    X(primitive_attr_create)           \
    X(primitive_attr_set_post_ops)     \
    X(primitive_attr_destroy)          \
    X(post_ops_create)                 \
    X(post_ops_append_sum)             \
    X(post_ops_destroy)                \
    X(memory_create)                   \
    X(memory_set_data_handle)          \
    X(memory_destroy)

namespace {

struct GemmHash {
    size_t operator()(const Gemm& gemm) const {
        size_t hash = 0;
        for (int64_t value :
             {int64_t(gemm.d_dtype), int64_t(gemm.operand_dtype), int64_t(gemm.a_transposed), int64_t(gemm.b_transposed),
              int64_t(gemm.has_bias), int64_t(gemm.accumulate), gemm.d_pitch, gemm.a_pitch, gemm.b_pitch, gemm.m, gemm.n, gemm.k})
            hash = hash * 1000003u ^ static_cast<size_t>(value);
        return hash;
    }
};

// A primitive with the memory objects of its arguments, whose addresses are set anew for each call.
struct Primitive {
    dnnl_primitive_t primitive = nullptr;
    dnnl_memory_t a = nullptr, b = nullptr, bias = nullptr, d = nullptr;
};

// Ragged batches make a new shape almost every step; beyond this many the cache is emptied and filled again.
constexpr size_t max_primitives = 1024;

}  // namespace

struct OneDnn {
#define ONEDNN_MEMBER(name) decltype(&dnnl_##name) name = nullptr;
    ONEDNN_FUNCTIONS(ONEDNN_MEMBER)
#undef ONEDNN_MEMBER
    dnnl_engine_t engine = nullptr;
    dnnl_stream_t stream = nullptr;
    char version_text[64] = "";
    std::mutex lock;
    std::unordered_map<Gemm, Primitive, GemmHash> primitives;
};

static void check(dnnl_status_t status, const char* what, const Gemm& gemm) {
    if (status == dnnl_success) return;
    fail(status == dnnl_out_of_memory ? OTTAVA_OUT_OF_MEMORY : OTTAVA_UNSUPPORTED,
         "gemm m=%lld n=%lld k=%lld operands=%s on cpu: oneDNN's %s returned %d", static_cast<long long>(gemm.m),
         static_cast<long long>(gemm.n), static_cast<long long>(gemm.k), gemm.operand_dtype == OTTAVA_BF16 ? "bf16" : "f32", what, status);
}

OneDnn* load_onednn(const char* path) {
    static std::mutex lock;
    static OneDnn* loaded = nullptr;  // never unloaded: its OpenMP threads outlive any device
    std::lock_guard<std::mutex> guard(lock);
    if (loaded != nullptr) return loaded;
    std::string why;
    void* library = system::open_library(path, why);
    if (library == nullptr) fail(OTTAVA_UNSUPPORTED, "oneDNN cannot be loaded: %s", why.empty() ? path : why.c_str());
    auto onednn = new OneDnn;
#define ONEDNN_LOAD(name)                                                                                   \
    onednn->name = reinterpret_cast<decltype(&dnnl_##name)>(system::find_function(library, "dnnl_" #name)); \
    if (onednn->name == nullptr) fail(OTTAVA_UNSUPPORTED, "%s has no function dnnl_" #name ": oneDNN 3 is needed", path);
    ONEDNN_FUNCTIONS(ONEDNN_LOAD)
#undef ONEDNN_LOAD
    const dnnl_version_t* version = onednn->version();
    std::snprintf(onednn->version_text, sizeof onednn->version_text, "oneDNN %d.%d.%d", version->major, version->minor, version->patch);
    if (onednn->engine_create(&onednn->engine, dnnl_cpu, 0) != dnnl_success ||
        onednn->stream_create(&onednn->stream, onednn->engine, dnnl_stream_default_flags) != dnnl_success)
        fail(OTTAVA_UNSUPPORTED, "%s cannot make a CPU engine", onednn->version_text);
    return loaded = onednn;
}

const char* onednn_version(const OneDnn* onednn) {
    return onednn->version_text;
}

static dnnl_data_type_t data_type(int dtype) {
    return dtype == OTTAVA_BF16 ? dnnl_bf16 : dnnl_f32;
}

static Primitive make_primitive(OneDnn& onednn, const Gemm& gemm) {
    dnnl_memory_desc_t a = nullptr, b = nullptr, bias = nullptr, d = nullptr;
    auto matrix = [&](dnnl_memory_desc_t* desc, int64_t rows, int64_t columns, int64_t row_stride, int64_t column_stride, int dtype) {
        dnnl_dims_t dims = {rows, columns}, strides = {row_stride, column_stride};
        check(onednn.memory_desc_create_with_strides(desc, 2, dims, data_type(dtype), strides), "memory descriptor", gemm);
    };
    matrix(&a, gemm.m, gemm.k, gemm.a_transposed ? 1 : gemm.a_pitch, gemm.a_transposed ? gemm.a_pitch : 1, gemm.operand_dtype);
    matrix(&b, gemm.k, gemm.n, gemm.b_transposed ? gemm.b_pitch : 1, gemm.b_transposed ? 1 : gemm.b_pitch, gemm.operand_dtype);
    matrix(&d, gemm.m, gemm.n, gemm.d_pitch, 1, gemm.d_dtype);
    if (gemm.has_bias) matrix(&bias, 1, gemm.n, gemm.n, 1, gemm.operand_dtype);

    dnnl_primitive_attr_t attributes = nullptr;
    check(onednn.primitive_attr_create(&attributes), "attributes", gemm);
    if (gemm.accumulate) {
        dnnl_post_ops_t post_ops = nullptr;
        check(onednn.post_ops_create(&post_ops), "post-operations", gemm);
        check(onednn.post_ops_append_sum(post_ops, 1.0f, 0, dnnl_data_type_undef), "sum", gemm);
        check(onednn.primitive_attr_set_post_ops(attributes, post_ops), "post-operations", gemm);
        onednn.post_ops_destroy(post_ops);
    }

    dnnl_primitive_desc_t desc = nullptr;
    check(onednn.matmul_primitive_desc_create(&desc, onednn.engine, a, b, bias, d, attributes), "matmul", gemm);
    Primitive made;
    check(onednn.primitive_create(&made.primitive, desc), "primitive", gemm);
    check(onednn.memory_create(&made.a, a, onednn.engine, DNNL_MEMORY_NONE), "memory", gemm);
    check(onednn.memory_create(&made.b, b, onednn.engine, DNNL_MEMORY_NONE), "memory", gemm);
    check(onednn.memory_create(&made.d, d, onednn.engine, DNNL_MEMORY_NONE), "memory", gemm);
    if (gemm.has_bias) check(onednn.memory_create(&made.bias, bias, onednn.engine, DNNL_MEMORY_NONE), "memory", gemm);
    onednn.primitive_desc_destroy(desc);
    onednn.primitive_attr_destroy(attributes);
    for (dnnl_memory_desc_t each : {a, b, bias, d})
        if (each != nullptr) onednn.memory_desc_destroy(each);
    return made;
}

static void empty_cache(OneDnn& onednn) {
    for (auto& [gemm, made] : onednn.primitives) {
        onednn.primitive_destroy(made.primitive);
        for (dnnl_memory_t memory : {made.a, made.b, made.bias, made.d})
            if (memory != nullptr) onednn.memory_destroy(memory);
    }
    onednn.primitives.clear();
}

void onednn_gemm(OneDnn* onednn, const Gemm& gemm, int64_t d, int64_t a, int64_t b, int64_t bias) {
    std::lock_guard<std::mutex> guard(onednn->lock);
    auto found = onednn->primitives.find(gemm);
    if (found == onednn->primitives.end()) {
        if (onednn->primitives.size() >= max_primitives) empty_cache(*onednn);
        found = onednn->primitives.emplace(gemm, make_primitive(*onednn, gemm)).first;
    }
    Primitive& made = found->second;
    onednn->memory_set_data_handle(made.a, reinterpret_cast<void*>(a));
    onednn->memory_set_data_handle(made.b, reinterpret_cast<void*>(b));
    onednn->memory_set_data_handle(made.d, reinterpret_cast<void*>(d));
    if (gemm.has_bias) onednn->memory_set_data_handle(made.bias, reinterpret_cast<void*>(bias));
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, made.a}, {DNNL_ARG_WEIGHTS, made.b}, {DNNL_ARG_DST, made.d}, {DNNL_ARG_BIAS, made.bias}};
    check(onednn->primitive_execute(made.primitive, onednn->stream, gemm.has_bias ? 4 : 3, arguments), "execution", gemm);
    onednn->stream_wait(onednn->stream);
}

}  // namespace ottava::cpu
