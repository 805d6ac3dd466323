// What cp.async means: the copy happens when it is waited for, no sooner; one that nobody waits for does not happen.
#pragma once

namespace ottava::simt {

void cp_async(void* shared, const void* global, int size, int bytes);
void cp_async_commit();
void cp_async_wait(int groups_left);

}  // namespace ottava::simt
