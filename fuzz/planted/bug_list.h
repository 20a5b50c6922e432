/* SPDX-License-Identifier: MIT */
/*
 * The one list of planted bugs, sorted by name: a line here adds a bug to the planted targets, the
 * tests and the nightly run's choice of a canary. BUG(x) stands for `const struct info_parser
 * planted_x_parser` in a file of its own in this folder or one of a family.
 */
#define PLANTED_BUGS(BUG)                                                                          \
	BUG(area_past_dropped)                                                                     \
	BUG(argsz_is_bound)                                                                        \
	BUG(argsz_underflow)                                                                       \
	BUG(body_runs_on)                                                                          \
	BUG(bound_by_allocation)                                                                   \
	BUG(bound_off_by_one)                                                                      \
	BUG(cap_offset_ignored)                                                                    \
	BUG(cap_offset_underflow)                                                                  \
	BUG(cardbus_ignored)                                                                       \
	BUG(cast_aligned)                                                                          \
	BUG(count_32bit)                                                                           \
	BUG(count_8bit)                                                                            \
	BUG(count_signed)                                                                          \
	BUG(counts_steps)                                                                          \
	BUG(cut_is_absent)                                                                         \
	BUG(depth_by_length)                                                                       \
	BUG(elements_ascend)                                                                       \
	BUG(elements_met)                                                                          \
	BUG(elements_rising)                                                                       \
	BUG(elements_shared)                                                                       \
	BUG(empty_is_absent)                                                                       \
	BUG(end_at_argsz)                                                                          \
	BUG(end_exclusive)                                                                         \
	BUG(ends_in_header)                                                                        \
	BUG(flag_ignored)                                                                          \
	BUG(header_end_32bit)                                                                      \
	BUG(header_straddle)                                                                       \
	BUG(header_walked)                                                                         \
	BUG(id_8bit)                                                                               \
	BUG(loop_after_three)                                                                      \
	BUG(mask_missing)                                                                          \
	BUG(names_itself)                                                                          \
	BUG(newer_longer)                                                                          \
	BUG(next_16bit)                                                                            \
	BUG(next_relative)                                                                         \
	BUG(next_rounded)                                                                          \
	BUG(null_ends)                                                                             \
	BUG(null_header_ends)                                                                      \
	BUG(ones_taken)                                                                            \
	BUG(optional_fatal)                                                                        \
	BUG(payload_argsz)                                                                         \
	BUG(range_backwards)                                                                       \
	BUG(rising_drops)                                                                          \
	BUG(rising_only)                                                                           \
	BUG(self_loop)                                                                             \
	BUG(short_space_cut)                                                                       \
	BUG(space_cut_absent)                                                                      \
	BUG(status_ignored)                                                                        \
	BUG(two_step_loop)                                                                         \
	BUG(unknown_fatal)                                                                         \
	BUG(unreadable_absent)                                                                     \
	BUG(vendor_is_device)                                                                      \
	BUG(version_one_only)                                                                      \
	BUG(zero_header_taken)                                                                     \
	BUG(zero_walked)
