/* SPDX-License-Identifier: MIT */
/*
 * One walk as a C file of its own: the buffer as an array, the parser's source, the walk as a call,
 * and a host of it that needs nothing but libc.
 *
 * The file compiles with plain `cc` and its program ends by the status in emit_host.h that the walk
 * comes to; nothing of the verdict is written into it but what the reference says is right. So a
 * program that is mended in the file ends with 0. scripts/test/triage_test.py compiles and runs one for
 * every bucket of the corpus: when it fails, the host and the sandbox see different things.
 */
#ifndef FUZZ_TRIAGE_EMIT_H
#define FUZZ_TRIAGE_EMIT_H

#include <stdio.h>

#include "emit_host.h"
#include "../judge/judge.h"

/* One source file, as text that can stand in one file with the others. */
struct emit_file {
	const char *path;
	const char *text;
};

/*
 * What one parser is made of, in order, ended by NULL. @symbol: it is SYMBOL_parser; @path: its own
 * file; @model: the walk is restated, nobody runs this code. scripts/gen/amalgamate.py makes the table.
 */
struct emit_source {
	const char *symbol;
	const char *path;
	bool model;
	const struct emit_file *const *files;
};

extern const struct emit_source emit_sources[];
extern const size_t emit_source_count;
extern const struct emit_file *const emit_host_header;
extern const struct emit_file *const emit_host;

/* The sources of @parser, NULL where the build knows none. */
const struct emit_source *emit_find(const struct info_parser *parser);

/* The same of the parser that joined: NULL where that is not one file of C that can be read. */
const struct emit_source *emit_own(const struct info_parser *parser);

/* How the program of this walk ends, outside AddressSanitizer. */
enum host_exit emit_exit(const struct judged *judged);

/*
 * Writes the C file of parser @i of @judge to @out; @name is what it calls the input. The caller
 * asks ferror() afterwards. Returns 0, -EINVAL where emit_find() finds nothing, or -ENOMEM.
 */
int emit_write(FILE *out, const struct judge *judge, size_t i, const char *name);

#endif
