#include "bulk_copy.h"

#include <cstring>

#include "intrinsics.h"
#include "machine.h"
#include "mbarrier.h"
#include "memory.h"

namespace ottava::simt {

static void check(const char* operation, const void* shared, const void* global, int bytes) {
    auto misaligned = [](const void* address) { return reinterpret_cast<uintptr_t>(address) % 16 != 0; };
    if (bytes < 0 || bytes % 16 != 0) kernel_error("%s of %d bytes, not a multiple of 16", operation, bytes);
    if (misaligned(shared)) kernel_error("%s: the shared address is not a multiple of 16", operation);
    if (misaligned(global)) kernel_error("%s: the global address is not a multiple of 16", operation);
    if (!static_cast<Block*>(current->block)->shared.holds(shared, static_cast<size_t>(bytes)))
        kernel_error("%s: %d bytes are not in an array of the block's shared memory", operation, bytes);
    if (!may_access(global, bytes)) kernel_error("%s: %d bytes are outside an allocation", operation, bytes);
}

void bulk_load(void* shared, const void* global, int bytes, uint64_t* barrier) {
    check("cp.async.bulk", shared, global, bytes);
    check_mbarrier(barrier, "cp.async.bulk");
    machine().start([=] {
        std::memcpy(shared, global, static_cast<size_t>(bytes));
        mbarrier_complete(barrier, bytes);
    });
}

void bulk_store(void* global, const void* shared, int bytes) {
    check("cp.async.bulk", shared, global, bytes);
    start_store([=] { std::memcpy(global, shared, static_cast<size_t>(bytes)); });
}

void bulk_reduce_add(float* global, const float* shared, int bytes) {
    check("cp.reduce.async.bulk", shared, global, bytes);
    start_store([=] {
        for (int i = 0; i < bytes / 4; i++) atomicAdd(global + i, shared[i]);
    });
}

void start_store(std::function<void()> work) {
    machine().running().stores.push_back(machine().start(std::move(work)));
}

void bulk_commit() {
    Fiber& fiber = machine().running();
    fiber.store_groups.push_back(fiber.stores.size());
}

void bulk_wait(int groups_left) {
    Fiber& fiber = machine().running();
    size_t left = static_cast<size_t>(groups_left);
    if (fiber.store_groups.size() <= left) return;
    size_t groups = fiber.store_groups.size() - left;
    size_t done = fiber.store_groups[groups - 1];
    for (size_t i = 0; i < done; i++) machine().finish(fiber.stores[i]);
    fiber.stores.erase(fiber.stores.begin(), fiber.stores.begin() + static_cast<long>(done));
    fiber.store_groups.erase(fiber.store_groups.begin(), fiber.store_groups.begin() + static_cast<long>(groups));
    for (size_t& group : fiber.store_groups) group -= done;
}

}  // namespace ottava::simt
