#include "copies.h"

#include <cstring>

#include "machine.h"
#include "mbarrier.h"
#include "memory.h"

namespace ottava::simt {

static void carry_out(const Copy& copy) {
    std::memcpy(copy.shared, copy.global, static_cast<size_t>(copy.bytes));
    std::memset(static_cast<char*>(copy.shared) + copy.bytes, 0, static_cast<size_t>(copy.size - copy.bytes));
}

void cp_async(void* shared, const void* global, int size, int bytes) {
    auto misaligned = [&](const void* address) { return reinterpret_cast<uintptr_t>(address) % static_cast<unsigned>(size) != 0; };
    if (bytes < 0 || bytes > size) kernel_error("cp.async of %d bytes out of %d", bytes, size);
    if (misaligned(shared)) kernel_error("cp.async: the shared address is not a multiple of %d", size);
    if (misaligned(global)) kernel_error("cp.async: the global address is not a multiple of %d", size);
    if (!static_cast<Block*>(current->block)->shared.holds(shared, static_cast<size_t>(size)))
        kernel_error("cp.async: the target is not in an array of the block's shared memory");
    if (!may_access(global, bytes)) kernel_error("cp.async: %d bytes are read outside an allocation", bytes);
    machine().running().copies.push_back({shared, global, size, bytes});
}

void cp_async_commit() {
    Fiber& fiber = machine().running();
    fiber.groups.push_back(fiber.copies.size());
}

void cp_async_wait(int groups_left) {
    Fiber& fiber = machine().running();
    size_t left = static_cast<size_t>(groups_left);
    if (fiber.groups.size() <= left) return;
    size_t groups = fiber.groups.size() - left;
    size_t done = fiber.groups[groups - 1];
    for (int64_t ticket : fiber.copies_of_mbarriers) machine().finish(ticket);
    fiber.copies_of_mbarriers.clear();
    for (size_t i = 0; i < done; i++) carry_out(fiber.copies[i]);
    fiber.copies.erase(fiber.copies.begin(), fiber.copies.begin() + static_cast<long>(done));
    fiber.groups.erase(fiber.groups.begin(), fiber.groups.begin() + static_cast<long>(groups));
    for (size_t& group : fiber.groups) group -= done;
}

void cp_async_mbarrier_arrive(uint64_t* barrier) {
    check_mbarrier(barrier, "cp.async.mbarrier.arrive");
    Fiber& fiber = machine().running();
    fiber.copies_of_mbarriers.push_back(machine().start([copies = std::move(fiber.copies), barrier] {
        for (const Copy& copy : copies) carry_out(copy);
        mbarrier_arrive_asynchronously(barrier);
    }));
    fiber.copies.clear();
    for (size_t& group : fiber.groups) group = 0;
}

}  // namespace ottava::simt
