/* SPDX-License-Identifier: MIT */
/*
 * capchain exhaust: every small chain through every parser. What is printed is the same for any
 * number of jobs, but for one line a kind that says how fast it went.
 */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../parsers/layout.h"
#include "../exhaust/exhaust_run.h"
#include "../target/findings.h"
#include "cmd.h"

struct exhaust_command {
	bool kinds[INFO_KINDS];
	bool one_kind;
	bool all_relations;
	bool whole;
	bool json;
	const char *witnesses;
	int caps;
	int jobs;
	struct own_options own;
};

enum {
	OPTION_CAPS = 'c',
	OPTION_KIND = 'k',
	OPTION_JOBS = 'J',
	OPTION_WITNESSES = 'o',
	OPTION_RELATIONS = 'r',
	OPTION_JSON = 'j',
	OPTION_WHOLE = 'w',
};

static const struct argp_option options[] = {
	{"caps", OPTION_CAPS, "N", 0, "chains of up to N capabilities, 0 to 4", 0},
	{"kind", OPTION_KIND, "KIND", 0, LAYOUT_KIND_WORDS "; default: all", 0},
	{"jobs", OPTION_JOBS, "J", 0, "processes side by side, 1 to 64; default: CPUs", 0},
	{"witnesses", OPTION_WITNESSES, "DIR", 0,
	 "write the smallest buffer of each set of verdicts to DIR/KIND-set-SIGNATURE, of each broken "
	 "promise to DIR/KIND-broken-BUCKET, `:` as `_`",
	 0},
	{"all-relations", OPTION_RELATIONS, NULL, 0,
	 "judge every buffer and hold it to the metamorphic relations, not one in 512 of what is judged",
	 0},
	{"whole", OPTION_WHOLE, NULL, 0,
	 "judge every buffer, also those that differ from one another where no parser reads; finds the "
	 "same",
	 0},
	{"json", OPTION_JSON, NULL, 0,
	 "one JSON object a kind, a set of verdicts and a broken promise", 0},
	OWN_OPTIONS,
	{0}};

static int number(struct argp_state *state, const char *what, const char *arg, int min, int max)
{
	char *end;
	const long value = strtol(arg, &end, 10);

	if (*end || end == arg || value < min || value > max)
		argp_error(state, "--%s %s: %d to %d", what, arg, min, max);
	return (int)value;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct exhaust_command *const c = state->input;
	enum info_kind kind;

	switch (key) {
	case OPTION_CAPS:
		c->caps = number(state, "caps", arg, 0, EXHAUST_CAPS_MAX);
		return 0;
	case OPTION_KIND:
		if (!kind_parse(arg, &kind))
			argp_error(state, "no kind `%s`: " LAYOUT_KIND_WORDS, arg);
		c->kinds[kind] = c->one_kind = true;
		return 0;
	case OPTION_JOBS:
		c->jobs = number(state, "jobs", arg, 1, EXHAUST_JOBS_MAX);
		return 0;
	case OPTION_WITNESSES:
		c->witnesses = arg;
		return 0;
	case OPTION_RELATIONS:
		c->all_relations = true;
		return 0;
	case OPTION_WHOLE:
		c->whole = true;
		return 0;
	case OPTION_JSON:
		c->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "takes no FILE");
		return 0;
	case ARGP_KEY_END:
		if (c->caps < 0)
			argp_error(state, "how many capabilities? say --caps N");
		return 0;
	default:
		return own_parse(key, arg, state, &c->own);
	}
}

static const struct argp argp = {
	options,
	parse,
	"",
	"Puts every chain of up to N capabilities, over a small alphabet of ids, versions, counts, "
	"offsets, flags, and relations of cap_offset, len and argsz, through every parser and the "
	"reference.\v"
	"For each kind it prints how many buffers there are, what every parser did, every set of "
	"verdicts with its smallest buffer, and every broken promise with the entry that the ledger "
	"would need. fuzz/exhaust/exhaust.h has the alphabet. The output is the same for any number "
	"of jobs, but for the line of speed. Where stderr is a terminal there is a progress bar.\n\n"
	"With --parser that parser alone is held to the reference, on the kinds that it reads.\n\n"
	"Exit status: 0; 1 where a promise is broken that the ledger does not excuse, where there was "
	"no buffer, or where a job died; 2 the command line cannot be used; 4 no "
	"memory; 5 the output or a witness could not be written.",
	NULL,
	NULL,
	NULL};

