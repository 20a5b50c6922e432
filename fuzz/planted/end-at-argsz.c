/* SPDX-License-Identifier: MIT */
/*
 * Ends at an offset that is not inside the reply, as if that were the 0 which ends a chain. Real:
 * fpga_sio (`next >= argsz`), the CXL selftests (`>= 512`), rust-vmm vfio-user client.
 */
#define PLANTED_ID	end_at_argsz
#define PLANTED_NAME	"planted-end-at-argsz"
#define PLANTED_SUMMARY "an offset past the reply ends the chain"
#define ENDS(chain, at) PLANT((at) == 0, ((at) == 0) | ((at) >= (chain)->argsz))
#include "walker.h"
