/* SPDX-License-Identifier: MIT */
/*
 * Which mutator an engine's shim reaches: that of scripts where the target takes those
 * (TARGET_FETCH), and that of buffers of MUTATE_KIND otherwise.
 */
#ifndef FUZZ_MUTATOR_MUTATE_KIND_H
#define FUZZ_MUTATOR_MUTATE_KIND_H

#include "mutate.h"

#ifndef TARGET_FETCH
#define TARGET_FETCH 0
#endif

#if TARGET_FETCH
#define kind_mutate(bytes, size, max, seed, ret_bytes, ret_how)                                    \
	mutate_script(bytes, size, max, seed, ret_bytes, ret_how)
#define kind_splice(bytes, size, other, other_size, max, seed, ret_bytes, ret_how)                 \
	mutate_script_splice(bytes, size, other, other_size, max, seed, ret_bytes, ret_how)
#define kind_trims(bytes, size)			mutate_script_trims(bytes, size)
#define kind_trim(bytes, size, step, ret_bytes) mutate_script_trim(bytes, size, step, ret_bytes)
#define kind_describe(how, ret_text, size)	mutate_script_describe(how, ret_text, size)
#else
#define kind_mutate(bytes, size, max, seed, ret_bytes, ret_how)                                    \
	mutate(bytes, size, MUTATE_KIND, max, seed, ret_bytes, ret_how)
#define kind_splice(bytes, size, other, other_size, max, seed, ret_bytes, ret_how)                 \
	mutate_splice(bytes, size, other, other_size, MUTATE_KIND, max, seed, ret_bytes, ret_how)
#define kind_trims(bytes, size) mutate_trims(bytes, size, MUTATE_KIND)
#define kind_trim(bytes, size, step, ret_bytes)                                                    \
	mutate_trim(bytes, size, MUTATE_KIND, step, ret_bytes)
#define kind_describe(how, ret_text, size) mutate_describe(how, ret_text, size)
#endif

#endif
