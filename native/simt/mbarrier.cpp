#include "mbarrier.h"

#include <cstring>

#include "machine.h"
#include "observer.h"

namespace ottava::simt {

namespace {

struct Word {
    int64_t bytes : 22;  // announced and not come, or come and not announced
    uint64_t expected : 20;
    uint64_t pending : 20;
    uint64_t phase : 1;
    uint64_t invalid : 1;
};
static_assert(sizeof(Word) == sizeof(uint64_t));

Word load(const uint64_t* barrier) {
    Word word;
    std::memcpy(&word, barrier, sizeof word);
    return word;
}

void store(uint64_t* barrier, Word word) {
    if (word.pending == 0 && word.bytes == 0) {
        word.phase ^= 1;
        word.pending = word.expected;
        machine().progress();
        completed(barrier);
    }
    std::memcpy(barrier, &word, sizeof word);
}

}  // namespace

void check_mbarrier(const uint64_t* barrier, const char* operation) {
    if (reinterpret_cast<uintptr_t>(barrier) % 8 != 0) kernel_error("%s: the mbarrier is not 8-byte aligned", operation);
    if (shared_owner(barrier, 8) == nullptr) kernel_error("%s: the mbarrier is not in shared memory", operation);
    if (load(barrier).invalid) kernel_error("%s: the mbarrier is not initialised", operation);
}

void mbarrier_init(uint64_t* barrier, int arrivals) {
    if (reinterpret_cast<uintptr_t>(barrier) % 8 != 0) kernel_error("mbarrier.init: the mbarrier is not 8-byte aligned");
    if (shared_owner(barrier, 8) != current->block) kernel_error("mbarrier.init: the mbarrier is not in the block's shared memory");
    if (arrivals < 1 || arrivals >= 1 << 20) kernel_error("mbarrier.init: %d arrivals", arrivals);
    Word word{};
    word.expected = word.pending = static_cast<uint64_t>(arrivals);
    std::memcpy(barrier, &word, sizeof word);
}

void mbarrier_arrive(uint64_t* barrier, int expected_bytes) {
    check_mbarrier(barrier, "mbarrier.arrive");
    released(barrier);
    Word word = load(barrier);
    int64_t bytes = word.bytes + expected_bytes;
    if (word.pending == 0)
        kernel_error("mbarrier.arrive: all %d arrivals of this phase are in already; %d bytes have not come",
                     static_cast<int>(word.expected), static_cast<int>(word.bytes));
    if (expected_bytes < 0 || bytes >= 1 << 20) kernel_error("mbarrier.arrive: %d bytes expected; at most 2^20 - 1", expected_bytes);
    word.bytes = bytes;
    word.pending = word.pending - 1;
    store(barrier, word);
}

void mbarrier_complete(uint64_t* barrier, int bytes) {
    Word word = load(barrier);
    word.bytes = word.bytes - bytes;
    store(barrier, word);
}

void mbarrier_arrive_asynchronously(uint64_t* barrier) {
    Word word = load(barrier);
    if (word.pending == 0) return machine().report("cp.async.mbarrier.arrive: all arrivals of the barrier's phase were in already");
    word.pending = word.pending - 1;
    store(barrier, word);
}

void mbarrier_wait(uint64_t* barrier, int parity, Site site) {
    check_mbarrier(barrier, "mbarrier.try_wait");
    if (parity != 0 && parity != 1) kernel_error("mbarrier.try_wait: parity %d", parity);
    while (load(barrier).phase == static_cast<uint64_t>(parity)) poll("mbarrier wait", site);
    machine().moved();
    acquired(barrier);
}

}  // namespace ottava::simt