/* What one report is made of. */
struct report {
	const struct exhaust_command *command;
	const struct exhaust_result *result;
	const struct exhaust_space *space;
	struct judge *judge;
	enum info_kind kind;
	uint8_t info[EXHAUST_LEN_MAX];
	char hex[2 * EXHAUST_LEN_MAX + 1];
	int status;
};

/* Judges the smallest buffer of @group, and puts it down as hex and, where asked, as a file. */
static void take_witness(struct report *r, const struct exhaust_group *group, const char *what,
			 const char *name)
{
	const size_t len = exhaust_buffer(r->space, group->index, r->info);
	char path[4096];
	size_t start;
	int error;

	judge_read(r->judge, r->info, len, r->kind);
	for (size_t i = 0; i < len; i++)
		sprintf(r->hex + 2 * i, "%02x", r->info[i]);
	if (!r->command->witnesses)
		return;
	start = (size_t)snprintf(path, sizeof(path), "%s/%s-%s-", r->command->witnesses,
				 info_kind_name(r->kind), what);
	if (start >= sizeof(path))
		start = sizeof(path) - 1;
	snprintf(path + start, sizeof(path) - start, "%s", name);
	for (char *at = path + start; (at = strchr(at, ':'));)
		*at = '_';
	error = findings_write(path, r->info, len);
	if (error && r->status != EXIT_CANNOT_WRITE)
		r->status = cannot_write(path, -error);
}

/* "reject loop", "runaway"; an answer that differs has its class behind it. */
static void judged_words(const struct judged *judged, char *ret_words, size_t size)
{
	size_t used;

	verdict_words(judged->walk.verdict, judged_reason(judged), ret_words, size);
	used = strlen(ret_words);
	if (judged->disagreement != AGREES)
		snprintf(ret_words + used, size - used, " (%s)",
			 disagreement_name(judged->disagreement));
}

/* One line for the buffer just judged: each answer, and who gave it. */
static void print_verdicts(const struct judge *judge)
{
	char words[128], others[128];

	verdict_words(judge->spec->verdict, rule_name(judge->spec->rule), words, sizeof(words));
	printf("    %s: reference", words);
	for (size_t r = 0; r < judge->nreaders; r++) {
		const struct judged *const judged = &judge->judged[judge->readers[r]];

		judged_words(judged, others, sizeof(others));
		if (strcmp(words, others) == 0)
			printf(" %s", judged->parser->name);
	}
	for (size_t r = 0; r < judge->nreaders; r++) {
		bool said = false;

		judged_words(&judge->judged[judge->readers[r]], others, sizeof(others));
		for (size_t before = 0; before < r && !said; before++) {
			char earlier[128];

			judged_words(&judge->judged[judge->readers[before]], earlier,
				     sizeof(earlier));
			said = strcmp(earlier, others) == 0;
		}
		if (said || strcmp(words, others) == 0)
			continue;
		printf("; %s:", others);
		for (size_t other = r; other < judge->nreaders; other++) {
			const struct judged *const judged = &judge->judged[judge->readers[other]];
			char later[128];

			judged_words(judged, later, sizeof(later));
			if (strcmp(later, others) == 0)
				printf(" %s", judged->parser->name);
		}
	}
	putchar('\n');
}

