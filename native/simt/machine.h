// One processor thread's executor: it runs a group of blocks (one block, a cluster, or a co-resident grid) as one set of fibers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "context.h"
#include "launch.h"
#include "shared_memory.h"
#include "wgmma_state.h"

namespace ottava::simt {

struct Machine;

// A cp.async that has not been waited for.
struct Copy {
    void* shared;
    const void* global;
    int size, bytes;
};

struct Fiber : ThreadContext {
    void* stack_pointer = nullptr;
    int warp = 0;  // in the machine
    bool exited = false;
    const char* waits_in = nullptr;  // for the dead-lock report
    Site site;
    std::vector<Copy> copies;
    std::vector<size_t> groups;        // where each committed group ends in copies
    std::vector<int64_t> stores;       // tickets of TMA stores
    std::vector<size_t> store_groups;  // as groups
    bool in_cluster_barrier = false;
    int64_t cluster_phase = 0;
};

struct Barrier {
    int expected = 0, arrived = 0;
    uint32_t waiting[32] = {};  // lanes, by warp of the block
    const char* operation = nullptr;
    Site site;
    int first_thread = 0;
};

struct Block : BlockContext {
    Machine* machine = nullptr;
    int rank = 0;            // in the group
    int first_warp = 0;      // in the machine
    int64_t linear = 0;      // in the grid
    int free_registers = 0;  // per lane, given back by warps
    Barrier barriers[16];
    SharedMemory shared;
    Warpgroup warpgroups[8];
};

// Lanes of one warp that gather for one operation.
struct Gathering {
    uint32_t mask, arrived;
    const char* operation;
    Action action;
    Site site;
    void* arguments[32];
};

struct Warp {
    uint32_t ready = 0, polling = 0, exited = 0;
    int registers = 0;  // per lane; 0: not known
    std::vector<Gathering> gatherings;
    WarpProducts products;
};

// Work that the hardware does on its own time. It completes when nothing else can run, or when a wait forces it.
struct Asynchronous {
    int64_t ticket;
    std::function<void()> work;
};

struct Machine {
    Machine();
    ~Machine();
    Machine(const Machine&) = delete;

    // Runs blocks first .. first + count - 1 of the grid. Returns "" or the error.
    std::string run_group(const LaunchConfig& config, const std::function<void()>& body, int64_t first, int64_t count);

    // Called by the running fiber, which is not ready any more: runs others until it is.
    void park(const char* operation, Site site);
    void wake(int warp, uint32_t lanes);
    int64_t start(std::function<void()> work);  // returns the ticket
    void finish(int64_t ticket);                // if it has not completed
    void fail(std::string message);             // records the error and leaves the running fiber for good
    void progress();                            // something happened that polling threads may wait for
    void moved() { idle_rounds = 0; }           // a polling thread found what it waited for
    size_t group_size() const { return static_cast<size_t>(group); }
    int threads() const { return all_threads; }  // of the group
    bool truncates_fp8() const { return config->truncate_fp8_sums; }
    Fiber& running() const { return *static_cast<Fiber*>(current); }

    std::vector<Fiber> fibers;  // 32 a warp, whether the block fills it or not
    std::vector<Warp> warps;
    std::vector<std::unique_ptr<Block>> blocks;  // of the group; more may be kept for later launches
    int64_t cluster_phase = 0;
    int cluster_arrived = 0;

  private:
    Fiber* pick();
    void leave();
    void prepare(const LaunchConfig& config, int64_t first, int64_t count);
    void enter(Fiber& fiber);
    void switch_to(Fiber* fiber, void** save, void** fake);
    char* stack_of(const Fiber& fiber) const;
    bool complete_one();
    bool wake_polling();
    uint64_t random();
    std::string deadlock_report() const;
    std::string where(const Fiber& fiber) const;
    static void fiber_main();

    const LaunchConfig* config = nullptr;
    const std::function<void()>* body = nullptr;
    char* stacks = nullptr;
    size_t stack_count = 0;
    void* scheduler_stack = nullptr;         // where run_group waits
    const void* scheduler_bottom = nullptr;  // of that stack, for AddressSanitizer
    size_t scheduler_bytes = 0;
    std::vector<uint64_t> ready_warps;  // a bit per warp
    std::vector<Asynchronous> pending;
    int64_t next_ticket = 0;
    int idle_rounds = 0;
    int alive = 0;
    int all_threads = 0;
    int64_t group = 0;
    uint64_t random_state = 0;
    std::string error;
};

Machine& machine();  // of the running fiber

std::string describe(const Site& site);    // file:line
std::string describe(const uint3& index);  // (x,y,z)

}  // namespace ottava::simt
