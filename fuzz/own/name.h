/* SPDX-License-Identifier: MIT */
/* What a parser from outside may be called. */
#ifndef FUZZ_OWN_NAME_H
#define FUZZ_OWN_NAME_H

#include <stdbool.h>
#include <string.h>

#include "../target/findings.h"

#define OWN_NAME_WORDS                                                                             \
	"its .name is lower case letters, digits, dashes, dots and @, 31 at most, a letter or digit first"

/* qemu@7.2 is one: a program and its version. What begins with a dash or a dot is an option or a hidden file. */
static inline bool own_is_name(const char *name)
{
	const size_t len = strlen(name);

	return len && len < FINDINGS_NAME_MAX && !strchr("-.@", name[0]) &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.@") == len;
}

#endif
