// The CUDA driver, found when it is asked for: nothing of CUDA is linked, and no toolkit is needed to compile. What is used of cuda.h is
// declared here, under its names there; a test compares the two where the toolkit is installed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace ottava::cuda {

using CUresult = int;
using CUdevice = int;
using CUdeviceptr = unsigned long long;
using CUcontext = struct CUctx_st*;
using CUmodule = struct CUmod_st*;
using CUfunction = struct CUfunc_st*;
using CUstream = struct CUstream_st*;
using CUevent = struct CUevent_st*;
using CUgraph = struct CUgraph_st*;
using CUgraphExec = struct CUgraphExec_st*;
using CUmemoryPool = struct CUmemPoolHandle_st*;

enum : CUresult {
    CUDA_SUCCESS = 0,
    CUDA_ERROR_INVALID_VALUE = 1,
    CUDA_ERROR_OUT_OF_MEMORY = 2,
    CUDA_ERROR_NO_DEVICE = 100,
    CUDA_ERROR_INVALID_DEVICE = 101,
    CUDA_ERROR_INVALID_IMAGE = 200,
    CUDA_ERROR_INVALID_CONTEXT = 201,
    CUDA_ERROR_NO_BINARY_FOR_GPU = 209,
    CUDA_ERROR_ECC_UNCORRECTABLE = 214,
    CUDA_ERROR_NVLINK_UNCORRECTABLE = 220,
    CUDA_ERROR_CONTAINED = 226,
    CUDA_ERROR_INVALID_HANDLE = 400,
    CUDA_ERROR_NOT_FOUND = 500,
    CUDA_ERROR_NOT_READY = 600,
    CUDA_ERROR_ILLEGAL_ADDRESS = 700,
    CUDA_ERROR_LAUNCH_TIMEOUT = 702,
    CUDA_ERROR_CONTEXT_IS_DESTROYED = 709,
    CUDA_ERROR_ASSERT = 710,
    CUDA_ERROR_HARDWARE_STACK_ERROR = 714,
    CUDA_ERROR_ILLEGAL_INSTRUCTION = 715,
    CUDA_ERROR_MISALIGNED_ADDRESS = 716,
    CUDA_ERROR_INVALID_ADDRESS_SPACE = 717,
    CUDA_ERROR_INVALID_PC = 718,
    CUDA_ERROR_LAUNCH_FAILED = 719,
    CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED = 900,
    CUDA_ERROR_STREAM_CAPTURE_INVALIDATED = 901,
    CUDA_ERROR_UNKNOWN = 999,
};

enum CUdevice_attribute : int {
    CU_DEVICE_ATTRIBUTE_CLOCK_RATE = 13,  // in kHz
    CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16,
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
    CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN = 97,
    CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED = 115,
};
enum CUfunction_attribute : int {
    CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK = 0,
    CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES = 1,
    CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8,
    CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED = 14,
};
enum CUmemPool_attribute : int {
    CU_MEMPOOL_ATTR_RELEASE_THRESHOLD = 4,
    CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT = 5,
    CU_MEMPOOL_ATTR_USED_MEM_CURRENT = 7,
};
enum CUjit_option : int { CU_JIT_ERROR_LOG_BUFFER = 5, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6 };
enum CUlaunchAttributeID : int { CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION = 4, CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION = 6 };
enum : unsigned { CU_STREAM_NON_BLOCKING = 1, CU_EVENT_DEFAULT = 0, CU_EVENT_DISABLE_TIMING = 2 };
enum CUstreamCaptureMode : int { CU_STREAM_CAPTURE_MODE_RELAXED = 2 };
enum : int { CU_MEM_ALLOCATION_TYPE_PINNED = 1, CU_MEM_LOCATION_TYPE_DEVICE = 1 };
enum CUtensorMapDataType : int {
    CU_TENSOR_MAP_DATA_TYPE_UINT8 = 0,
    CU_TENSOR_MAP_DATA_TYPE_UINT16 = 1,
    CU_TENSOR_MAP_DATA_TYPE_UINT32 = 2,
    CU_TENSOR_MAP_DATA_TYPE_UINT64 = 4,
};
enum CUtensorMapInterleave : int { CU_TENSOR_MAP_INTERLEAVE_NONE = 0 };
enum CUtensorMapSwizzle : int {
    CU_TENSOR_MAP_SWIZZLE_NONE = 0,
    CU_TENSOR_MAP_SWIZZLE_32B = 1,
    CU_TENSOR_MAP_SWIZZLE_64B = 2,
    CU_TENSOR_MAP_SWIZZLE_128B = 3,
};
enum CUtensorMapL2promotion : int { CU_TENSOR_MAP_L2_PROMOTION_L2_256B = 3 };
enum CUtensorMapFloatOOBfill : int { CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE = 0 };  // outside the tensor: zeros

struct alignas(128) CUtensorMap {
    uint64_t opaque[16];
};

struct CUlaunchAttribute {
    CUlaunchAttributeID id;
    char pad[4];
    union {
        char bytes[64];
        struct {
            unsigned x, y, z;
        } clusterDim;
        int programmaticStreamSerializationAllowed;
        void* alignment;
    } value;
};

struct CUlaunchConfig {
    unsigned gridDimX, gridDimY, gridDimZ;
    unsigned blockDimX, blockDimY, blockDimZ;
    unsigned sharedMemBytes;
    CUstream hStream;
    CUlaunchAttribute* attrs;
    unsigned numAttrs;
};

struct CUmemPoolProps {
    int allocType;
    int handleTypes;
    struct {
        int type, id;
    } location;
    void* win32SecurityAttributes;
    size_t maxSize;
    unsigned short usage;
    unsigned char reserved[54];
};

