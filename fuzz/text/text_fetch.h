/* SPDX-License-Identifier: MIT */
/*
 * The text form of a script, as corpus/README.md describes it: a closed subset of YAML, in
 * which each reply is written as a buffer is. With `swapped`, replies are of the byte order that
 * this machine has not. fetch_text_dump() says everything, and fetch_text_load() gives the same
 * bytes back, whatever they are. Comments are not kept.
 */
#ifndef FUZZ_TEXT_TEXT_FETCH_H
#define FUZZ_TEXT_TEXT_FETCH_H

#include "../fetch/script.h"
#include "text.h"

/* Whether the text says `kind: fetch`; false too where it is no text form at all. */
bool fetch_text_is(const char *text, size_t size);

/*
 * Reads @size bytes of text, named @name in error lines, to the bytes that they describe:
 * @ret_bytes has INFO_LEN_MAX. Returns 0, -EINVAL or -ENOMEM with one line as text_load().
 */
int fetch_text_load(const char *name, const char *text, size_t size, bool swapped,
		    uint8_t *ret_bytes, size_t *ret_len, char ret_error[TEXT_ERROR_SIZE]);

/* Writes the text form of @len bytes. Returns 0 or -ENOMEM; the caller asks ferror(). */
int fetch_text_dump(FILE *out, const uint8_t *bytes, size_t len, bool swapped);

#endif
