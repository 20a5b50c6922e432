/* SPDX-License-Identifier: MIT */
/* Inputs some at a time, so that a parser that reads many at once is told what comes; see cmd.h. */
#include <stdio.h>
#include <stdlib.h>

#include "../fetch/fetch_judge.h"
#include "../judge/truncations.h"
#include "../sandbox/pages.h"
#include "cmd.h"

/* Inputs that are held at a time: with their truncations as many buffers as a BPF program takes. */
#define BATCH 64

struct batched {
	struct input input;
	bool usable;
};

static struct batched *batch;

static const uint8_t *infos[BATCH * (1 + TRUNCATIONS_MAX)];
static uint32_t lens[BATCH * (1 + TRUNCATIONS_MAX)];

/* Notes @input, and where asked its truncations, in the order in which they will be judged. */
static size_t note(const struct input *input, bool truncates, size_t count)
{
	size_t cuts[TRUNCATIONS_MAX];
	const size_t ncuts = truncates ? truncations(input->kind, input->len, cuts) : 0;

	for (size_t i = 0; i <= ncuts; i++) {
		infos[count + i] = input->bytes;
		lens[count + i] = (uint32_t)(i ? cuts[i - 1] : input->len);
	}
	return count + 1 + ncuts;
}

static bool is_kind(const struct batched *one, enum info_kind kind)
{
	return one->usable && one->input.kind == kind;
}

/* Tells the judge of those from @first on that are of one kind. Returns the first that is not. */
static size_t announce(struct judge *judge, size_t first, size_t end, bool truncates)
{
	const enum info_kind kind = batch[first].input.kind;
	size_t count = 0;

	/* Scripts are for another judge. */
	if (!batch[first].usable || kind == KIND_FETCH)
		return first + 1;
	for (; first < end && is_kind(&batch[first], kind); first++)
		count = note(&batch[first].input, truncates, count);
	judge_ahead(judge, kind, count, infos, lens);
	return first;
}

void inputs_each(struct judge *judge, char *const files[], size_t count, enum endian endian,
		 bool truncates,
		 void (*each)(void *with, const char *path, const struct input *input), void *with)
{
	batch = pages_new(BATCH * sizeof(*batch));
	if (!batch) {
		fprintf(stderr, "capchain: out of memory\n");
		exit(EXIT_UNUSABLE);
	}
	for (size_t first = 0; first < count; first += BATCH) {
		const size_t many = count - first < BATCH ? count - first : BATCH;

		for (size_t i = 0; i < many; i++)
			batch[i].usable =
				input_load_as(files[first + i], NULL, endian, &batch[i].input) == 0;
		for (size_t i = 0, known = 0; i < many; i++) {
			if (i == known)
				known = announce(judge, i, many, truncates);
			each(with, files[first + i], batch[i].usable ? &batch[i].input : NULL);
			if (batch[i].usable)
				input_free(&batch[i].input);
		}
	}
	pages_free(batch, BATCH * sizeof(*batch));
}
