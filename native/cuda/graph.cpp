#include "graph.h"

namespace ottava::cuda {

namespace {

// Any thread may launch and close it: the context is made current as for other operations.
struct CudaGraph : Graph {
    Gpu& gpu;
    CUcontext context;
    CUstream stream;
    CUgraphExec executable;

    CudaGraph(Gpu& gpu, CUcontext context, CUstream stream, CUgraphExec executable)
        : gpu(gpu), context(context), stream(stream), executable(executable) {}
    ~CudaGraph() override {
        driver().cuCtxSetCurrent(context);
        driver().cuGraphExecDestroy(executable);
    }
    void launch() override {
        gpu.check_usable();
        gpu.check(driver().cuCtxSetCurrent(context), "cuCtxSetCurrent");
        gpu.check(driver().cuGraphLaunch(executable, stream), "launch of a graph");
        gpu.launched("one of a graph");
    }
};

}  // namespace

// Relaxed: a kernel of a library that is loaded only now, say, is no reason to fail; what must not happen is refused here, by name.
void Recorder::begin(CUstream stream) {
    refuse("another recording");
    gpu.check(driver().cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED), "recording a graph");
    recording = true;
}

Graph* Recorder::end(CUstream stream) {
    if (!recording) fail(OTTAVA_INVALID_ARGUMENT, "%s: no graph is being recorded", gpu.name.c_str());
    recording = false;
    CUgraph graph = nullptr;
    gpu.check(driver().cuStreamEndCapture(stream, &graph), "recording a graph");
    CUcontext context = nullptr;
    driver().cuCtxGetCurrent(&context);
    CUgraphExec executable = nullptr;
    CUresult result = driver().cuGraphInstantiateWithFlags(&executable, graph, 0);
    driver().cuGraphDestroy(graph);
    gpu.check(result, "instantiating a graph");
    return new CudaGraph(gpu, context, stream, executable);
}

void Recorder::cancel(CUstream stream) {
    if (!recording) return;
    recording = false;
    CUgraph graph = nullptr;
    if (driver().cuStreamEndCapture(stream, &graph) == CUDA_SUCCESS) driver().cuGraphDestroy(graph);
}

void Recorder::refuse(const char* what) const {
    if (recording) fail(OTTAVA_UNSUPPORTED, "%s: %s cannot be recorded in a graph", gpu.name.c_str(), what);
}

}  // namespace ottava::cuda
