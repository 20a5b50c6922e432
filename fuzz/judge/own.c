/* SPDX-License-Identifier: MIT */
/* What every build knows of a parser from outside: that there is none; see own.h. */
#include "own.h"

const struct info_parser *own_parser;
const struct fetch_loop *own_loop;
const struct own_facts *own_known;

bool own_lacks_hooks(const struct info_parser *parser)
{
	return parser == own_parser && own_known && !own_known->hooked;
}

static bool faults_allowed;

const char *own_allow_faults(void)
{
	if (!own_parser)
		return "faults are allowed to a parser of yours alone; --parser FILE or PARSER=FILE names it";
	if (own_parser->trust != INFO_TRUSTING)
		return "a safe or hardened parser promises that it has no fault: allow faults to a "
		       "trusting one alone";
	faults_allowed = true;
	return NULL;
}

bool own_faults_count(const struct info_parser *parser)
{
	return parser == own_parser && !faults_allowed;
}

const char *own_command(void)
{
	return own_known ? own_known->command : "build/capchain";
}
