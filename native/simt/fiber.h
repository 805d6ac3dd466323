// A fiber: a stack of its own and the registers that a switch has to keep. Each CUDA thread runs on one.
#pragma once

#include <cstddef>

namespace ottava::simt {

// Saves the callee-saved registers on the running stack and its stack pointer in *save, then goes on where `load` was saved.
extern "C" void ottava_simt_switch(void** save, void* load) __attribute__((visibility("hidden")));

// The stack pointer with which a switch enters `entry`, on the stack that ends at `top` (16-byte aligned). entry must not return.
void* fresh_stack_pointer(void* top, void (*entry)());

}  // namespace ottava::simt
