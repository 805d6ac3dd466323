// The fake driver's modules and launches.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "fake.h"
#include "fake_image.h"
#include "simt/launch.h"
#include "simt/tma.h"

namespace ottava::cuda {

struct CUfunc_st {
    std::string name;
    const fake::Body* body;
    size_t parameter_bytes;
    int static_shared, dynamic_shared;
    int architecture;
    bool large_clusters = false;
};

struct CUmod_st {
    fake::KernelImage image;
    std::vector<std::unique_ptr<CUfunc_st>> functions;
};

CUresult cuModuleLoadDataEx(CUmodule* module, const void* data, unsigned, CUjit_option*, void**) {
    fake::Call call;
    if (call.refused != CUDA_SUCCESS) return call.refused;
    fake::KernelImage image(data);
    auto [major, minor] = fake::capability();
    int wanted = image.architecture(), have = 10 * major + minor;
    if (wanted == 0) return CUDA_ERROR_INVALID_IMAGE;
    // A cubin runs within its major version, that of sm_90a on nothing else; PTX on whatever is as new.
    bool runs = !image.is_elf() ? wanted <= have : wanted == 90 ? have == 90 : wanted / 10 == major && wanted <= have;
    if (!runs) return CUDA_ERROR_NO_BINARY_FOR_GPU;
    *module = new CUmod_st{image, {}};
    return CUDA_SUCCESS;
}

CUresult cuModuleUnload(CUmodule module) {
    fake::Call call;
    delete module;
    return call.refused;
}

CUresult cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
    fake::Call call;
    if (call.refused != CUDA_SUCCESS) return call.refused;
    if (!module->image.contains(name)) return CUDA_ERROR_NOT_FOUND;
    const fake::Body* body = fake::find_body(name);
    if (body == nullptr) {
        fake::complain("%s is in the image and in no list of kernels", name);
        return CUDA_ERROR_NOT_FOUND;
    }
    int shared = static_cast<int>(module->image.static_shared(name));
    module->functions.push_back(std::make_unique<CUfunc_st>(
        CUfunc_st{name, body, module->image.parameter_bytes(name), shared, 48 * 1024 - shared, module->image.architecture()}));
    *function = module->functions.back().get();
    return CUDA_SUCCESS;
}

CUresult cuFuncGetAttribute(int* value, CUfunction_attribute attribute, CUfunction function) {
    fake::Call call;
    switch (attribute) {
        case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK: *value = function->body->threads; break;
        case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES: *value = function->static_shared; break;
        default: return CUDA_ERROR_INVALID_VALUE;
    }
    return call.refused;
}

CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value) {
    fake::Call call;
    if (call.refused != CUDA_SUCCESS) return call.refused;
    if (attribute == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES) {
        int most = 0;
        cuDeviceGetAttribute(&most, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, 0);
        if (value < 0 || value + function->static_shared > most) return CUDA_ERROR_INVALID_VALUE;
        function->dynamic_shared = value;
        return CUDA_SUCCESS;
    }
    if (attribute != CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED) return CUDA_ERROR_INVALID_VALUE;
    function->large_clusters = value != 0;
    return CUDA_SUCCESS;
}

CUresult cuFuncGetParamInfo(CUfunction function, size_t index, size_t* offset, size_t* size) {
    fake::Call call;
    if (index != 0) return CUDA_ERROR_INVALID_VALUE;
    *offset = 0;
    *size = function->parameter_bytes;
    return call.refused;
}

CUresult cuLaunchKernelEx(const CUlaunchConfig* config, CUfunction function, void** parameters, void** extra) {
    fake::Call call;
    if (call.refused != CUDA_SUCCESS) return call.refused;
    dim3 grid(config->gridDimX, config->gridDimY, config->gridDimZ), block(config->blockDimX, config->blockDimY, config->blockDimZ);
    dim3 cluster(1, 1, 1);
    bool known = extra == nullptr && block.x * block.y * block.z <= static_cast<unsigned>(function->body->threads) &&
                 static_cast<int>(config->sharedMemBytes) <= function->dynamic_shared;
    for (unsigned i = 0; i < config->numAttrs; i++) {
        const CUlaunchAttribute& attribute = config->attrs[i];
        known = known && function->architecture >= 90;
        if (attribute.id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION) {
            cluster = dim3(attribute.value.clusterDim.x, attribute.value.clusterDim.y, attribute.value.clusterDim.z);
            known = known && cluster.x * cluster.y * cluster.z <= (function->large_clusters ? 16u : 8u);
        }
    }
    if (!known) {
        fake::complain("a launch of %s that was to be refused before", function->name.c_str());
        return CUDA_ERROR_INVALID_VALUE;
    }
    size_t size = function->body->bytes;
    std::shared_ptr<void> kernel(std::aligned_alloc(128, (size + 127) / 128 * 128), std::free);  // 128: for tensor maps
    std::memcpy(kernel.get(), parameters[0], size);
    config->hStream->give([=, bytes = static_cast<int64_t>(config->sharedMemBytes)] {
        if (CUresult wanted = fake::injected("launch"); wanted != CUDA_SUCCESS) return wanted;
        std::string error =
            simt::run({.name = function->name.c_str(), .grid = grid, .block = block, .cluster = cluster, .shared_bytes = bytes},
                      [&] { function->body->call(kernel.get()); });
        if (error.empty()) return CUresult{CUDA_SUCCESS};
        fake::complain("%s", error.c_str());
        return CUresult{CUDA_ERROR_ILLEGAL_ADDRESS};
    });
    return CUDA_SUCCESS;
}

CUresult cuTensorMapEncodeTiled(CUtensorMap* map, CUtensorMapDataType type, uint32_t rank, void* address, const uint64_t* sizes,
                                const uint64_t* strides, const uint32_t* box, const uint32_t* element_strides, CUtensorMapInterleave,
                                CUtensorMapSwizzle swizzle, CUtensorMapL2promotion, CUtensorMapFloatOOBfill) {
    int bytes = type == CU_TENSOR_MAP_DATA_TYPE_UINT64 ? 8 : 1 << type;
    std::vector<int64_t> size(sizes, sizes + rank), stride(strides, strides + rank - 1);
    std::vector<int> part(box, box + rank);
    for (uint32_t i = 0; i < rank; i++)
        if (element_strides[i] != 1) return CUDA_ERROR_INVALID_VALUE;
    int swizzled = swizzle == CU_TENSOR_MAP_SWIZZLE_NONE ? 0 : 16 << swizzle;
    std::string error = simt::encode(*reinterpret_cast<simt::TensorMap*>(map), address, bytes, size, stride, part, swizzled);
    return error.empty() ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

}  // namespace ottava::cuda
