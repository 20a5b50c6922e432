/* SPDX-License-Identifier: MIT */
/* The table behind registry.h. */
#include "registry.h"

#include "parser.h"

#define PARSER(name) extern const struct info_parser name##_parser;
PARSERS(PARSER)
#undef PARSER

static const struct info_parser *const ours[] = {
#define PARSER(name) &name##_parser,
	PARSERS(PARSER)
#undef PARSER
};

const struct info_parser *const *info_parsers = ours;
size_t info_parser_count = sizeof(ours) / sizeof(ours[0]);
