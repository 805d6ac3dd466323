#include "fiber.h"

#include <cstring>

#ifdef _WIN32
#define OTTAVA_ELF(directive)
#else
#define OTTAVA_ELF(directive) directive "\n"
#endif

#if defined(__x86_64__)
asm(".text\n"
    ".p2align 4\n"
    ".globl ottava_simt_switch\n"  //
    OTTAVA_ELF(".hidden ottava_simt_switch") OTTAVA_ELF(".type ottava_simt_switch,@function") R"(
ottava_simt_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
)" OTTAVA_ELF(".size ottava_simt_switch, .-ottava_simt_switch"));
#elif defined(__aarch64__)
asm(R"(
.text
.p2align 4
.globl ottava_simt_switch
.hidden ottava_simt_switch
.type ottava_simt_switch,%function
ottava_simt_switch:
    sub sp, sp, #160
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
.size ottava_simt_switch, .-ottava_simt_switch
)");
#else
#error "the simt device has a stack switch for x86-64 and aarch64 only"
#endif

namespace ottava::simt {

void* fresh_stack_pointer(void* top, void (*entry)()) {
#if defined(__x86_64__)
    // From the top: room where functions of Windows keep their arguments, a return address that ends backtraces, the entry that `ret` jumps
    // to, six registers.
    void** stack = static_cast<void**>(top) - 12;
    std::memset(stack, 0, 12 * sizeof(void*));
    stack[6] = reinterpret_cast<void*>(entry);
#else
    void** stack = static_cast<void**>(top) - 20;
    std::memset(stack, 0, 20 * sizeof(void*));
    stack[11] = reinterpret_cast<void*>(entry);  // x30
#endif
    return stack;
}

}  // namespace ottava::simt
