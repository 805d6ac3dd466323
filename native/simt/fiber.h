// A fiber: a stack of its own and the registers that a switch has to keep. Each CUDA thread runs on one.
#pragma once

#include <cstddef>

namespace ottava::simt {

// The one switch for x86-64 follows the System V convention on Windows too: the compiler knows then what it does not keep.
#ifdef _WIN32
#define OTTAVA_SIMT_SWITCH __attribute__((sysv_abi))
#else
#define OTTAVA_SIMT_SWITCH __attribute__((visibility("hidden")))
#endif

// Saves the callee-saved registers on the running stack and its stack pointer in *save, then goes on where `load` was saved.
extern "C" OTTAVA_SIMT_SWITCH void ottava_simt_switch(void** save, void* load);

// The stack pointer with which a switch enters `entry`, on the stack that ends at `top` (16-byte aligned). entry must not return.
void* fresh_stack_pointer(void* top, void (*entry)());

}  // namespace ottava::simt
