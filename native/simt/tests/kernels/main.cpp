// Runs every operation on the simt device, on shapes and numbers drawn from a seed: simt_kernels SEED. Prints, with tabs between, name and
// checksum of each; then asserts that each kernel of each family was launched. Ends with 1, and why, when anything is wrong; a sanitizer
// or the race checker ends it on its own.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>
#include <string>

#include "activation/kernels.h"
#include "attention/kernels.h"
#include "attention/sm90_kernels.h"
#include "case.h"
#include "elementwise/kernels.h"
#include "embedding/kernels.h"
#include "gemm/kernels.h"
#include "gemm/sm90_kernels.h"
#include "launch/launch.h"
#include "loss/kernels.h"
#include "norm/kernels.h"
#include "optimizer/kernels.h"
#include "quantize/kernels.h"
#include "rope/kernels.h"
#include "sale/kernels.h"
#include "sale/sm90_kernels.h"

namespace ottava::cases {

#define NAME(text, ...) #text,
static const char* const KERNELS[] = {OTTAVA_ACTIVATION_KERNELS(NAME) OTTAVA_ATTENTION_KERNELS(NAME) OTTAVA_ELEMENTWISE_KERNELS(NAME)
                                          OTTAVA_EMBEDDING_KERNELS(NAME) OTTAVA_GEMM_KERNELS(NAME) OTTAVA_GEMM_SM90_KERNELS(NAME)
                                              OTTAVA_LOSS_KERNELS(NAME) OTTAVA_NORM_KERNELS(NAME) OTTAVA_OPTIMIZER_KERNELS(NAME)
                                                  OTTAVA_QUANTIZE_KERNELS(NAME) OTTAVA_ROPE_KERNELS(NAME) OTTAVA_SALE_KERNELS(NAME)
                                                      OTTAVA_SALE_SM90_KERNELS(NAME) OTTAVA_ATTENTION_SM90_KERNELS(NAME)};

// A simt device that notes which kernels it was asked for.
struct Recorder : KernelDevice {
    std::unique_ptr<KernelDevice> simt;
    std::set<std::string>& launched;

    Recorder(const char* name, std::set<std::string>& names) : simt(static_cast<KernelDevice*>(open_simt(name, 2))), launched(names) {
        operations = simt->operations;
        properties = simt->properties;
        architecture = simt->architecture;
        multiprocessors = simt->multiprocessors;
    }
    void launch(int64_t stream, const Launch& what) override {
        launched.insert(what.name);
        simt->launch(stream, what);
    }
    int64_t allocate(int64_t bytes) override { return simt->allocate(bytes); }
    void free(int64_t address, int64_t bytes) override { simt->free(address, bytes); }
    int64_t available() override { return simt->available(); }
    void copy_to_device(int64_t address, const void* host, int64_t bytes) override { simt->copy_to_device(address, host, bytes); }
    void copy_to_host(void* host, int64_t address, int64_t bytes) override { simt->copy_to_host(host, address, bytes); }
    void copy(int64_t destination, int64_t source, int64_t bytes) override { simt->copy(destination, source, bytes); }
    void synchronize() override { simt->synchronize(); }
    void* scratch(int64_t stream, int64_t offset, int64_t bytes) override { return simt->scratch(stream, offset, bytes); }
    void release_scratch(int64_t stream) override { simt->release_scratch(stream); }
    void encode(ptx::TensorMap& map, const TensorBoxes& boxes) override { simt->encode(map, boxes); }
};

static int run_all(uint64_t seed) {
    std::sort(all().begin(), all().end(), [](const NamedCase& a, const NamedCase& b) { return std::strcmp(a.name, b.name) < 0; });
    std::set<std::string> launched;
    for (const NamedCase& named : all()) {
        Recorder device(named.device, launched);
        Case c(device, seed);
        try {
            named.body(c);
        } catch (const Failure&) {
            std::printf("%s: %s\n", named.name, last_error());
            return 1;
        }
        std::printf("%s\t%016llx\n", named.name, static_cast<unsigned long long>(c.checksum()));
        std::fflush(stdout);
    }
    int missed = 0;
    for (const char* kernel : KERNELS) {
        if (launched.count(kernel) > 0) continue;
        std::printf("%s was not launched\n", kernel);
        missed = 1;
    }
    return missed;
}

}  // namespace ottava::cases

int main(int count, char** arguments) {
    return ottava::cases::run_all(count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 1);
}
