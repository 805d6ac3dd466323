// The fake driver's graphs.
#include "fake.h"

namespace ottava::cuda {

namespace {

int alive = 0;

}  // namespace

int fake::graphs_alive() {
    return alive;
}

CUresult fake::refuse_recording(CUstream stream, const char* what) {
    complain("%s on a stream that records a graph", what);
    stream->spoilt = true;
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
}

CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode) {
    fake::Call call;
    if (call.refused != CUDA_SUCCESS) return call.refused;
    if (stream->recording != nullptr) return fake::refuse_recording(stream, "another recording");
    stream->recording = new CUgraph_st;
    stream->spoilt = false;
    return CUDA_SUCCESS;
}

CUresult cuStreamEndCapture(CUstream stream, CUgraph* graph) {
    fake::Call call;
    if (stream->recording == nullptr) return CUDA_ERROR_INVALID_VALUE;
    CUgraph recorded = stream->recording;
    stream->recording = nullptr;
    CUresult result = call.refused != CUDA_SUCCESS ? call.refused
                      : stream->spoilt             ? CUresult{CUDA_ERROR_STREAM_CAPTURE_INVALIDATED}
                                                   : fake::injected("record");
    if (result != CUDA_SUCCESS) {
        delete recorded;
        return result;
    }
    *graph = recorded;
    alive++;
    return CUDA_SUCCESS;
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec* executable, CUgraph graph, unsigned long long flags) {
    fake::Call call;
    if (call.refused != CUDA_SUCCESS) return call.refused;
    if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
    *executable = new CUgraphExec_st{graph->work};
    alive++;
    return CUDA_SUCCESS;
}

CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream) {
    fake::Call call;
    if (call.refused != CUDA_SUCCESS) return call.refused;
    if (stream->recording != nullptr) return fake::refuse_recording(stream, "a graph");
    stream->work.insert(stream->work.end(), executable->work.begin(), executable->work.end());
    return CUDA_SUCCESS;
}

CUresult cuGraphExecDestroy(CUgraphExec executable) {
    fake::Call call;
    delete executable;
    alive--;
    return call.refused;
}

CUresult cuGraphDestroy(CUgraph graph) {
    fake::Call call;
    delete graph;
    alive--;
    return call.refused;
}

}  // namespace ottava::cuda
