// Barriers of a block and what the lanes of a warp do together.
#include <cstring>

#include "machine.h"
#include "observer.h"

namespace ottava::simt {

static Block& own_block() {
    return *static_cast<Block*>(current->block);
}

static bool same(const Site& a, const Site& b) {
    return a.line() == b.line() && a.column() == b.column() &&
           (a.file_name() == b.file_name() || std::strcmp(a.file_name(), b.file_name()) == 0);
}

// Counts the running thread in; wakes the others and returns true if it is the last.
static bool arrive(Block& block, int id, int threads, const char* operation, Site site) {
    if (id < 0 || id > 15) kernel_error("%s at %s: barrier %d; there are 0 to 15", operation, describe(site).c_str(), id);
    int all = static_cast<int>(block.block_dim.x * block.block_dim.y * block.block_dim.z);
    bool whole = threads == 0;
    if (whole) threads = all;
    if (!whole && (threads % 32 != 0 || threads < 0 || threads > (all + 31) / 32 * 32))
        kernel_error("%s at %s: barrier %d of %d threads, not a multiple of 32 up to the %d of the block", operation,
                     describe(site).c_str(), id, threads, all);
    Barrier& barrier = block.barriers[id];
    if (barrier.arrived == 0) {
        barrier.expected = threads;
        barrier.operation = operation;
        barrier.site = site;
        barrier.first_thread = current->linear;
    } else if (barrier.expected != threads) {
        kernel_error("%s at %s expects %d threads at barrier %d, but %s at %s expects %d", operation, describe(site).c_str(), threads, id,
                     barrier.operation, describe(barrier.site).c_str(), barrier.expected);
    } else if (whole && !same(barrier.site, site)) {
        kernel_error("divergent barrier: this thread is in %s at %s, thread %d of the block in %s at %s", operation, describe(site).c_str(),
                     barrier.first_thread, barrier.operation, describe(barrier.site).c_str());
    }
    released(&barrier);
    if (++barrier.arrived < barrier.expected) return false;
    completed(&barrier);
    int warps = (all + 31) / 32;
    for (int w = 0; w < warps; w++) {
        machine().wake(block.first_warp + w, barrier.waiting[w]);
        barrier.waiting[w] = 0;
    }
    barrier.arrived = 0;
    return true;
}

void barrier_sync(int id, int threads, const char* operation, Site site) {
    Block& block = own_block();
    if (!arrive(block, id, threads, operation, site)) {
        block.barriers[id].waiting[current->linear / 32] |= 1u << current->lane;
        machine().park(operation, site);
    }
    acquired(&block.barriers[id]);
}

void barrier_arrive(int id, int threads, const char* operation, Site site) {
    arrive(own_block(), id, threads, operation, site);
}

void warp_together(uint32_t mask, const char* operation, Action action, void* arguments, Site site) {
    Machine& self = machine();
    Fiber& fiber = self.running();
    Warp& warp = self.warps[static_cast<size_t>(fiber.warp)];
    uint32_t own = 1u << fiber.lane;
    if (!(mask & own)) kernel_error("%s at %s: lane %d is not in its mask 0x%08x", operation, describe(site).c_str(), fiber.lane, mask);
    if (mask & warp.exited)
        kernel_error("%s at %s: the mask 0x%08x names lanes 0x%08x, which exited or do not exist", operation, describe(site).c_str(), mask,
                     mask & warp.exited);
    Gathering* gathering = nullptr;
    for (Gathering& other : warp.gatherings) {
        if (other.mask == mask) {
            gathering = &other;
        } else if (other.mask & mask) {
            kernel_error("%s at %s with mask 0x%08x while other lanes wait in %s at %s with mask 0x%08x", operation, describe(site).c_str(),
                         mask, other.operation, describe(other.site).c_str(), other.mask);
        }
    }
    if (gathering == nullptr) {
        if (mask == own) {
            void* alone[32] = {};
            alone[fiber.lane] = arguments;
            if (action != nullptr) action(alone, mask);
            return;
        }
        warp.gatherings.push_back({mask, 0, operation, action, site, {}});
        gathering = &warp.gatherings.back();
    } else if (gathering->action != action || !same(gathering->site, site)) {
        kernel_error("divergent warp: this lane is in %s at %s, others in %s at %s", operation, describe(site).c_str(),
                     gathering->operation, describe(gathering->site).c_str());
    }
    gathering->arrived |= own;
    gathering->arguments[fiber.lane] = arguments;
    released(&warp);
    if (gathering->arrived != mask) {
        self.park(operation, site);
        return acquired(&warp);
    }
    completed(&warp);
    acquired(&warp);
    if (action != nullptr) action(gathering->arguments, mask);
    warp.gatherings.erase(warp.gatherings.begin() + (gathering - warp.gatherings.data()));
    self.wake(fiber.warp, mask & ~own);
}

void poll(const char* operation, Site site) {
    Machine& self = machine();
    Fiber& fiber = self.running();
    self.warps[static_cast<size_t>(fiber.warp)].polling |= 1u << fiber.lane;
    self.park(operation, site);
}

void* static_shared(const void* key, const char* name, size_t bytes, size_t alignment) {
    void* array = own_block().shared.array(key, name, bytes, alignment);
    if (array == nullptr)
        kernel_error("%s of %lld bytes: the block has %lld KiB of shared memory", name, static_cast<long long>(bytes),
                     static_cast<long long>(own_block().shared.limit() / 1024));
    return array;
}

unsigned char* dynamic_shared() {
    return own_block().shared.dynamic();
}

}  // namespace ottava::simt