static void print_parsers(const struct report *r)
{
	printf("  %-14s %12s %12s", "parser", "agrees", "of policy");
	for (unsigned int each = AGREES + 1; each < DISAGREEMENTS; each++)
		printf(" %s", disagreement_name((enum disagreement)each));
	puts(" unstable");
	for (size_t i = 0; i < info_parser_count; i++) {
		const struct exhaust_parser *const parser = &r->result->parsers[i];

		if (!info_parsers[i]->reads[r->kind].ids)
			continue;
		if (r->judge->judged[i].closed) {
			printf("  %-14s abstains: %s\n", info_parsers[i]->name,
			       r->judge->judged[i].closed);
			continue;
		}
		printf("  %-14s %12" PRIu64 " %12" PRIu64, info_parsers[i]->name,
		       parser->disagreements[AGREES] - parser->skipped, parser->policies);
		for (unsigned int each = AGREES + 1; each < DISAGREEMENTS; each++)
			printf(" %*" PRIu64,
			       (int)strlen(disagreement_name((enum disagreement)each)),
			       parser->disagreements[each]);
		printf(" %8" PRIu64, parser->unstable);
		if (parser->skipped)
			printf("  %" PRIu64 " skipped: no load hooks, and they may loop",
			       parser->skipped);
		putchar('\n');
	}
}

static void print_words(const struct judged *judged, size_t len)
{
	char expected[DIFFERS_SIZE], got[DIFFERS_SIZE];

	expected_words(judged, expected, sizeof(expected));
	got_words(judged, len, got, sizeof(got));
	printf("      expected %s, got %s\n", expected, got);
}

static void print_buckets(struct report *r)
{
	const struct exhaust_result *const result = r->result;
	char entry[LEDGER_TEXT_MAX];
	size_t excused = 0;

	for (size_t i = 0; i < result->nbuckets; i++)
		excused += result->buckets[i].excused;
	printf("  broken promises: %zu, and %zu that the ledger excuses\n",
	       result->nbuckets - excused, excused);
	for (size_t i = 0; i < result->nbuckets; i++) {
		const struct exhaust_bucket *const bucket = &result->buckets[i];

		take_witness(r, &bucket->group, "broken", bucket->name);
		printf("    %s%s: %" PRIu64 " buffers, smallest %u bytes: %s\n", bucket->name,
		       bucket->excused ? " (in the ledger)" : "", bucket->group.buffers,
		       bucket->group.len, r->hex);
		if (r->command->own.joined)
			print_words(&r->judge->judged[0], r->judge->len);
		/* The ledger is for the readers of this tree. */
		if (bucket->excused || r->command->own.joined)
			continue;
		ledger_suggest(bucket->name, r->kind, bucket->notes,
			       "\"\"   # write that buffer below corpus/, and name it here", entry);
		printf("# mend the parser, or where this is known and stays add to corpus/ledger.yaml:\n%s",
		       entry);
	}
}

static void print_kind(struct report *r)
{
	const struct exhaust_result *const result = r->result;
	char signature[32];

	printf("%s: %" PRIu64 " buffers with up to %d capabilities:", info_kind_name(r->kind),
	       result->buffers, r->command->caps);
	for (unsigned int each = 0; each < BUFFER_CLASSES; each++)
		printf("%s %" PRIu64 " %s", each ? "," : "", result->classes[each],
		       buffer_class_name((enum buffer_class)each));
	putchar('\n');
	printf("  judged: %" PRIu64 "%s\n", result->judged,
	       result->judged == result->buffers
		       ? ""
		       : "; each of the others differs from one of these where no parser reads");
	print_parsers(r);
	fputs("  changed copies, for the relations:", stdout);
	for (unsigned int relation = 1; relation < RELATIONS; relation++)
		printf("%s %" PRIu64 " %s", relation > 1 ? "," : "", result->related[relation],
		       relation_name((enum relation)relation));
	printf("\n  sets of verdicts: %zu, the smallest buffer first\n", result->nsets);
	for (size_t i = 0; i < result->nsets; i++) {
		const struct exhaust_set *const set = &result->sets[i];

		snprintf(signature, sizeof(signature), "%016" PRIx64, set->signature);
		take_witness(r, &set->group, "set", signature);
		printf("  %s: %" PRIu64 " buffers, smallest %u bytes: %s\n", signature,
		       set->group.buffers, set->group.len, r->hex);
		print_verdicts(r->judge);
	}
	print_buckets(r);
}

