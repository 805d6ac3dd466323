#include "cluster.h"

#include "machine.h"
#include "observer.h"

namespace ottava::simt {

int cluster_rank() {
    return static_cast<Block*>(current->block)->rank;
}

void cluster_arrive(Site site) {
    Machine& self = machine();
    Fiber& fiber = self.running();
    if (fiber.in_cluster_barrier) kernel_error("barrier.cluster.arrive at %s twice without a wait between", describe(site).c_str());
    fiber.in_cluster_barrier = true;
    fiber.cluster_phase = self.cluster_phase;
    released(&self.cluster_arrived);
    if (++self.cluster_arrived < self.threads()) return;
    self.cluster_arrived = 0;
    self.cluster_phase++;
    completed(&self.cluster_arrived);
    self.progress();
}

void cluster_wait(Site site) {
    Machine& self = machine();
    Fiber& fiber = self.running();
    if (!fiber.in_cluster_barrier) kernel_error("barrier.cluster.wait at %s without an arrive before", describe(site).c_str());
    while (fiber.cluster_phase == self.cluster_phase) poll("barrier.cluster.wait", site);
    fiber.in_cluster_barrier = false;
    acquired(&self.cluster_arrived);
}

void* map_shared(const void* pointer, int rank) {
    Machine& self = machine();
    auto& own = *static_cast<Block*>(current->block);
    if (rank < 0 || static_cast<size_t>(rank) >= self.group_size())
        kernel_error("mapa: rank %d in a cluster of %d blocks", rank, static_cast<int>(self.group_size()));
    Block& other = *self.blocks[static_cast<size_t>(rank)];
    if (!own.shared.holds(pointer, 1)) kernel_error("mapa: the address is not in an array of the block's shared memory");
    bool alive = false;
    int warps = static_cast<int>(self.warps.size() / self.group_size());
    for (int w = 0; w < warps; w++) alive = alive || self.warps[static_cast<size_t>(other.first_warp + w)].exited != 0xffffffffu;
    if (!alive) kernel_error("mapa: the block of rank %d has exited; its shared memory is gone", rank);
    return other.shared.dynamic() + own.shared.offset(pointer);
}

BlockContext* shared_owner(const void* address, size_t bytes) {
    auto& own = *static_cast<Block*>(current->block);
    if (own.shared.holds(address, bytes)) return &own;
    Machine& self = machine();
    for (size_t i = 0; i < self.group_size(); i++)
        if (self.blocks[i]->shared.holds(address, bytes)) return self.blocks[i].get();
    return nullptr;
}

}  // namespace ottava::simt