// The functions by the names that the library exports.
#define OTTAVA_DRIVER_FUNCTIONS(X)                                                                                                \
    X(cuInit, (unsigned flags))                                                                                                   \
    X(cuDriverGetVersion, (int* version))                                                                                         \
    X(cuGetErrorName, (CUresult error, const char** name))                                                                        \
    X(cuGetErrorString, (CUresult error, const char** text))                                                                      \
    X(cuDeviceGetCount, (int* count))                                                                                             \
    X(cuDeviceGet, (CUdevice * device, int ordinal))                                                                              \
    X(cuDeviceGetName, (char* name, int length, CUdevice device))                                                                 \
    X(cuDeviceGetAttribute, (int* value, CUdevice_attribute attribute, CUdevice device))                                          \
    X(cuDeviceTotalMem_v2, (size_t * bytes, CUdevice device))                                                                     \
    X(cuDevicePrimaryCtxRetain, (CUcontext * context, CUdevice device))                                                           \
    X(cuDevicePrimaryCtxRelease_v2, (CUdevice device))                                                                            \
    X(cuCtxGetCurrent, (CUcontext * context))                                                                                     \
    X(cuCtxSetCurrent, (CUcontext context))                                                                                       \
    X(cuModuleLoadDataEx, (CUmodule * module, const void* image, unsigned count, CUjit_option* options, void** values))           \
    X(cuModuleUnload, (CUmodule module))                                                                                          \
    X(cuModuleGetFunction, (CUfunction * function, CUmodule module, const char* name))                                            \
    X(cuFuncGetAttribute, (int* value, CUfunction_attribute attribute, CUfunction function))                                      \
    X(cuFuncSetAttribute, (CUfunction function, CUfunction_attribute attribute, int value))                                       \
    X(cuFuncGetParamInfo, (CUfunction function, size_t index, size_t * offset, size_t * size))                                    \
    X(cuLaunchKernelEx, (const CUlaunchConfig* config, CUfunction function, void** parameters, void** extra))                     \
    X(cuMemPoolCreate, (CUmemoryPool * pool, const CUmemPoolProps* properties))                                                   \
    X(cuMemPoolDestroy, (CUmemoryPool pool))                                                                                      \
    X(cuMemPoolTrimTo, (CUmemoryPool pool, size_t bytes))                                                                         \
    X(cuMemPoolSetAttribute, (CUmemoryPool pool, CUmemPool_attribute attribute, void* value))                                     \
    X(cuMemPoolGetAttribute, (CUmemoryPool pool, CUmemPool_attribute attribute, void* value))                                     \
    X(cuMemAllocFromPoolAsync, (CUdeviceptr * address, size_t bytes, CUmemoryPool pool, CUstream stream))                         \
    X(cuMemFreeAsync, (CUdeviceptr address, CUstream stream))                                                                     \
    X(cuMemGetInfo_v2, (size_t * free, size_t * total))                                                                           \
    X(cuMemAllocHost_v2, (void** host, size_t bytes))                                                                             \
    X(cuMemFreeHost, (void* host))                                                                                                \
    X(cuMemcpyHtoDAsync_v2, (CUdeviceptr to, const void* host, size_t bytes, CUstream stream))                                    \
    X(cuMemcpyDtoHAsync_v2, (void* host, CUdeviceptr from, size_t bytes, CUstream stream))                                        \
    X(cuMemcpyDtoDAsync_v2, (CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream))                                    \
    X(cuStreamCreate, (CUstream * stream, unsigned flags))                                                                        \
    X(cuStreamSynchronize, (CUstream stream))                                                                                     \
    X(cuStreamDestroy_v2, (CUstream stream))                                                                                      \
    X(cuStreamBeginCapture_v2, (CUstream stream, CUstreamCaptureMode mode))                                                       \
    X(cuStreamEndCapture, (CUstream stream, CUgraph * graph))                                                                     \
    X(cuGraphInstantiateWithFlags, (CUgraphExec * executable, CUgraph graph, unsigned long long flags))                           \
    X(cuGraphLaunch, (CUgraphExec executable, CUstream stream))                                                                   \
    X(cuGraphExecDestroy, (CUgraphExec executable))                                                                               \
    X(cuGraphDestroy, (CUgraph graph))                                                                                            \
    X(cuEventCreate, (CUevent * event, unsigned flags))                                                                           \
    X(cuEventRecord, (CUevent event, CUstream stream))                                                                            \
    X(cuEventSynchronize, (CUevent event))                                                                                        \
    X(cuEventElapsedTime, (float* milliseconds, CUevent start, CUevent end))                                                      \
    X(cuEventDestroy_v2, (CUevent event))                                                                                         \
    X(cuTensorMapEncodeTiled,                                                                                                     \
      (CUtensorMap * map, CUtensorMapDataType type, uint32_t rank, void* address, const uint64_t* sizes, const uint64_t* strides, \
       const uint32_t* box, const uint32_t* element_strides, CUtensorMapInterleave interleave, CUtensorMapSwizzle swizzle,        \
       CUtensorMapL2promotion promotion, CUtensorMapFloatOOBfill fill))

struct Driver {
#define OTTAVA_MEMBER(name, parameters) CUresult(*name) parameters = nullptr;
    OTTAVA_DRIVER_FUNCTIONS(OTTAVA_MEMBER)
#undef OTTAVA_MEMBER

    int version() const;                         // 13000 for 13.0
    std::string describe(CUresult error) const;  // "CUDA_ERROR_NO_DEVICE, no CUDA-capable device is detected"
};

// Whether this machine has one, usable or not.
bool driver_found();

// The driver of this machine, with all its functions; throws OTTAVA_UNSUPPORTED where there is none, or one too old.
const Driver& driver();

std::string version_text(int version);  // "13.0"

}  // namespace ottava::cuda
