// The sm_90a product of whatever operands: tensor maps and grid. For the sources that launch its kernels.
#pragma once

#include "../gemm/sm90_kernels.h"
#include "launch.h"

namespace ottava {

OTTAVA_GEMM_SM90_KERNELS(OTTAVA_NAME)

// An operand in memory: `rows` of m or n, along k, or if it is Major::MN across it.
struct Sm90Matrix {
    int64_t address, pitch_bytes, rows;
};

// `loaded`: how many rows of the tile one block loads.
template <class Operand>
void encode_operand(KernelDevice& device, ptx::TensorMap& map, const Sm90Matrix& x, int64_t k, int loaded) {
    constexpr int bytes = sizeof(typename Operand::Element);
    if constexpr (Operand::major == ptx::Major::K) {
        device.encode(map, {x.address, bytes, {k, x.rows}, {x.pitch_bytes}, {Operand::step, loaded}, Operand::row_bytes});
    } else {
        device.encode(map, {x.address, bytes, {x.rows, k}, {x.pitch_bytes}, {Operand::panel, Operand::step}, Operand::row_bytes});
    }
}

// The kernel without scales.
template <class A, class B, int TILE, bool promoted, class Epilogue>
auto sm90_kernel(int64_t stream, const Sm90Matrix& a, const Sm90Matrix& b, int64_t k, const Sm90Plan& plan, const Epilogue& epilogue) {
    constexpr Sm90TileCost cost = sm90_tiles[TILE];
    KernelDevice& device = kernel_device(stream);
    bool share_a = plan.shared == OTTAVA_SHARE_A, share_b = plan.shared == OTTAVA_SHARE_B;
    sm90_gemm<A, B, Sm90Tile<cost.rows, cost.columns>, promoted, Epilogue> kernel{};
    encode_operand<A>(device, kernel.a_map, a, k, share_a ? cost.rows / 2 : cost.rows);
    encode_operand<B>(device, kernel.b_map, b, k, share_b ? cost.columns / 2 : cost.columns);
    kernel.order = {static_cast<int>(ceil_div(a.rows, cost.rows * (share_b ? 2 : 1))),
                    static_cast<int>(ceil_div(b.rows, cost.columns * (share_a ? 2 : 1))), plan.group};
    kernel.steps = static_cast<int>(ceil_div(k, A::step));
    kernel.shared = plan.shared;
    kernel.epilogue = epilogue;
    return kernel;
}

template <class Kernel>
void launch_sm90(int64_t stream, const Kernel& kernel, const Sm90Plan& plan) {
    launch(stream, kernel, plan.blocks, Kernel::threads, Kernel::shared_bytes, plan.shared ? 2 : 1);
}

// D goes by TMA where that can write it.
inline Sm90Store sm90_store(int64_t stream, const StoreResult& result, bool is_f32) {
    Sm90Store epilogue{};
    epilogue.result = result;
    epilogue.is_f32 = is_f32;
    int64_t d = reinterpret_cast<int64_t>(result.d);
    epilogue.by_tma = !is_f32 && d % 16 == 0 && result.d_pitch % 8 == 0;
    if (epilogue.by_tma)
        kernel_device(stream).encode(epilogue.map, {d, 2, {result.columns, result.rows}, {2 * result.d_pitch}, {64, 16}, 128});
    return epilogue;
}

}  // namespace ottava
