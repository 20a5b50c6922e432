/* SPDX-License-Identifier: MIT */
/* What every build knows of a parser from outside: that there is none; see own.h. */
#include "own.h"

const struct info_parser *own_parser;
const struct own_facts *own_known;

bool own_lacks_hooks(const struct info_parser *parser)
{
	return parser == own_parser && own_known && !own_known->hooked;
}

const char *own_command(void)
{
	return own_known ? own_known->command : "build/capchain";
}
