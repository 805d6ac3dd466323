// Warp shuffles, votes, matches and reductions of CUDA.
#pragma once

#include <cstring>
#include <functional>

#include "context.h"

namespace ottava::simt {

template <class T>
struct ShuffleLane {
    T value;
    T result;
    int source;  // the lane to read; its own where CUDA leaves the value alone
};

template <class T>
void shuffle(void** arguments, uint32_t mask) {
    for (int lane = 0; lane < 32; lane++) {
        if (!(mask >> lane & 1)) continue;
        auto* own = static_cast<ShuffleLane<T>*>(arguments[lane]);
        if (!(mask >> own->source & 1))
            kernel_error("lane %d reads lane %d in a shuffle, which is not in the mask 0x%08x", lane, own->source, mask);
        own->result = static_cast<ShuffleLane<T>*>(arguments[own->source])->value;
    }
}

template <class T>
T shuffle_from(uint32_t mask, const char* operation, T value, int source, Site site) {
    ShuffleLane<T> own{value, value, source};
    warp_together(mask, operation, shuffle<T>, &own, site);
    return own.result;
}

struct VoteLane {
    uint32_t predicate;
    uint32_t result;
};

inline void vote(void** arguments, uint32_t mask) {
    uint32_t ballot = 0;
    for (int lane = 0; lane < 32; lane++)
        if (mask >> lane & 1) ballot |= static_cast<VoteLane*>(arguments[lane])->predicate << lane;
    for (int lane = 0; lane < 32; lane++)
        if (mask >> lane & 1) static_cast<VoteLane*>(arguments[lane])->result = ballot;
}

inline uint32_t ballot(uint32_t mask, const char* operation, bool predicate, Site site) {
    VoteLane own{predicate, 0};
    warp_together(mask, operation, vote, &own, site);
    return own.result;
}

template <class T>
struct CollectiveLane {
    T value;
    T result;
};

template <class T, class Combine>
void reduce(void** arguments, uint32_t mask) {
    T result{};
    bool first = true;
    for (int lane = 0; lane < 32; lane++) {
        if (!(mask >> lane & 1)) continue;
        T value = static_cast<CollectiveLane<T>*>(arguments[lane])->value;
        result = first ? value : Combine()(result, value);
        first = false;
    }
    for (int lane = 0; lane < 32; lane++)
        if (mask >> lane & 1) static_cast<CollectiveLane<T>*>(arguments[lane])->result = result;
}

template <class T, class Combine>
T reduced(uint32_t mask, const char* operation, T value, Site site) {
    CollectiveLane<T> own{value, value};
    warp_together(mask, operation, reduce<T, Combine>, &own, site);
    return own.result;
}

inline void match(void** arguments, uint32_t mask) {
    auto value = [&](int lane) { return static_cast<CollectiveLane<uint64_t>*>(arguments[lane])->value; };
    for (int lane = 0; lane < 32; lane++) {
        if (!(mask >> lane & 1)) continue;
        uint32_t equal = 0;
        for (int other = 0; other < 32; other++)
            if (mask >> other & 1 && value(other) == value(lane)) equal |= 1u << other;
        static_cast<CollectiveLane<uint64_t>*>(arguments[lane])->result = equal;
    }
}

struct Smaller {
    template <class T>
    T operator()(T a, T b) const {
        return a < b ? a : b;
    }
};
struct Larger {
    template <class T>
    T operator()(T a, T b) const {
        return a < b ? b : a;
    }
};

inline int lane() {
    return current->lane;
}

}  // namespace ottava::simt

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, ottava::simt::Site site = ottava::simt::Site::current()) {
    int segment = ottava::simt::lane() & ~(width - 1);
    return ottava::simt::shuffle_from(mask, "__shfl_sync", value, segment + (source & (width - 1)), site);
}

template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32, ottava::simt::Site site = ottava::simt::Site::current()) {
    int lane = ottava::simt::lane();
    int source = lane ^ lane_mask;
    return ottava::simt::shuffle_from(mask, "__shfl_xor_sync", value, source > (lane | (width - 1)) ? lane : source, site);
}

template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, ottava::simt::Site site = ottava::simt::Site::current()) {
    int lane = ottava::simt::lane();
    int source = lane + static_cast<int>(delta);
    return ottava::simt::shuffle_from(mask, "__shfl_down_sync", value, source > (lane | (width - 1)) ? lane : source, site);
}

template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, ottava::simt::Site site = ottava::simt::Site::current()) {
    int lane = ottava::simt::lane();
    int source = lane - static_cast<int>(delta);
    return ottava::simt::shuffle_from(mask, "__shfl_up_sync", value, source < (lane & ~(width - 1)) ? lane : source, site);
}

inline unsigned __ballot_sync(unsigned mask, int predicate, ottava::simt::Site site = ottava::simt::Site::current()) {
    return ottava::simt::ballot(mask, "__ballot_sync", predicate != 0, site);
}
inline int __any_sync(unsigned mask, int predicate, ottava::simt::Site site = ottava::simt::Site::current()) {
    return ottava::simt::ballot(mask, "__any_sync", predicate != 0, site) != 0;
}
inline int __all_sync(unsigned mask, int predicate, ottava::simt::Site site = ottava::simt::Site::current()) {
    return ottava::simt::ballot(mask, "__all_sync", predicate != 0, site) == mask;
}
// Reductions of 32-bit integers, sm_80 and later; a sum wraps around.
#define OTTAVA_REDUCE(name, type, computed, combine)                                                                         \
    inline type name(unsigned mask, type value, ottava::simt::Site site = ottava::simt::Site::current()) {                   \
        return static_cast<type>(ottava::simt::reduced<computed, combine>(mask, #name, static_cast<computed>(value), site)); \
    }
OTTAVA_REDUCE(__reduce_add_sync, int, unsigned, std::plus<>)
OTTAVA_REDUCE(__reduce_add_sync, unsigned, unsigned, std::plus<>)
OTTAVA_REDUCE(__reduce_min_sync, int, int, ottava::simt::Smaller)
OTTAVA_REDUCE(__reduce_min_sync, unsigned, unsigned, ottava::simt::Smaller)
OTTAVA_REDUCE(__reduce_max_sync, int, int, ottava::simt::Larger)
OTTAVA_REDUCE(__reduce_max_sync, unsigned, unsigned, ottava::simt::Larger)
OTTAVA_REDUCE(__reduce_and_sync, unsigned, unsigned, std::bit_and<>)
OTTAVA_REDUCE(__reduce_or_sync, unsigned, unsigned, std::bit_or<>)
OTTAVA_REDUCE(__reduce_xor_sync, unsigned, unsigned, std::bit_xor<>)
#undef OTTAVA_REDUCE

// The lanes of the mask with the same value, compared as bits.
template <class T>
unsigned __match_any_sync(unsigned mask, T value, ottava::simt::Site site = ottava::simt::Site::current()) {
    static_assert(sizeof(T) <= 8);
    ottava::simt::CollectiveLane<uint64_t> own{};
    memcpy(&own.value, &value, sizeof value);
    ottava::simt::warp_together(mask, "__match_any_sync", ottava::simt::match, &own, site);
    return static_cast<unsigned>(own.result);
}
// Which lanes happen to run together is not defined: here, each alone.
inline unsigned __activemask() {
    return 1u << ottava::simt::lane();
}
inline void __syncwarp(unsigned mask = 0xffffffffu, ottava::simt::Site site = ottava::simt::Site::current()) {
    ottava::simt::warp_together(mask, "__syncwarp", nullptr, nullptr, site);
}
