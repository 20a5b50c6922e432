/* SPDX-License-Identifier: MIT */
/* The rules that the replies of a kernel are held to, for probe.c and values.c. */
#ifndef FUZZ_PROBE_PROMISES_H
#define FUZZ_PROBE_PROMISES_H

/* RULE(symbol, name, what a kernel has to keep) */
#define PROBE_RULES(RULE)                                                                          \
	RULE(SHORT_ACCEPTED, "short-accepted",                                                     \
	     "argsz below the fixed part is refused with EINVAL")                                  \
	RULE(REFUSES, "refuses-argsz", "no argsz from the fixed part on is refused")               \
	RULE(TOUCHED, "touched-on-error", "a call that fails writes nothing")                      \
	RULE(PAST_ARGSZ, "past-argsz", "no byte past argsz is written")                            \
	RULE(UNSTABLE, "unstable-byte",                                                            \
	     "a byte is left, or written with the same value each time")                           \
	RULE(NOBODYS, "nobodys-byte", "no byte is written that no field or capability owns")       \
	RULE(ARGSZ, "argsz-field", "argsz comes back as it was, or as the need")                   \
	RULE(NEED, "need-differs", "each short reply asks for the same argsz")                     \
	RULE(ABSURD, "absurd-need", "the need is no more than 4096 bytes")                         \
	RULE(SHORT_FLAG, "short-flag", "a reply that is too short for the chain has CAPS set")     \
	RULE(SHORT_OFFSET, "short-cap-offset", "its cap_offset is 0, or left where argsz cuts it") \
	RULE(SHORT_WRITES, "short-writes", "nothing behind its fixed fields is written")           \
	RULE(WHOLE_FLAG, "whole-flag",                                                             \
	     "a reply at its need, above the struct's size, has CAPS set and delivers")            \
	RULE(REFERENCE, "reference", "the reply is plain to the reference")                        \
	RULE(BOUNDED, "bounded", "bounded.h reads it as the reference does")                       \
	RULE(PLACE, "cap-offset-place", "cap_offset is where the fixed fields end")                \
	RULE(ORDER, "chain-order",                                                                 \
	     "capabilities stand in memory as they are linked, without gaps")                      \
	RULE(END, "chain-end", "the last capability ends at the need, its padding counted")        \
	RULE(VERSION, "version", "versions are those that layout.h knows")                         \
	RULE(AREAS, "sparse-areas", "areas lie inside the region, and begin with a page")          \
	RULE(TABLE, "msix-table", "no area has the MSI-X table, unless MSIX_MAPPABLE says so")     \
	RULE(FIXED, "fixed-fields", "flags say what the capabilities take for granted")            \
	RULE(IOMMU, "iommu-values", "MIGRATION has the smallest page size, DMA_AVAIL some left")   \
	RULE(RANGES, "iova-ranges", "IOVA ranges rise and do not overlap")                         \
	RULE(DIFFERS, "chain-differs", "the reply is the same at every sufficient argsz")

enum probe_rule {
#define RULE(symbol, name, words) PROBE_##symbol,
	PROBE_RULES(RULE)
#undef RULE
		PROBE_RULE_COUNT
};

#endif
