/* SPDX-License-Identifier: MIT */
/* The walker without a bug. Not in bug_list.h: planted_test.c alone holds it to the reference. */
#define PLANTED_ID	sound_space
#define PLANTED_NAME	"planted-sound-space"
#define PLANTED_SUMMARY "every check as it should be"
#include "space_walker.h"
