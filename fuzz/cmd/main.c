/* SPDX-License-Identifier: MIT */
/* capchain: the one front door. Finds the verb and hands it the rest of the line. */
#include <stdio.h>
#include <string.h>

#include "../client/signals.h"
#include "cmd.h"
#include "version.h"

static const struct verb verbs[] = {
	{"check", "every parser on every file; rules, notes, verdicts, disagreements", cmd_check},
	{"explain", "draws one buffer's chain and each parser's way through it", cmd_explain},
	{"asm", "text form to bytes", cmd_asm},
	{"dis", "bytes to text form", cmd_dis},
	{"replay", "every input against the expected verdicts, as TAP", cmd_replay},
	{"bless", "writes the expected verdicts anew", cmd_bless},
	{"exhaust", "every small chain through every parser", cmd_exhaust},
	{"shrink", "the smallest buffer that keeps the bucket", cmd_shrink},
	{"mutate", "the mutation that a seed stands for", cmd_mutate},
	{"run", "an unmodified program on hostile replies", cmd_run},
	{"serve", "the same over a socket, to a client of vfio-user", cmd_serve},
	{"ask", "a vfio-user server's INFO replies at every argsz", cmd_ask},
	{"emit", "one walk as a C file that compiles alone", cmd_emit},
	{"capture", "records the INFO replies that other programs get", cmd_capture},
	{"probe", "a live device's INFO replies at every argsz, held to what a kernel keeps",
	 cmd_probe},
	{"list", "parsers, kinds, rules, notes, relations, capabilities, known divergences",
	 cmd_list},
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static int help(FILE *out)
{
	fputs("Usage: capchain VERB [OPTION...] [FILE...]\n"
	      "Feeds VFIO INFO buffers to every parser and says where they differ.\n\n",
	      out);
	for (size_t i = 0; i < VERBS; i++)
		fprintf(out, "  %-8s %s\n", verbs[i].name, verbs[i].summary);
	fputs("\n`capchain VERB --help` says more of each, `capchain --version` which capchain this\n"
	      "is.\n\n"
	      "A FILE that ends in .yaml is text form. Anything else is bytes, and needs --kind\n"
	      "unless its name starts with device-, region-, iommu- or fetch-.\n\n"
	      "Exit status: 0 fine; 1 a promise is broken or a verdict changed; 2 an input or the\n"
	      "command line cannot be used; 3 something is missing; 4 no memory for the\n"
	      "sandbox; 5 the output could not be written; 6 the kernel\n"
	      "refuses a BPF program of ours.\n",
	      out);
	return EXIT_UNUSABLE;
}

int main(int argc, char **argv)
{
	static char name[64];

	hold_descriptors();
	signals_take();
	hold_to_output();
	if (argc >= 2 &&
	    (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))) {
		help(stdout);
		return EXIT_FINE;
	}
	if (argc >= 2 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))) {
		puts("capchain " CAPCHAIN_VERSION);
		return EXIT_FINE;
	}
	for (size_t i = 0; argc >= 2 && i < VERBS; i++) {
		if (strcmp(argv[1], verbs[i].name))
			continue;
		snprintf(name, sizeof(name), "capchain %s", verbs[i].name);
		argv[1] = name;
		argp_err_exit_status = EXIT_UNUSABLE;
		return verbs[i].run(argc - 1, argv + 1);
	}
	if (argc >= 2)
		fprintf(stderr, "capchain: no verb `%s`; `capchain --help` lists them\n", argv[1]);
	else
		help(stderr);
	return EXIT_UNUSABLE;
}
