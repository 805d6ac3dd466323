// Bugs with reductions and matches of a warp.
#include <bit>

#include "bugs.h"

namespace ottava::bugs {

OTTAVA_BUG(reduction_that_one_lane_does_not_reach) {
    Buffer<int> y(31);
    auto kernel = [py = y.data] {
        int i = static_cast<int>(threadIdx.x);
        if (i == 31) return;
        int sum = __reduce_add_sync(WRONG ? 0xffffffffu : 0x7fffffffu, i);
        unsigned all = __reduce_or_sync(0x7fffffffu, 1u << i);
        py[i] = sum + __reduce_max_sync(0x7fffffffu, i - 40) + static_cast<int>(all == 0x7fffffffu);
    };
    return check<int>({.name = "add_up", .block = {32}}, kernel, y, [](int) { return 465.0f - 10.0f + 1.0f; });
}

// Lanes with the same key count each other; which lanes run together is not what says that.
OTTAVA_BUG(active_lanes_taken_for_equal_ones) {
    Buffer<int> y(32);
    auto kernel = [py = y.data] {
        unsigned i = threadIdx.x, equal = 0;
        if (WRONG) {
            if (i % 4 == 1) {
                equal = __activemask();
            } else {
                equal = __match_any_sync(0xddddddddu, i % 4);
            }
        } else {
            equal = __match_any_sync(0xffffffffu, i % 4);
        }
        py[i] = std::popcount(equal);
    };
    return check<int>({.name = "count_equal", .block = {32}}, kernel, y, [](int) { return 8.0f; });
}

}  // namespace ottava::bugs
