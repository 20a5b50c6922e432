/* SPDX-License-Identifier: MIT */
/* Verdicts and what stands beside them, in the words of expected verdicts. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "../target/file.h"
#include "cmd.h"

int cannot_write(const char *path, int error)
{
	fprintf(stderr, "capchain: cannot write %s: %s\n", file_word(path), strerror(error));
	return EXIT_CANNOT_WRITE;
}

void verdict_words(enum verdict verdict, const char *reason, char *ret_words, size_t size)
{
	snprintf(ret_words, size, "%s%s%s", verdict_name(verdict), reason[0] ? " " : "", reason);
}

void answer_words(const struct judged *judged, char *ret_words, size_t size)
{
	const enum disagreement found = judged->disagreement;
	const bool delivered = found == WRONG_CAPS || found == WRONG_PAYLOAD;

	verdict_words(judged->walk.verdict,
		      delivered && judged->walk.verdict == VERDICT_OK ? disagreement_name(found)
								      : judged_reason(judged),
		      ret_words, size);
}

/* " NOTE@OFFSET" for each of @notes. */
static void print_notes(FILE *out, uint32_t notes, uint32_t at)
{
	for (unsigned int note = 0; note < NOTE_COUNT; note++)
		if (notes & NOTE_BIT(note))
			fprintf(out, " %s@%" PRIu32, note_name((enum note)note), at);
}

char *reference_words(const struct judge *judge)
{
	const struct spec *const spec = judge->spec;
	char *words = NULL;
	size_t size = 0;
	FILE *const out = open_memstream(&words, &size);

	if (!out) {
		fprintf(stderr, "capchain: out of memory\n");
		exit(EXIT_UNUSABLE);
	}
	if (spec->verdict == VERDICT_TRUNCATED)
		fprintf(out, " need=%" PRIu32, spec->need);
	if (spec->verdict == VERDICT_REJECT)
		fprintf(out, " at=%" PRIu32 " from=%" PRIu32, spec->at, spec->from);
	if (spec->class == CLASS_ODD)
		fprintf(out, " odd");
	print_notes(out, spec->notes & NOTE_BIT(NOTE_FLAG_WITHOUT_CHAIN),
		    layout_infos[judge->kind].first.at);
	for (size_t i = 0; i < spec->ncaps; i++)
		print_notes(out, spec->caps[i].notes, spec->caps[i].cap.offset);
	if (fclose(out) || !words) {
		fprintf(stderr, "capchain: out of memory\n");
		exit(EXIT_UNUSABLE);
	}
	/* Without the first space. */
	if (size)
		memmove(words, words + 1, size);
	return words;
}