static json_t *json_parsers(const struct report *r)
{
	json_t *const parsers = json_object();

	for (size_t i = 0; i < info_parser_count; i++) {
		const struct exhaust_parser *const parser = &r->result->parsers[i];
		json_t *const json = json_object();

		for (unsigned int each = AGREES; each < DISAGREEMENTS; each++)
			json_object_set_new(
				json,
				each == AGREES ? "agrees"
					       : disagreement_name((enum disagreement)each),
				json_integer((json_int_t)(parser->disagreements[each] -
							  (each == AGREES ? parser->skipped : 0))));
		json_object_set_new(json, "policies", json_integer((json_int_t)parser->policies));
		json_object_set_new(json, "unstable", json_integer((json_int_t)parser->unstable));
		json_object_set_new(json, "skipped", json_integer((json_int_t)parser->skipped));
		if (judged_reads(&r->judge->judged[i], r->kind))
			json_object_set_new(parsers, info_parsers[i]->name, json);
		else
			json_decref(json);
	}
	return parsers;
}

static void json_sets(struct report *r)
{
	for (size_t i = 0; i < r->result->nsets; i++) {
		const struct exhaust_set *const set = &r->result->sets[i];
		json_t *const parsers = json_object();
		char signature[32], words[128];

		snprintf(signature, sizeof(signature), "%016" PRIx64, set->signature);
		take_witness(r, &set->group, "set", signature);
		for (size_t n = 0; n < r->judge->nreaders; n++) {
			const struct judged *const judged = &r->judge->judged[r->judge->readers[n]];

			judged_words(judged, words, sizeof(words));
			json_object_set_new(parsers, judged->parser->name, json_string(words));
		}
		verdict_words(r->judge->spec->verdict, rule_name(r->judge->spec->rule), words,
			      sizeof(words));
		put_json(json_pack("{s:s,s:s,s:I,s:I,s:s,s:s,s:o}", "set", signature, "kind",
				   info_kind_name(r->kind), "buffers",
				   (json_int_t)set->group.buffers, "len",
				   (json_int_t)set->group.len, "witness", r->hex, "reference",
				   words, "parsers", parsers));
	}
}

static void json_kind(struct report *r)
{
	const struct exhaust_result *const result = r->result;
	json_t *const classes = json_object(), *const related = json_object();

	for (unsigned int each = 0; each < BUFFER_CLASSES; each++)
		json_object_set_new(classes, buffer_class_name((enum buffer_class)each),
				    json_integer((json_int_t)result->classes[each]));
	for (unsigned int relation = 1; relation < RELATIONS; relation++)
		json_object_set_new(related, relation_name((enum relation)relation),
				    json_integer((json_int_t)result->related[relation]));
	put_json(json_pack("{s:s,s:i,s:I,s:I,s:o,s:o,s:o,s:I}", "kind", info_kind_name(r->kind),
			   "caps", r->command->caps, "buffers", (json_int_t)result->buffers,
			   "judged", (json_int_t)result->judged, "classes", classes, "related",
			   related, "parsers", json_parsers(r), "sets", (json_int_t)result->nsets));
	json_sets(r);
	for (size_t i = 0; i < result->nbuckets; i++) {
		const struct exhaust_bucket *const bucket = &result->buckets[i];

		take_witness(r, &bucket->group, "broken", bucket->name);
		put_json(json_pack("{s:s,s:s,s:I,s:I,s:s,s:b}", "broken", bucket->name, "kind",
				   info_kind_name(r->kind), "buffers",
				   (json_int_t)bucket->group.buffers, "len",
				   (json_int_t)bucket->group.len, "witness", r->hex, "excused",
				   bucket->excused));
	}
}

/*
 * Prints what a run found, in a process of its own: the words come from judging the witnesses
 * again, and the parent, which starts more jobs, may have no sandbox. Returns an exit status.
 */
