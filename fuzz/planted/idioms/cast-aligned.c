/* SPDX-License-Identifier: MIT */
/*
 * Casts to structs whose alignment is checked, and gives up where it is not 8: kernels before 6.6
 * wrote capabilities at multiples of 4. Real: debug builds in Rust, and Zig.
 */
#define PLANTED_ID	cast_aligned
#define PLANTED_NAME	"planted-cast-aligned"
#define PLANTED_SUMMARY "refuses an offset that is no multiple of 8"
#define MISALIGNED(at)	PLANT(false, (at) % 8 != 0)
#include "../walker.h"
