/* SPDX-License-Identifier: MIT */
/* The table of parsers of the planted command and targets, in place of parsers/registry.c. */
#include "../../parsers/parser.h"
#include "emit_planted.h"

#define PARSER(name) extern const struct info_parser name##_parser;
PARSERS(PARSER)
#undef PARSER

static const struct info_parser *const planted[] = {
#define PARSER(name) &name##_parser,
	PARSERS(PARSER)
#undef PARSER
};

const struct info_parser *const *info_parsers = planted;
size_t info_parser_count = sizeof(planted) / sizeof(planted[0]);