static int report(const struct exhaust_command *c, const struct exhaust_result *result,
		  enum info_kind kind)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct report r = {.command = c, .result = result, .kind = kind};

		r.space = exhaust_space_new(kind, (unsigned int)c->caps);
		r.judge = judge_or_exit();
		if (!r.space)
			_exit(EXIT_ARENA);
		(c->json ? json_kind : print_kind)(&r);
		/* Through atexit(), where the output is held to. */
		exit(r.status);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
		fprintf(stderr, "capchain: cannot report on kind %s\n", info_kind_name(kind));
		return EXIT_FOUND;
	}
	return WEXITSTATUS(status);
}

/* The one thing in the output that is not the same every time. */
static void say_speed(const struct exhaust_command *c, const struct exhaust_result *result,
		      enum info_kind kind)
{
	const double speed = (double)result->buffers / result->seconds;

	if (c->json)
		put_json(json_pack("{s:s,s:f,s:f,s:i}", "speed", info_kind_name(kind), "seconds",
				   result->seconds, "buffers_per_second", speed, "jobs", c->jobs));
	else
		printf("  speed: %.0f buffers a second, %.1f s with %d jobs\n", speed,
		       result->seconds, c->jobs);
}

static int run_kind(const struct exhaust_command *c, enum info_kind kind)
{
	const struct exhaust_options o = {
		.parsers = info_parsers,
		.count = info_parser_count,
		.kind = kind,
		.caps = (unsigned int)c->caps,
		.jobs = (unsigned int)c->jobs,
		.relate = c->all_relations ? RELATE_ALL : RELATE_SHARE,
		.whole = c->whole || c->all_relations,
		.progress = isatty(STDERR_FILENO) ? stderr : NULL,
	};
	struct exhaust_result *result;
	char error[2048];
	int status;

	status = exhaust_run(&o, &result, error, sizeof(error));
	if (status) {
		fprintf(stderr, "capchain: kind %s: %s\n", info_kind_name(kind), error);
		return status;
	}
	status = report(c, result, kind);
	if (!status)
		say_speed(c, result, kind);
	if (!status && !exhaust_is_clean(result))
		status = EXIT_FOUND;
	/* Of one that answers nothing nothing is shown. */
	if (!status && c->own.joined && result->parsers[0].abstained == result->buffers) {
		fprintf(stderr, "capchain: %s abstains on all of kind %s\n", info_parsers[0]->name,
			info_kind_name(kind));
		status = EXIT_FOUND;
	}
	exhaust_result_free(result);
	return status;
}

static int cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	return CPU_COUNT(&set) < EXHAUST_JOBS_MAX ? CPU_COUNT(&set) : EXHAUST_JOBS_MAX;
}

int cmd_exhaust(int argc, char **argv)
{
	struct exhaust_command c = {.caps = -1, .jobs = cpus()};
	bool ran = false;
	int worst;

	argp_parse(&argp, argc, argv, 0, NULL, &c);
	if (!own_begin("exhaust", &c.own, argv, &worst))
		return worst;
	own_alone(&c.own);
	worst = EXIT_FINE;
	if (c.witnesses && mkdir(c.witnesses, 0777) && errno != EEXIST)
		return cannot_write(c.witnesses, errno);
	for (enum info_kind kind = 0; kind < INFO_KINDS; kind++) {
		int status;

		if ((c.one_kind && !c.kinds[kind]) ||
		    (c.own.joined && !info_parsers[0]->reads[kind].ids))
			continue;
		ran = true;
		status = run_kind(&c, kind);
		worst = status > worst ? status : worst;
		/* What could not start or be written will not for the next kind. */
		if (status > EXIT_UNUSABLE)
			break;
	}
	if (ran)
		return worst;
	fprintf(stderr,
		"capchain: %s does not read this kind; without --kind it has all that it "
		"reads\n",
		info_parsers[0]->name);
	return EXIT_UNUSABLE;
}
