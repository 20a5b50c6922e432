/* SPDX-License-Identifier: MIT */
/* The planted parsers, in the form of parsers/registry.h; see emit_planted.c. */
#define PARSERS(PARSER)                                                                            \
	PARSER(bounded)                                                                            \
	PARSER(planted_below)                                                                      \
	PARSER(planted_caps)                                                                       \
	PARSER(planted_crash)                                                                      \
	PARSER(planted_deliver)                                                                    \
	PARSER(planted_fixed)                                                                      \
	PARSER(planted_payload)                                                                    \
	PARSER(planted_refusal)                                                                    \
	PARSER(planted_scratch)                                                                    \
	PARSER(planted_scratch_load)                                                               \
	PARSER(planted_spin)                                                                       \
	PARSER(planted_stale)                                                                      \
	PARSER(planted_wrote)
