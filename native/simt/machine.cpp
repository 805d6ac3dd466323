#include "machine.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "../abi/system.h"
#include "fiber.h"
#include "observer.h"
#include "sanitizer.h"

namespace ottava::simt {

thread_local ThreadContext* current = nullptr;
Observer* observer = nullptr;

static constexpr size_t STACK = 128 * 1024;
static constexpr uint64_t STACK_END = 0x5AFE5AFE5AFE5AFE;
static constexpr int MAXIMUM_IDLE_ROUNDS = 1000;

Machine::Machine() = default;

Machine::~Machine() {
    if (stacks != nullptr) system::release_pages(stacks, stack_count * STACK);
}

Machine& machine() {
    return *static_cast<Block*>(current->block)->machine;
}

uint64_t Machine::random() {  // splitmix64
    uint64_t z = random_state += 0x9E3779B97F4A7C15ull;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}

void Machine::prepare(const LaunchConfig& launch, int64_t first, int64_t count) {
    int threads = static_cast<int>(launch.block.x * launch.block.y * launch.block.z);
    int warps_per_block = (threads + 31) / 32;
    size_t all_warps = static_cast<size_t>(count) * static_cast<size_t>(warps_per_block);
    if (all_warps * 32 > stack_count) {
        if (stacks != nullptr) system::release_pages(stacks, stack_count * STACK);
        stack_count = all_warps * 32;
        stacks = static_cast<char*>(system::reserve_pages(stack_count * STACK));
        if (stacks == nullptr) {
            stack_count = 0;
            throw std::bad_alloc();
        }
    }
    warps.resize(all_warps);
    fibers.resize(all_warps * 32);
    ready_warps.assign((all_warps + 63) / 64, 0);
    pending.clear();
    error.clear();
    idle_rounds = 0;
    scheduler_bytes = 0;
    group = count;
    alive = all_threads = threads * static_cast<int>(count);
    cluster_arrived = 0;
    random_state = launch.schedule.seed * 0x2545F4914F6CDD1Dull + static_cast<uint64_t>(first);
    if (observer != nullptr) observer->begin(static_cast<int>(all_warps * 32));
    while (blocks.size() < static_cast<size_t>(count)) blocks.push_back(std::make_unique<Block>());

    for (int rank = 0; rank < count; rank++) {
        Block& block = *blocks[static_cast<size_t>(rank)];
        int64_t linear = first + rank;
        // The blocks of a cluster are neighbours in x, y and z; groups are counted cluster by cluster.
        dim3 cluster = launch.coresident ? dim3(1, 1, 1) : launch.cluster;
        int64_t size = static_cast<int64_t>(cluster.x) * cluster.y * cluster.z;
        int64_t group = linear / size, member = linear % size;
        int64_t groups_x = launch.grid.x / cluster.x, groups_y = launch.grid.y / cluster.y;
        block.index.x = static_cast<unsigned>(group % groups_x * cluster.x + member % cluster.x);
        block.index.y = static_cast<unsigned>(group / groups_x % groups_y * cluster.y + member / cluster.x % cluster.y);
        block.index.z = static_cast<unsigned>(group / groups_x / groups_y * cluster.z + member / cluster.x / cluster.y);
        block.block_dim = launch.block;
        block.grid_dim = launch.grid;
        block.machine = this;
        block.rank = rank;
        block.first_warp = rank * warps_per_block;
        block.linear = linear;
        block.free_registers = 0;
        for (Barrier& barrier : block.barriers) barrier = Barrier();
        for (Warpgroup& warpgroup : block.warpgroups) warpgroup.clear();
        block.shared.reset(launch.shared_bytes, shared_limit(launch.architecture));
        for (int t = 0; t < warps_per_block * 32; t++) {
            Fiber& fiber = fibers[static_cast<size_t>(block.first_warp * 32 + t)];
            unsigned thread = static_cast<unsigned>(t);
            fiber.index = {thread % launch.block.x, thread / launch.block.x % launch.block.y, thread / launch.block.x / launch.block.y};
            fiber.linear = t;
            fiber.lane = t % 32;
            fiber.block = &block;
            fiber.warp = block.first_warp + t / 32;
            fiber.exited = t >= threads;
            fiber.waits_in = nullptr;
            fiber.stack_pointer = nullptr;
            fiber.copies.clear();
            fiber.groups.clear();
            fiber.copies_of_mbarriers.clear();
            fiber.stores.clear();
            fiber.store_groups.clear();
            fiber.in_cluster_barrier = false;
        }
        for (int w = 0; w < warps_per_block; w++) {
            Warp& warp = warps[static_cast<size_t>(block.first_warp + w)];
            int lanes = std::min(32, threads - 32 * w);
            uint32_t mask = lanes == 32 ? 0xffffffffu : (1u << lanes) - 1;
            warp.ready = warp.polling = 0;
            warp.exited = ~mask;
            warp.registers = (launch.registers + 7) / 8 * 8;
            warp.gatherings.clear();
            warp.products.clear();
            wake(block.first_warp + w, mask);
        }
    }
}

std::string Machine::run_group(const LaunchConfig& launch, const std::function<void()>& kernel, int64_t first, int64_t count) {
    config = &launch;
    body = &kernel;
    prepare(launch, first, count);
    Fiber* fiber = pick();
    if (fiber != nullptr) {
        enter(*fiber);
        void* fake = nullptr;
        before_switch(&fake, stack_of(*fiber), STACK);
        ottava_simt_switch(&scheduler_stack, fiber->stack_pointer);
        after_switch(fake, nullptr, nullptr);
    }
    if (error.empty() && alive > 0) error = deadlock_report();
    // What is still under way completes: a copy that nobody waits for writes all the same.
    while (error.empty() && complete_one()) {
    }
    for (size_t i = 0; i < static_cast<size_t>(count); i++) {
        std::string damage = blocks[i]->shared.damage();
        for (const Warpgroup& warpgroup : blocks[i]->warpgroups)
            if (damage.empty()) damage = warpgroup.missing();
        if (error.empty() && !damage.empty()) error = "block " + describe(blocks[i]->index) + ": " + damage;
    }
    current = nullptr;
    return error;
}

char* Machine::stack_of(const Fiber& fiber) const {
    return stacks + static_cast<size_t>(&fiber - fibers.data()) * STACK;
}

// Makes the fiber the current one; gives it a stack when it runs for the first time.
void Machine::enter(Fiber& fiber) {
    current = &fiber;
    if (fiber.stack_pointer != nullptr) return;
    char* bottom = stack_of(fiber);
    unpoison(bottom, STACK);
    std::memcpy(bottom, &STACK_END, sizeof STACK_END);
    // Stacks that begin at the same place of their pages would share few sets of the first-level cache.
    size_t colour = static_cast<size_t>(&fiber - fibers.data()) * 7 % 61 * 64;
    fiber.stack_pointer = fresh_stack_pointer(bottom + STACK - colour, fiber_main);
}

void Machine::fiber_main() {
    Machine& self = machine();
    const void* left = nullptr;
    size_t bytes = 0;
    after_switch(nullptr, &left, &bytes);
    if (self.scheduler_bytes == 0) self.scheduler_bottom = left, self.scheduler_bytes = bytes;  // the first fiber comes from there
    (*self.body)();
    Fiber& fiber = self.running();
    fiber.exited = true;
    self.warps[static_cast<size_t>(fiber.warp)].exited |= 1u << fiber.lane;
    self.alive--;
    self.idle_rounds = 0;
    self.leave();
}

// Leaves the running fiber, which does not run again.
void Machine::leave() {
    Fiber& fiber = running();
    uint64_t end;
    std::memcpy(&end, stack_of(fiber), sizeof end);
    if (end != STACK_END && error.empty()) error = where(fiber) + ": the stack of " + std::to_string(STACK / 1024) + " KiB overflowed";
    Fiber* other = pick();
    void* unused;
    switch_to(other, &unused, nullptr);
    __builtin_unreachable();
}

void Machine::park(const char* operation, Site site) {
    Fiber& fiber = running();
    fiber.waits_in = operation;
    fiber.site = site;
    Fiber* other = pick();
    if (other == &fiber) return;
    void* fake = nullptr;
    switch_to(other, &fiber.stack_pointer, &fake);
    after_switch(fake, nullptr, nullptr);
}

// To the fiber, or to run_group if it is null.
inline void Machine::switch_to(Fiber* fiber, void** save, void** fake) {
    if (fiber == nullptr) {
        before_switch(fake, scheduler_bottom, scheduler_bytes);
        ottava_simt_switch(save, scheduler_stack);
    } else {
        enter(*fiber);
        before_switch(fake, stack_of(*fiber), STACK);
        ottava_simt_switch(save, fiber->stack_pointer);
    }
}

void Machine::wake(int warp, uint32_t lanes) {
    if (lanes == 0) return;
    warps[static_cast<size_t>(warp)].ready |= lanes;
    ready_warps[static_cast<size_t>(warp) / 64] |= 1ull << warp % 64;
    idle_rounds = 0;
}

// The next fiber to run by the schedule, which is not ready any more then; null when none can run, or after an error.
Fiber* Machine::pick() {
    while (error.empty()) {
        size_t words = ready_warps.size();
        bool forward = config->schedule.kind != Schedule::REVERSE;
        uint64_t draw = config->schedule.kind == Schedule::SEEDED ? random() : 0;
        if (config->schedule.kind == Schedule::SEEDED && config->schedule.seed % 2 == 1 && draw >> 62 == 0) complete_one();
        size_t offset = config->schedule.kind == Schedule::SEEDED ? draw % words : 0;
        for (size_t i = 0; i < words; i++) {
            size_t word = forward ? (i + offset) % words : words - 1 - i;
            uint64_t set = ready_warps[word];
            if (set == 0) continue;
            auto choose = [&](uint64_t bits, int turn) {
                if (config->schedule.kind == Schedule::REVERSE) return 63 - __builtin_clzll(bits);
                uint64_t above = bits >> turn << turn;  // the first at or after the turn
                return __builtin_ctzll(above != 0 ? above : bits);
            };
            int warp = static_cast<int>(word * 64) + choose(set, static_cast<int>(draw >> 32 & 63));
            Warp& ready = warps[static_cast<size_t>(warp)];
            int lane = choose(ready.ready, static_cast<int>(draw >> 40 & 31));
            ready.ready &= ~(1u << lane);
            if (ready.ready == 0) ready_warps[word] &= ~(1ull << warp % 64);
            return &fibers[static_cast<size_t>(warp * 32 + lane)];
        }
        if (complete_one()) {
            wake_polling();
            idle_rounds = 0;
        } else {
            int rounds = idle_rounds + 1;
            if (rounds > MAXIMUM_IDLE_ROUNDS || !wake_polling()) return nullptr;
            idle_rounds = rounds;
        }
    }
    return nullptr;
}

bool Machine::wake_polling() {
    bool any = false;
    for (size_t w = 0; w < warps.size(); w++) {
        uint32_t lanes = warps[w].polling;
        warps[w].polling = 0;
        wake(static_cast<int>(w), lanes);
        any = any || lanes != 0;
    }
    return any;
}

void Machine::progress() {
    wake_polling();
    idle_rounds = 0;
}

int64_t Machine::start(std::function<void()> work) {
    pending.push_back({next_ticket, std::move(work)});
    return next_ticket++;
}

void Machine::finish(int64_t ticket) {
    for (size_t i = 0; i < pending.size(); i++) {
        if (pending[i].ticket != ticket) continue;
        std::function<void()> work = std::move(pending[i].work);
        pending.erase(pending.begin() + static_cast<long>(i));
        work();
        return;
    }
}

bool Machine::complete_one() {
    if (pending.empty()) return false;
    size_t i = 0;
    if (config->schedule.kind == Schedule::REVERSE) i = pending.size() - 1;
    if (config->schedule.kind == Schedule::SEEDED) i = random() % pending.size();
    finish(pending[i].ticket);
    return true;
}

void Machine::report(const std::string& message) {
    if (error.empty()) error = message;
}

void Machine::fail(std::string message) {
    if (error.empty()) error = where(running()) + ": " + message;
    leave();
}

}  // namespace ottava::simt
