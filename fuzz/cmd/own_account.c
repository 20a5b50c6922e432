/* SPDX-License-Identifier: MIT */
/* What `check --parser` says at its end: what the parser from outside did with all inputs. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../parsers/layout.h"
#include "../judge/ledger.h"
#include "../judge/own.h"
#include "../sandbox/where.h"
#include "cmd.h"

#define BUCKETS_MAX 512

/* What is told beside buckets, and breaks nothing: how many inputs, and of the first what and where. */
struct told {
	size_t inputs;
	char *first;
	char *place;
};

static struct {
	size_t inputs, right, policies, differ, broken, abstained, unanswered, skipped, other_kinds,
		unasked;
	struct told leaks, unaligned;
	size_t nbuckets;
	struct {
		char name[BUCKET_MAX];
		char *first;
		char *place; /* of the first */
		const char *kind;
		size_t count;
		bool breaks;
		const char *word;
	} buckets[BUCKETS_MAX];
} account;

static char *place_of(uintptr_t code)
{
	const char *const words = code ? where_words(code) : NULL;

	return words ? strdup(words) : NULL;
}

static void count_bucket(const struct judge *judge, const struct judged *judged, const char *path)
{
	char bucket[BUCKET_MAX];
	size_t i = 0;

	judged_bucket(judged, bucket);
	while (i < account.nbuckets && strcmp(account.buckets[i].name, bucket))
		i++;
	if (i == BUCKETS_MAX)
		return;
	if (i == account.nbuckets) {
		account.nbuckets++;
		snprintf(account.buckets[i].name, BUCKET_MAX, "%s", bucket);
		account.buckets[i].first = strdup(path);
		account.buckets[i].kind = judge_kind_name(judge);
		account.buckets[i].word =
			judged->walk.no_answer ? "  NO ANSWER" : "  PROMISE BROKEN";
		account.buckets[i].place = place_of(judged->walk.code);
	}
	/* A bucket may break the promise on some inputs alone. */
	account.buckets[i].breaks |= own_broke(judged);
	account.buckets[i].count++;
}

void own_count_unasked(void)
{
	account.unasked++;
}

static void tell(struct told *told, const char *path, uintptr_t code)
{
	if (told->inputs++)
		return;
	told->first = strdup(path);
	told->place = place_of(code);
}

void own_count(const struct judge *judge, const char *path)
{
	const struct judged *const judged = own_judged(judge);

	account.inputs++;
	if (!own_heard(judge)) {
		account.other_kinds++;
		return;
	}
	if (judged->walk.leaked && !judged->conversation)
		tell(&account.leaks, path, 0);
	if (judged->walk.unaligned)
		tell(&account.unaligned, path, judged->walk.unaligned_code);
	if (judged->skipped) {
		account.skipped++;
	} else if (judged->walk.no_answer) {
		account.unanswered++;
		count_bucket(judge, judged, path);
	} else if (judged_differs(judged)) {
		account.differ++;
		account.broken += own_broke(judged);
		count_bucket(judge, judged, path);
	} else if (judged->walk.verdict == VERDICT_ABSTAIN) {
		account.abstained++;
	} else {
		account.right += !judged->policy;
		account.policies += judged->policy;
	}
}

/* Runs @argv and looks for @text in what it prints. */
static bool prints(const char *const argv[], const char *text)
{
	const size_t kept = strlen(text);
	char said[65536];
	size_t used = 0;
	bool found = false;
	ssize_t got;
	pid_t pid;
	int out;

	pid = where_start(argv, &out);
	if (pid < 0)
		return true;
	while ((got = read(out, said + used, sizeof(said) - 1 - used)) > 0) {
		used += (size_t)got;
		said[used] = '\0';
		found |= strstr(said, text) != NULL;
		if (used < sizeof(said) / 2)
			continue;
		/* It may stand across two parts. */
		memmove(said, said + used - kept, kept);
		used = kept;
	}
	close(out);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return found;
}

/* Whether bucket @i comes again in a process that has walked nothing before. */
static bool comes_again(size_t i, enum endian endian)
{
	char self[PATH_MAX], kind[32], order[32], text[BUCKET_MAX + 16];
	const char *const argv[] = {self, "check", OWN_JOINED, "--json",
				    kind, order,   "--",       account.buckets[i].first,
				    NULL};

	snprintf(kind, sizeof(kind), "--kind=%s", account.buckets[i].kind);
	snprintf(order, sizeof(order), "--endian=%s", endian_name(endian));
	snprintf(text, sizeof(text), "\"bucket\":\"%s\"", account.buckets[i].name);
	if (!account.buckets[i].first || !realpath((const char *)getauxval(AT_EXECFN), self))
		return true;
	return prints(argv, text);
}

static void print_told(const struct told *told, const char *what)
{
	char *const first = told->inputs ? path_shown(told->first, "") : NULL;

	if (!first)
		return;
	printf("  %4zu  %s  first: %s\n", told->inputs, what, first);
	free(first);
	if (told->place)
		printf("        in %s\n", told->place);
}

int own_print_account(enum endian endian)
{
	const size_t of_kinds = account.inputs - account.other_kinds;

	printf("\n%s: %zu inputs: %zu right, %zu policies, %zu differ, %zu abstained, %zu without an "
	       "answer, %zu skipped, %zu of kinds it does not read\n",
	       own_parser->name, account.inputs, account.right, account.policies, account.differ,
	       account.abstained, account.unanswered, account.skipped, account.other_kinds);
	for (size_t i = 0; i < account.nbuckets; i++) {
		char *const first = path_shown(account.buckets[i].first, "");

		printf("  %4zu  %s%s%s  first: %s\n", account.buckets[i].count,
		       account.buckets[i].name,
		       account.buckets[i].breaks ? account.buckets[i].word : "",
		       comes_again(i, endian) ? "" : "  not-reproducible", first ? first : "?");
		free(first);
		if (account.buckets[i].place)
			printf("        in %s\n", account.buckets[i].place);
	}
	print_told(&account.leaks, "leaks, which break nothing");
	print_told(&account.unaligned, "unaligned-load, which breaks nothing");
	if (account.unasked)
		printf("  %4zu  conversations, not asked: capchain_loop is missing beside capchain_parser\n",
		       account.unasked);
	if (own_known)
		printf("  seen: %s\n", own_known->seen);
	printf("%s, %s (%s): %zu inputs break its promise", own_parser->name,
	       promise_name(own_parser->trust), promise_words(own_parser->trust), account.broken);
	if (account.unanswered)
		printf(", %zu have no answer", account.unanswered);
	putchar('\n');
	if (!of_kinds) {
		fprintf(stderr, "capchain: no input is of a kind that %s reads\n",
			own_parser->name);
		return EXIT_UNUSABLE;
	}
	if (account.abstained + account.skipped < of_kinds)
		return EXIT_FINE;
	fprintf(stderr, "capchain: %s answered none of the %zu inputs of the kinds that it reads\n",
		own_parser->name, of_kinds);
	return EXIT_FOUND;
}
