#include "kernels.h"

namespace ottava::cuda {

namespace {

constexpr int64_t SHARED_WITHOUT_ASKING = 48 * 1024;
constexpr int64_t PORTABLE_CLUSTER = 8;

int64_t volume(Extent extent) {
    return static_cast<int64_t>(extent.x) * extent.y * extent.z;
}

}  // namespace

Kernels::Kernels(Gpu& gpu, const Choice& choice)
    : gpu(gpu),
      architecture(choice.image),
      has_clusters(choice.architecture == 90),
      most_shared(gpu.attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)) {
}

Kernels::~Kernels() {
    for (auto [image, module] : modules) driver().cuModuleUnload(module);
}

CUmodule Kernels::module(const Image& image) {
    auto found = modules.find(&image);
    if (found != modules.end()) return found->second;
    char log[2048] = "";
    CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    void* values[] = {log, reinterpret_cast<void*>(sizeof log)};
    CUmodule module = nullptr;
    CUresult result = driver().cuModuleLoadDataEx(&module, image.begin, 2, options, values);
    if (result != CUDA_SUCCESS) {
        std::string what = std::string("loading the kernels of ") + image.family + " for " + image.architecture + ", made by nvcc " +
                           OTTAVA_NVCC_VERSION + ", with a driver for CUDA " + version_text(driver().version()) +
                           (log[0] == 0 ? "" : std::string(" (") + log + ")");
        gpu.check(result, what.c_str());
    }
    return modules[&image] = module;
}

Kernels::Function& Kernels::function(const Launch& launch) {
    Function& found = functions[launch.name];
    if (found.handle != nullptr) return found;
    for (const Image& image : images()) {
        if (architecture != image.architecture || !image.contains(launch.name)) continue;
        CUfunction handle = nullptr;
        gpu.check(driver().cuModuleGetFunction(&handle, module(image), launch.name), launch.name);
        int shared = 0;
        gpu.check(driver().cuFuncGetAttribute(&found.most_threads, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, handle), launch.name);
        gpu.check(driver().cuFuncGetAttribute(&shared, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, handle), launch.name);
        found.static_shared = shared;
        found.dynamic_shared = SHARED_WITHOUT_ASKING - shared;
        // nvcc and the host's compiler have to agree on how the struct lies in memory.
        size_t offset = 0, size = 0;
        gpu.check(driver().cuFuncGetParamInfo(handle, 0, &offset, &size), launch.name);
        if (static_cast<int64_t>(size) != launch.kernel_bytes)
            fail(OTTAVA_DEVICE_ERROR, "%s: the parameters of %s have %lld bytes in the image of %s, and %lld on the host", gpu.name.c_str(),
                 launch.name, static_cast<long long>(size), image.architecture, static_cast<long long>(launch.kernel_bytes));
        found.handle = handle;
        return found;
    }
    fail(OTTAVA_UNSUPPORTED, "%s: this build has no kernel %s for %s", gpu.name.c_str(), launch.name, architecture.c_str());
}

void Kernels::launch(const Launch& launch, CUstream stream) {
    Function& kernel = function(launch);
    auto refuse = [&](const std::string& what) { fail(OTTAVA_UNSUPPORTED, "%s: %s: %s", gpu.name.c_str(), launch.name, what.c_str()); };
    if (volume(launch.block) > kernel.most_threads)
        refuse("blocks of " + std::to_string(volume(launch.block)) + " threads; it is compiled for at most " +
               std::to_string(kernel.most_threads));
    if (launch.shared_bytes + kernel.static_shared > most_shared)
        refuse(std::to_string(launch.shared_bytes + kernel.static_shared) + " bytes of shared memory; a block has " +
               std::to_string(most_shared));
    if ((volume(launch.cluster) > 1 || launch.dependent) && !has_clusters)
        refuse("clusters and dependent launches take the kernels of sm_90a, and these are of " + architecture);
    if (launch.shared_bytes > kernel.dynamic_shared) {
        gpu.check(driver().cuFuncSetAttribute(kernel.handle, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                                              static_cast<int>(launch.shared_bytes)),
                  launch.name);
        kernel.dynamic_shared = launch.shared_bytes;
    }
    if (volume(launch.cluster) > PORTABLE_CLUSTER && !kernel.large_clusters) {
        gpu.check(driver().cuFuncSetAttribute(kernel.handle, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1), launch.name);
        kernel.large_clusters = true;
    }

    CUlaunchAttribute attributes[2] = {};
    unsigned count = 0;
    if (volume(launch.cluster) > 1) {
        attributes[count].id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
        attributes[count++].value.clusterDim = {launch.cluster.x, launch.cluster.y, launch.cluster.z};
    }
    if (launch.dependent) {
        attributes[count].id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
        attributes[count++].value.programmaticStreamSerializationAllowed = 1;
    }
    CUlaunchConfig config{launch.grid.x,
                          launch.grid.y,
                          launch.grid.z,
                          launch.block.x,
                          launch.block.y,
                          launch.block.z,
                          static_cast<unsigned>(launch.shared_bytes),
                          stream,
                          attributes,
                          count};
    void* parameters[] = {const_cast<void*>(launch.kernel)};
    gpu.check(driver().cuLaunchKernelEx(&config, kernel.handle, parameters, nullptr), launch.name);
    gpu.launched(launch.name);
}

}  // namespace ottava::cuda
