/* SPDX-License-Identifier: MIT */
/*
 * A parser from outside the tree, linked beside ours. own/register.c, which only such builds have, puts it
 * into the table before main(); in every other build there is none.
 */
#ifndef FUZZ_JUDGE_OWN_H
#define FUZZ_JUDGE_OWN_H

#include "../../parsers/fetch_loop.h"
#include "../../parsers/parser.h"

/* What scripts/fuzz/own.py knows of what it built. The adapter's build folder has one of them. */
struct own_facts {
	bool hooked;	     /* all that was given is built with load hooks */
	const char *command; /* the capchain that has the parser in it */
	const char *seen;   /* one line: what this build sees of the parser, and what it does not */
	const char *source; /* the one file of C that it is, or NULL */
};

/* The parser that joined, or NULL. */
extern const struct info_parser *own_parser;

/* Its fetch loop, or NULL: all that it does not say is said of the parser. */
extern const struct fetch_loop *own_loop;

/* What is known of it; NULL in builds that own.py did not make. */
extern const struct own_facts *own_known;

/*
 * Whether the walk of @parser may be anywhere without load hooks: the hooks that were heard may be
 * those of an adapter around a library that has none.
 */
bool own_lacks_hooks(const struct info_parser *parser);

/*
 * Has faults of a trusting parser from outside, where its buffer is not plain, shown without being a
 * broken promise: what --allow-faults and CAPCHAIN_ALLOW=faults ask for. NULL, or one line that says
 * why not: there is no such parser, or it promises that it has none.
 */
#define OWN_ALLOW "CAPCHAIN_ALLOW"
const char *own_allow_faults(void);

/* Whether a fault of @parser on any buffer breaks its promise, since it is from outside. */
bool own_faults_count(const struct info_parser *parser);

/* The command that explains a witness: "build/capchain", or the one that has the parser. */
const char *own_command(void);

#endif
