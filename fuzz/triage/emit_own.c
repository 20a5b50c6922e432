/* SPDX-License-Identifier: MIT */
/* The sources of a parser from outside, where that is one file of C: it and the contract. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../judge/own.h"
#include "emit.h"

#define INCLUDE "#include \""

/* The contract's text, which every parser of ours has among its files. */
static const struct emit_file *contract(void)
{
	for (size_t i = 0; emit_source_count && emit_sources[0].files[i]; i++)
		if (strcmp(emit_sources[0].files[i]->path, "parsers/parser.h") == 0)
			return emit_sources[0].files[i];
	return NULL;
}

/*
 * The file @path: the contract stands above it, and what else it includes with quotes is included from
 * where it is. NULL where it cannot be read.
 */
static char *read_source(const char *path)
{
	const int folder = (int)(strrchr(path, '/') - path);
	FILE *const file = fopen(path, "rb");
	char *line = NULL, *text = NULL;
	size_t size = 0, room = 0;
	FILE *const out = file ? open_memstream(&text, &size) : NULL;

	while (out && getline(&line, &room, file) > 0) {
		if (strncmp(line, INCLUDE, strlen(INCLUDE)) != 0)
			fputs(line, out);
		else if (!strstr(line, "capchain/parser.h"))
			fprintf(out, INCLUDE "%.*s/%s", folder, path, line + strlen(INCLUDE));
	}
	free(line);
	if (file)
		fclose(file);
	if (!out || fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

const struct emit_source *emit_own(const struct info_parser *parser)
{
	static struct emit_file file;
	static const struct emit_file *files[3];
	static struct emit_source source = {.symbol = "capchain", .files = files};

	if (parser != own_parser || !own_known || !own_known->source)
		return NULL;
	source.path = file.path = own_known->source;
	files[0] = contract();
	files[1] = &file;
	if (!file.text)
		file.text = read_source(own_known->source);
	return file.text && files[0] ? &source : NULL;
}
