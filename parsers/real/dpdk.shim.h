/* SPDX-License-Identifier: MIT */
/* What DPDK's bus/pci uses and does not have in the files it is cut from. */
#include "real.h"

#define RTE_LOG(...)	      ((void)0)
#define RTE_PTR_ADD(at, more) ((void *)((uintptr_t)(at) + (more)))
