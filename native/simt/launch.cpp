#include "launch.h"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "machine.h"
#include "memory.h"

namespace ottava::simt {

Schedule Schedule::from_environment() {
    const char* text = std::getenv("OTTAVA_SIMT_SCHEDULE");
    if (text == nullptr || *text == 0 || std::strcmp(text, "forward") == 0) return {FORWARD, 0};
    if (std::strcmp(text, "reverse") == 0) return {REVERSE, 0};
    char* end = nullptr;
    if (std::strncmp(text, "seed:", 5) == 0 && text[5] != 0) {
        uint64_t seed = std::strtoull(text + 5, &end, 10);
        if (*end == 0) return {SEEDED, seed};
    }
    throw std::invalid_argument(std::string("OTTAVA_SIMT_SCHEDULE=") + text + ": forward, reverse or seed:N");
}

bool truncates_fp8_from_environment() {
    const char* text = std::getenv("OTTAVA_SIMT_FP8_ACCUMULATOR");
    if (text == nullptr || *text == 0 || std::strcmp(text, "full") == 0) return false;
    if (std::strcmp(text, "truncated") == 0) return true;
    throw std::invalid_argument(std::string("OTTAVA_SIMT_FP8_ACCUMULATOR=") + text + ": full or truncated");
}

std::string Schedule::name() const {
    return kind == FORWARD ? "forward" : kind == REVERSE ? "reverse" : "seed:" + std::to_string(seed);
}

// What the driver refuses, for an sm_90 device.
static std::string refusal(const LaunchConfig& config) {
    auto volume = [](dim3 size) { return static_cast<int64_t>(size.x) * size.y * size.z; };
    const dim3 &grid = config.grid, &block = config.block, &cluster = config.cluster;
    int64_t threads = volume(block);
    std::string shape = std::to_string(block.x) + "x" + std::to_string(block.y) + "x" + std::to_string(block.z);
    if (volume(grid) < 1 || grid.x > 2147483647u || grid.y > 65535 || grid.z > 65535)
        return "a grid of " + std::to_string(grid.x) + "x" + std::to_string(grid.y) + "x" + std::to_string(grid.z) +
               " blocks; at least 1, at most 2147483647x65535x65535";
    if (threads < 1 || threads > 1024 || block.z > 64) return "a block of " + shape + " threads; at least 1, at most 1024, 64 in z";
    if (config.shared_bytes < 0 || config.shared_bytes > SHARED_LIMIT)
        return std::to_string(config.shared_bytes) + " bytes of dynamic shared memory; a block has " + std::to_string(SHARED_LIMIT);
    // Registers are given out to warps, 256 at a time.
    int64_t registers = (config.registers * 32 + 255) / 256 * 256 * ((threads + 31) / 32);
    if (config.registers > 255 || registers > 65536)
        return std::to_string(config.registers) + " registers a thread in blocks of " + shape + "; 255 a thread, 65536 a block";
    if (volume(cluster) < 1 || volume(cluster) > 16 || grid.x % cluster.x || grid.y % cluster.y || grid.z % cluster.z)
        return "a cluster of " + std::to_string(cluster.x) + "x" + std::to_string(cluster.y) + "x" + std::to_string(cluster.z) +
               " blocks; at most 16, and it has to divide the grid";
    if (config.coresident && volume(cluster) > 1) return "a co-resident grid of clusters, which the simt device does not have";
    return "";
}

namespace {

// Machines keep their stacks; launches borrow them.
struct Machines {
    std::mutex mutex;
    std::vector<std::unique_ptr<Machine>> idle;

    std::unique_ptr<Machine> borrow() {
        std::lock_guard lock(mutex);
        if (idle.empty()) return std::make_unique<Machine>();
        std::unique_ptr<Machine> machine = std::move(idle.back());
        idle.pop_back();
        return machine;
    }
    void give_back(std::unique_ptr<Machine> machine) {
        std::lock_guard lock(mutex);
        idle.push_back(std::move(machine));
    }
};

Machines& machines() {
    static Machines all;
    return all;
}

}  // namespace

std::string run(const LaunchConfig& config, const std::function<void()>& body) {
    std::string refused = refusal(config);
    if (!refused.empty()) return std::string(config.name) + ": " + refused;

    int64_t blocks = static_cast<int64_t>(config.grid.x) * config.grid.y * config.grid.z;
    int64_t group = config.coresident ? blocks : static_cast<int64_t>(config.cluster.x) * config.cluster.y * config.cluster.z;
    int64_t groups = blocks / group;
    std::vector<int64_t> order(static_cast<size_t>(groups));
    std::iota(order.begin(), order.end(), 0);
    if (config.schedule.kind == Schedule::REVERSE) std::reverse(order.begin(), order.end());
    if (config.schedule.kind == Schedule::SEEDED) {
        uint64_t state = config.schedule.seed;
        for (size_t i = order.size(); i > 1; i--) {
            state = state * 6364136223846793005ull + 1442695040888963407ull;
            std::swap(order[i - 1], order[(state >> 33) % i]);
        }
    }

    std::atomic<int64_t> next{0};
    std::mutex mutex;
    std::string error;
    std::atomic<bool> failed{false};
    int workers = static_cast<int>(std::min<int64_t>(config.workers > 0 ? config.workers : omp_get_max_threads(), groups));
#pragma omp parallel num_threads(workers)
    {
        std::unique_ptr<Machine> machine;
        for (int64_t i = next++; i < groups && !failed; i = next++) {
            std::string message;
            try {
                if (machine == nullptr) machine = machines().borrow();
                message = machine->run_group(config, body, order[static_cast<size_t>(i)] * group, group);
            } catch (const std::exception& exception) {
                message = exception.what();
            }
            if (message.empty()) continue;
            std::lock_guard lock(mutex);
            if (error.empty()) error = message;
            failed = true;
        }
        if (machine != nullptr) machines().give_back(std::move(machine));
    }
    if (error.empty()) error = damaged_allocation();
    return error.empty() ? "" : std::string(config.name) + ": " + error + " [schedule " + config.schedule.name() + "]";
}

}  // namespace ottava::simt
