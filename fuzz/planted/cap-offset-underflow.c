/* SPDX-License-Identifier: MIT */
/*
 * Counts cap_offset and next from the end of the fixed fields, as a reader does that keeps what
 * follows them in a slice of its own, and subtracts in 32 bits before any test: an offset into the
 * last bytes of the fixed fields wraps to a huge one, and adding the header size wraps it back.
 * Real: rust-vmm vfio-user client (PR 172).
 */
#define PLANTED_ID	cap_offset_underflow
#define PLANTED_NAME	"planted-cap-offset-underflow"
#define PLANTED_SUMMARY "takes 20 or 32 from cap_offset before it tests it"
#define INTO_HEADER(chain, at)                                                                     \
	PLANT((at) < (chain)->layout->end, (uint64_t)(at) + CAP_HEADER_SIZE < (chain)->layout->end)
#include "walker.h"
