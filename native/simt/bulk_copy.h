// What cp.async.bulk means, and the groups of stores: copies happen later than they are asked for.
#pragma once

#include <cstdint>
#include <functional>

namespace ottava::simt {

void bulk_load(void* shared, const void* global, int bytes, uint64_t* barrier);
void bulk_store(void* global, const void* shared, int bytes);
void bulk_reduce_add(float* global, const float* shared, int bytes);

// A store of the running thread, also of TMA: `work` is done when its group is waited for, at the latest.
void start_store(std::function<void()> work);
void bulk_commit();
void bulk_wait(int groups_left);

}  // namespace ottava::simt
