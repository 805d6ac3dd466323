// Token embedding. See ottava/embedding.h.
#pragma once

#include "rows_of_id.cuh"

namespace ottava {

// out[t] = weight[ids[t]], rows of row_bytes (a multiple of 2); the row of an id out of range is left as it is.
// Grid: any number of blocks, one per token; block: up to 256 threads; no shared memory.
struct any_embedding_forward {
    static constexpr int threads = 256;
    char* out;
    const char* weight;
    const int32_t* ids;
    int64_t tokens, vocabulary, row_bytes;
    bool aligned;

    __device__ __forceinline__ void operator()() const {
        for (int64_t t = blockIdx.x; t < tokens; t += gridDim.x) {
            int64_t id = ids[t];
            if (id < 0 || id >= vocabulary) continue;
            const char* from = weight + id * row_bytes;
            char* to = out + t * row_bytes;
            if (aligned) {
                for (int64_t at = threadIdx.x * 16; at < row_bytes; at += blockDim.x * 16) store_16(to + at, load_16(from + at));
            } else {
                for (int64_t at = threadIdx.x * 2; at < row_bytes; at += blockDim.x * 2)
                    *reinterpret_cast<uint16_t*>(to + at) = *reinterpret_cast<const uint16_t*>(from + at);
            }
        }
    }
};

// d_weight[ids[t]] += d_out[t], in the order of t, without atomics: the block of a token at which an id comes first adds the rows of all
// tokens with that id; the blocks of the other tokens end after a look at the ids before theirs.
// d_weight: F32 [vocabulary, hidden]; d_out: [tokens, hidden] of T. Grid: (tokens, ceil(hidden / 2048)); block: 256 threads, a run of 8
// columns each. Shared memory: 1 KiB.
template <class T>
struct any_embedding_backward {
    static constexpr int threads = 256;
    static constexpr int run = 8;
    float* d_weight;
    const T* d_out;
    const int32_t* ids;
    int64_t tokens, vocabulary, hidden;
    bool aligned;

    __device__ __forceinline__ void operator()() const {
        OTTAVA_SHARED(uint32_t, ballots, 8);
        OTTAVA_SHARED(int32_t, list, threads);
        static_assert(threads == rows_at_once, "a thread looks at an id");
        int64_t t = blockIdx.x;
        int32_t id = ids[t];
        if (id < 0 || id >= vocabulary) return;
        // Backwards, because an id that is there before is often there shortly before.
        for (int64_t end = t; end > 0; end -= looks * threads)
            if (any_equal(ballots, id, end)) return;

        int64_t j = (static_cast<int64_t>(blockIdx.y) * threads + threadIdx.x) * run;
        float* target = d_weight + id * hidden + j;
        float sum[run];
        load_run<run>(sum, target, hidden - j, aligned);
        for (int64_t base = t; base < tokens; base += rows_at_once) {
            int32_t matches = collect_rows(ballots, list, ids, tokens, id, base);
            add_rows<run>(sum, d_out + base * hidden + j, list, matches, hidden, hidden - j, aligned);
        }
        store_run<run>(target, sum, hidden - j, aligned);
    }

  private:
    static constexpr int looks = 8;

    // Whether one of the looks * threads ids before `end` is id.
    __device__ __forceinline__ bool any_equal(uint32_t* ballots, int32_t id, int64_t end) const {
        bool equal = false;
#pragma unroll
        for (int k = 0; k < looks; k++) {
            int64_t s = end - 1 - k * threads - static_cast<int64_t>(threadIdx.x);
            equal |= s >= 0 && ids[s] == id;
        }
        uint32_t ballot = __ballot_sync(all_lanes, equal);
        __syncthreads();  // the ballots of the round before may still be read
        if (threadIdx.x % 32 == 0) ballots[threadIdx.x / 32] = ballot;
        __syncthreads();
        uint32_t any = 0;
#pragma unroll
        for (int w = 0; w < threads / 32; w++) any |= ballots[w];
        return any != 0;
    }
};

}  // namespace ottava
