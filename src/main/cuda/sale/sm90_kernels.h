// The instantiations for sm_90a.
#pragma once

#include "sm90_sale_select.cuh"

#define OTTAVA_SALE_SM90_KERNELS(X)              \
    X(sm90_sale_select_64, sm90_sale_select<64>) \
    X(sm90_sale_select_128, sm90_sale_select<128>)
