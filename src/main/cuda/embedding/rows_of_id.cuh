// Finding and adding up the rows of the tokens that have an id.
#pragma once

#include "../common/reduce.cuh"

namespace ottava {

constexpr int rows_at_once = 256;  // ids that a block looks at together, one a thread

// The places, counted from base and in order, of those of the next rows_at_once ids that are id; returns their number. ballots: 8 and list:
// rows_at_once elements of shared memory; every thread of the block of rows_at_once has to call it.
__device__ __forceinline__ int32_t collect_rows(uint32_t* ballots, int32_t* list, const int32_t* ids, int64_t tokens, int32_t id,
                                                int64_t base) {
    uint32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    bool equal = base + threadIdx.x < tokens && ids[base + threadIdx.x] == id;
    uint32_t ballot = __ballot_sync(all_lanes, equal);
    __syncthreads();  // the list of the round before may still be read
    if (lane == 0) ballots[warp] = ballot;
    __syncthreads();
    int32_t before = 0, all = 0;
#pragma unroll
    for (uint32_t w = 0; w < rows_at_once / 32; w++) {
        int32_t ones = __popc(ballots[w]);
        if (w < warp) before += ones;
        all += ones;
    }
    if (equal) list[before + __popc(ballot & ((1u << lane) - 1))] = static_cast<int32_t>(threadIdx.x);
    __syncthreads();
    return all;
}

// sum[0 .. N) += the runs of the listed rows, one after the other, of which `left` elements are there; rows are `pitch` apart.
template <int N, class T>
__device__ __forceinline__ void add_rows(float* sum, const T* d_out, const int32_t* list, int32_t matches, int64_t pitch, int64_t left,
                                         bool aligned) {
    constexpr int batch = 4;
    for (int32_t m = 0; m < matches; m += batch) {
        // Loaded together: a frequent id would wait for memory at each row.
        float value[batch][N];
#pragma unroll
        for (int u = 0; u < batch; u++) {
            int32_t row = m + u < matches ? list[m + u] : 0;
            load_run<N>(value[u], d_out + row * pitch, m + u < matches ? left : 0, aligned);
        }
#pragma unroll
        for (int u = 0; u < batch; u++) {
#pragma unroll
            for (int k = 0; k < N; k++)
                if (m + u < matches) sum[k] += value[u][k];
        }
    }
}

}  // namespace ottava
