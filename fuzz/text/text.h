/* SPDX-License-Identifier: MIT */
/*
 * The text form of a chain, as corpus/README.md describes it: a closed subset of YAML.
 *
 * text_dump() says everything, and text_load() reads it back to a chain that writes the same bytes.
 * Any input to text_load() gives a chain or one line that says where and what is wrong. Comments
 * are not kept.
 */
#ifndef FUZZ_TEXT_TEXT_H
#define FUZZ_TEXT_TEXT_H

#include <stdio.h>

#include "../chain/chain.h"

/* Room for one error line and its end; a longer line is cut. */
#define TEXT_ERROR_SIZE 512

/*
 * Reads @size bytes of text at @text. @name is what the error line calls them, a path as a rule.
 * @ret_chain is overwritten, not freed; free it with chain_free(). On failure it is untouched, and
 * @ret_error is one line without newline: `NAME:LINE:COLUMN: what is wrong: what is allowed`, line
 * and column from 1, the column in characters.
 *
 * Returns 0, -EINVAL or -ENOMEM (its line has no place).
 */
int text_load(const char *name, const char *text, size_t size, struct chain *ret_chain,
	      char ret_error[TEXT_ERROR_SIZE]);

/* Writes @chain to @out. The caller asks ferror() afterwards, as a full disk may show late. */
void text_dump(FILE *out, const struct chain *chain);

/* The same without the line that says the kind. */
void text_dump_body(FILE *out, const struct chain *chain);

/*
 * The key that names a payload field: its UAPI name, but payload_version for ZPCI_GROUP's
 * `version`, because the header has a version too.
 */
const char *text_field_key(const struct layout_field *field);

#endif
