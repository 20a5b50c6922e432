/* SPDX-License-Identifier: MIT */
/* Writes JUnit's XML. It has no clock: two runs over one corpus give the same bytes. */
#include "junit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

struct junit {
	FILE *cases;
	char *text;
	size_t size;
	size_t count;
	size_t failed;
};

struct junit *junit_new(void)
{
	struct junit *const junit = calloc(1, sizeof(*junit));

	if (junit && !(junit->cases = open_memstream(&junit->text, &junit->size))) {
		free(junit);
		return NULL;
	}
	return junit;
}

void junit_free(struct junit *junit)
{
	if (!junit)
		return;
	if (junit->cases)
		fclose(junit->cases);
	free(junit->text);
	free(junit);
}

/* The two code points of valid UTF-8 that XML does not have: U+FFFE and U+FFFF. */
static bool is_no_character(const char *at)
{
	return strncmp(at, "\xef\xbf\xbe", 3) == 0 || strncmp(at, "\xef\xbf\xbf", 3) == 0;
}

/* Writes @len bytes of @text as the value of an attribute. path_shown() leaves no control bytes. */
static void put_value(FILE *out, const char *text, size_t len)
{
	char *const line = strndup(text, len), *const shown = line ? path_shown(line, "") : NULL;

	for (const char *at = shown; at && *at; at++) {
		if (is_no_character(at)) {
			fprintf(out, "%%EF%%BF%%%02X", (unsigned char)at[2]);
			at += 2;
			continue;
		}
		switch (*at) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*at, out);
		}
	}
	free(shown);
	free(line);
}

/* Lines as one attribute: an attribute's newline is read as a space unless it is escaped. */
static void put_lines(FILE *out, const char *lines)
{
	while (*lines) {
		size_t len;

		/* TAP's mark of a remark. */
		lines += strncmp(lines, "# ", 2) == 0 ? 2 : 0;
		len = strcspn(lines, "\n");
		put_value(out, lines, len);
		lines += len;
		if (*lines == '\n' && *++lines)
			fputs("&#10;", out);
	}
}

void junit_add(struct junit *junit, const char *name, const char *why)
{
	const char *const slash = strrchr(name, '/');
	FILE *const out = junit->cases;

	junit->count++;
	fputs("<testcase classname=\"", out);
	put_value(out, name, slash ? (size_t)(slash - name) : 0);
	fputs("\" name=\"", out);
	put_value(out, slash ? slash + 1 : name, strlen(slash ? slash + 1 : name));
	if (why) {
		junit->failed++;
		fputs("\"><failure message=\"", out);
		put_lines(out, why);
		fputs("\"/></testcase>\n", out);
	} else {
		fputs("\"/>\n", out);
	}
}

char *junit_text(struct junit *junit, size_t *ret_size)
{
	static const char name[] = "capchain replay";
	char *text = NULL;
	size_t size = 0;
	FILE *out;

	if (!junit->count)
		junit_add(junit, "nothing", "nothing was replayed");
	out = open_memstream(&text, &size);
	if (!out || fflush(junit->cases)) {
		if (out)
			fclose(out);
		free(text);
		return NULL;
	}
	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuites name=\"%s\" tests=\"%zu\" failures=\"%zu\" errors=\"0\">\n"
		"<testsuite name=\"%s\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\">\n",
		name, junit->count, junit->failed, name, junit->count, junit->failed);
	fwrite(junit->text, 1, junit->size, out);
	fputs("</testsuite>\n</testsuites>\n", out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	*ret_size = size;
	return text;
}
