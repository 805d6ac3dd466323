// What clusters mean.
#pragma once

#include <cstddef>

#include "context.h"

namespace ottava::simt {

int cluster_rank();
void cluster_arrive(Site site);
void cluster_wait(Site site);
void* map_shared(const void* pointer, int rank);

// The block of the cluster in whose shared memory [address, address + bytes) lies; null if in none.
BlockContext* shared_owner(const void* address, size_t bytes);

}  // namespace ottava::simt
