// What mbarriers mean. The word in shared memory holds the phase, the arrivals and the bytes; 0xff..ff, the filling, is no barrier.
#pragma once

#include <cstdint>

#include "cluster.h"
#include "context.h"

namespace ottava::simt {

void mbarrier_init(uint64_t* barrier, int arrivals);
void mbarrier_arrive(uint64_t* barrier, int expected_bytes);
void mbarrier_complete(uint64_t* barrier, int bytes);    // by a copy
void mbarrier_arrive_asynchronously(uint64_t* barrier);  // likewise
void mbarrier_wait(uint64_t* barrier, int parity, Site site);

// Ends the launch unless it is an initialised barrier in shared memory of the cluster.
void check_mbarrier(const uint64_t* barrier, const char* operation);

}  // namespace ottava::simt
