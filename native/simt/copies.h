// What cp.async means: the copy happens when it is waited for, no sooner; one that nobody waits for does not happen.
#pragma once

#include <cstdint>

namespace ottava::simt {

void cp_async(void* shared, const void* global, int size, int bytes);
void cp_async_commit();
void cp_async_wait(int groups_left);
void cp_async_mbarrier_arrive(uint64_t* barrier);  // .noinc; a later wait of this thread for any group waits for these copies too

}  // namespace ottava::simt
