// The instantiations for sm_90a, by head size.
#pragma once

#include "sm90_attention_forward.cuh"

#define OTTAVA_ATTENTION_SM90_KERNELS(X)                     \
    X(sm90_attention_forward_64, sm90_attention_forward<64>) \
    X(sm90_attention_forward_128, sm90_attention_forward<128>)
