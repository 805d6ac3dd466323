// A race checker for shared memory: kernels are compiled with -fsanitize=thread and linked with these functions instead of its runtime.
// Each thread has a vector clock; two accesses to the same byte, one of them a write, by threads that no barrier, warp operation or
// mbarrier orders are a race, whichever came first. It is printed with both places, and ends the process.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "simt/cluster.h"
#include "simt/machine.h"
#include "simt/observer.h"

namespace ottava::simt {

namespace {

using Clock = std::vector<uint32_t>;

struct Access {
    int thread = -1;
    uint32_t time = 0;
    const void* place = nullptr;
};

struct Byte {
    Access write;
    std::vector<Access> reads;  // the last of each thread since the write
};

std::string source_line(const void* place) {
    Dl_info info;
    if (dladdr(place, &info) == 0) return "?";
    char command[600], line[600] = "";
    std::snprintf(command, sizeof command, "addr2line -s -e %s 0x%lx", info.dli_fname,
                  static_cast<unsigned long>(static_cast<const char*>(place) - static_cast<const char*>(info.dli_fbase)) - 1);
    FILE* pipe = popen(command, "r");
    if (pipe == nullptr) return "?";
    if (std::fgets(line, sizeof line, pipe) == nullptr) line[0] = 0;
    pclose(pipe);
    std::string text = line;
    return text.substr(0, text.find_first_of(" \n"));
}

// Of one group of blocks, which one processor thread runs from beginning to end.
thread_local std::vector<Clock> clocks;
thread_local std::map<const void*, Clock> arrived, opened;  // by object
thread_local std::unordered_map<uintptr_t, Byte> bytes;

struct Checker : Observer {
    Checker() { observer = this; }

    void begin(int threads) override {
        clocks.assign(static_cast<size_t>(threads), Clock(static_cast<size_t>(threads), 0));
        for (size_t i = 0; i < clocks.size(); i++) clocks[i][i] = 1;
        arrived.clear();
        opened.clear();
        bytes.clear();
    }

    static size_t self() { return static_cast<size_t>(machine().running().warp * 32 + current->lane); }

    static void join(Clock& into, const Clock& from) {
        if (into.size() < from.size()) into.resize(from.size(), 0);  // an object that nobody released has an empty clock
        for (size_t i = 0; i < from.size(); i++) into[i] = std::max(into[i], from[i]);
    }

    void release(const void* object) override {
        join(arrived[object], clocks[self()]);
        clocks[self()][self()]++;
    }

    void complete(const void* object) override { opened[object] = arrived[object]; }

    void acquire(const void* object) override { join(clocks[self()], opened[object]); }

    bool ordered(const Access& before) const {
        return before.thread < 0 || static_cast<size_t>(before.thread) == self() ||
               before.time <= clocks[self()][static_cast<size_t>(before.thread)];
    }

    void report(const Access& before, bool before_writes, const void* place, bool writes) {
        std::fprintf(stderr, "RACE in shared memory: thread %d %s at %s, thread %d %s at %s, nothing between\n", before.thread,
                     before_writes ? "writes" : "reads", source_line(before.place).c_str(), static_cast<int>(self()),
                     writes ? "writes" : "reads", source_line(place).c_str());
        _exit(1);
    }

    void access(const void* address, size_t count, bool writes, const void* place) {
        if (current == nullptr || shared_owner(address, 1) == nullptr) return;
        Access now{static_cast<int>(self()), clocks[self()][self()], place};
        for (size_t i = 0; i < count; i++) {
            Byte& byte = bytes[reinterpret_cast<uintptr_t>(address) + i];
            if (!ordered(byte.write)) report(byte.write, true, place, writes);
            if (writes) {
                for (const Access& read : byte.reads)
                    if (!ordered(read)) report(read, false, place, true);
                byte.write = now;
                byte.reads.clear();
            } else {
                bool known = false;
                for (Access& read : byte.reads)
                    if (read.thread == now.thread) read = now, known = true;
                if (!known) byte.reads.push_back(now);
            }
        }
    }
};

Checker checker;

}  // namespace

}  // namespace ottava::simt

#define OTTAVA_ACCESS(name, bytes, writes)                                                 \
    extern "C" void __tsan_##name(void* address) {                                         \
        ottava::simt::checker.access(address, bytes, writes, __builtin_return_address(0)); \
    }
OTTAVA_ACCESS(read1, 1, false)
OTTAVA_ACCESS(read2, 2, false)
OTTAVA_ACCESS(read4, 4, false)
OTTAVA_ACCESS(read8, 8, false)
OTTAVA_ACCESS(read16, 16, false)
OTTAVA_ACCESS(unaligned_read2, 2, false)
OTTAVA_ACCESS(unaligned_read4, 4, false)
OTTAVA_ACCESS(unaligned_read8, 8, false)
OTTAVA_ACCESS(unaligned_read16, 16, false)
OTTAVA_ACCESS(write1, 1, true)
OTTAVA_ACCESS(write2, 2, true)
OTTAVA_ACCESS(write4, 4, true)
OTTAVA_ACCESS(write8, 8, true)
OTTAVA_ACCESS(write16, 16, true)
OTTAVA_ACCESS(unaligned_write2, 2, true)
OTTAVA_ACCESS(unaligned_write4, 4, true)
OTTAVA_ACCESS(unaligned_write8, 8, true)
OTTAVA_ACCESS(unaligned_write16, 16, true)

extern "C" {
void __tsan_init() {
}
void __tsan_func_entry(void*) {
}
void __tsan_func_exit() {
}
void __tsan_vptr_update(void**, void*) {
}
void __tsan_vptr_read(void**) {
}
void __tsan_read_range(void* address, size_t bytes) {
    ottava::simt::checker.access(address, bytes, false, __builtin_return_address(0));
}
void __tsan_write_range(void* address, size_t bytes) {
    ottava::simt::checker.access(address, bytes, true, __builtin_return_address(0));
}
// Atomics are atomic, and no race.
int __tsan_atomic32_fetch_add(int* address, int value, int) {
    return __atomic_fetch_add(address, value, __ATOMIC_SEQ_CST);
}
int __tsan_atomic32_load(const int* address, int) {
    return __atomic_load_n(address, __ATOMIC_SEQ_CST);
}
int __tsan_atomic32_compare_exchange_weak(int* address, int* expected, int value, int, int) {
    return __atomic_compare_exchange_n(address, expected, value, true, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}
unsigned char __tsan_atomic8_load(const unsigned char* address, int) {
    return __atomic_load_n(address, __ATOMIC_SEQ_CST);
}
}
