/* SPDX-License-Identifier: MIT */
/* The faulty parsers, in the form of parsers/registry.h; see emit_faulty.c. */
#define PARSERS(PARSER)                                                                            \
	PARSER(bounded)                                                                            \
	PARSER(faulty_below)                                                                       \
	PARSER(faulty_caps)                                                                        \
	PARSER(faulty_crash)                                                                       \
	PARSER(faulty_deliver)                                                                     \
	PARSER(faulty_fixed)                                                                       \
	PARSER(faulty_payload)                                                                     \
	PARSER(faulty_refusal)                                                                     \
	PARSER(faulty_scratch)                                                                     \
	PARSER(faulty_scratch_load)                                                                \
	PARSER(faulty_spin)                                                                        \
	PARSER(faulty_stale)                                                                       \
	PARSER(faulty_wrote)
