/* SPDX-License-Identifier: MIT */
/* The table of parsers of the faulty command and targets, in place of parsers/registry.c. */
#include "../../parsers/parser.h"
#include "emit_faulty.h"

#define PARSER(name) extern const struct info_parser name##_parser;
PARSERS(PARSER)
#undef PARSER

static const struct info_parser *const faulty[] = {
#define PARSER(name) &name##_parser,
	PARSERS(PARSER)
#undef PARSER
};

const struct info_parser *const *info_parsers = faulty;
size_t info_parser_count = sizeof(faulty) / sizeof(faulty[0]);
