/* SPDX-License-Identifier: MIT */
/*
 * make conformance: prints, for every producer, how many of its captured replies its model writes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conform.h"

static const char *const manual =
	"Usage: conformance [FOLDER]\n"
	"\n"
	"Holds every producer model in fuzz/producer/ to the captured replies in FOLDER\n"
	"(corpus/captured): what one full reply of a series tells, and the caller's buffer\n"
	"as it was, have to give every reply of the series, byte for byte.\n"
	"\n"
	"Prints replies reproduced / captured for each producer: of the half that models\n"
	"were written from, and of the half that was set aside by a hash of the name before\n"
	"there was a model. A line before that names the first byte that differs.\n"
	"\n"
	"Exit status: 0; 1 where a reply is not reproduced or no producer claims it;\n"
	"2 where FOLDER is empty, or it or a file in it cannot be used; 5 where nothing could be\n"
	"written.\n";

/* "45/45", or what there is to say of none. */
static void print_ratio(const struct conform_figures *figures, size_t half)
{
	char ratio[48];

	snprintf(ratio, sizeof(ratio), "%zu/%zu", figures->reproduced[half],
		 figures->captured[half]);
	printf(" %9s", figures->captured[half] ? ratio : "-");
}

static void print_figures(const struct conform *conformed, size_t replies)
{
	struct conform_figures all = {0};

	printf("%-22s %9s %9s\n", "producer", "used", "set aside");
	for (size_t i = 0; i < producer_count; i++) {
		const struct conform_figures *const figures = &conformed->figures[i];

		printf("%-22s", producers[i].name);
		if (figures->captured[0] + figures->captured[1] == 0) {
			printf("  0 captured\n");
			continue;
		}
		for (size_t half = 0; half < 2; half++) {
			print_ratio(figures, half);
			all.captured[half] += figures->captured[half];
			all.reproduced[half] += figures->reproduced[half];
		}
		putchar('\n');
	}
	printf("%-22s", "all");
	print_ratio(&all, 0);
	print_ratio(&all, 1);
	printf("\n%zu of %zu captured replies reproduced; %zu of them are what their series was "
	       "learned from\n",
	       all.reproduced[0] + all.reproduced[1], replies, conformed->learned_from);
}

int main(int argc, char **argv)
{
	const char *const folder = argc > 1 ? argv[1] : "corpus/captured";
	char error[CAPTURED_ERROR_SIZE];
	struct captured *replies;
	struct conform conformed;
	size_t count;
	bool fine;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(manual, stdout);
		return fflush(stdout) ? 5 : 0;
	}
	if (argc > 2 || folder[0] == '-') {
		fputs("conformance: one folder of captured replies, or none; see --help\n", stderr);
		return 2;
	}
	count = captured_read(folder, &replies, error);
	conformed.figures = calloc(producer_count, sizeof(conformed.figures[0]));
	if (count == 0 || !conformed.figures) {
		fprintf(stderr, "conformance: %s\n", count ? strerror(ENOMEM) : error);
		return 2;
	}
	fine = conform(producers, producer_count, replies, count, stdout, &conformed);
	print_figures(&conformed, count);
	free(conformed.figures);
	captured_free(replies, count);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "conformance: %s\n", strerror(errno));
		return 5;
	}
	return !fine;
}
