/* SPDX-License-Identifier: MIT */
/*
 * The one list of planted bugs, sorted by name: a line here adds a bug to the planted targets, the
 * tests and the nightly run's choice of a canary. BUG(x) stands for `const struct info_parser
 * planted_x_parser` in a file of its own in this folder.
 */
#define PLANTED_BUGS(BUG)                                                                          \
	BUG(cap_offset_underflow)                                                                  \
	BUG(count_32bit)                                                                           \
	BUG(header_straddle)                                                                       \
	BUG(two_step_loop)                                                                         \
	BUG(unreadable_absent)
