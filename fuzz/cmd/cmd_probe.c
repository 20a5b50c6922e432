/* SPDX-License-Identifier: MIT */
/*
 * capchain probe: every INFO ioctl of a live device, at every argsz, held to what a kernel keeps.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../parsers/layout.h"
#include "../target/file.h"
#include "../target/findings.h"
#include "../probe/probe.h"
#include "cmd.h"

#define REGIONS_MAX  64
/* Devices of one group. */
#define GROUP_MAX    256
/* Of the default folder, of which --help speaks, either may have to be made. */
#define BUILD_FOLDER "build"
#define WITNESSES    BUILD_FOLDER "/findings"

extern const struct info_parser bounded_parser;

struct probe_options {
	struct probe_how how;
	struct probe_name *names; /* @count of them */
	size_t count;
	enum probe_rule fake;
	bool is_fake;
	bool iommufd;
};

enum {
	OPTION_GROUP = 'g',
	OPTION_JSON = 'j',
	OPTION_WITNESSES = 'w',
	OPTION_KEEP = 'o',
	OPTION_LABEL = 'l',
	OPTION_FAKE = 'f',
	OPTION_RULES = 'r',
	OPTION_IOMMUFD = 'i',
	OPTION_TAP = 't',
};

/* What `ask` has too: how all is told. */
static const struct argp_option how_options[] = {
	{"json", OPTION_JSON, NULL, 0, "one JSON object a subject and a violation", 0},
	{"tap", OPTION_TAP, NULL, 0,
	 "TAP as kernel selftests print it: a point for each subject and rule", 0},
	{"witnesses", OPTION_WITNESSES, "DIR", 0,
	 "where the reply of each violation is kept, as KIND-probe-RULE-DEVICE; default: " WITNESSES,
	 0},
	{"keep", OPTION_KEEP, "DIR", 0,
	 "also write every reply to DIR/KIND-LABEL[-idxN]-lenL.bin, as corpus/captured has them; on a "
	 "big-endian machine .be.bin",
	 0},
	{"label", OPTION_LABEL, "LABEL", 0, "of --keep: kernel and device; default: the device", 0},
	{0}};

static error_t parse_how(int key, char *arg, struct argp_state *state)
{
	struct probe_how *const how = state->input;

	switch (key) {
	case OPTION_JSON:
		how->json = true;
		return 0;
	case OPTION_TAP:
		how->tap = true;
		return 0;
	case OPTION_WITNESSES:
		how->witnesses = arg;
		return 0;
	case OPTION_KEEP:
		how->keep = arg;
		return 0;
	case OPTION_LABEL:
		how->label = arg;
		return 0;
	case ARGP_KEY_END:
		if (how->tap && how->json)
			argp_error(state,
				   "--tap and --json are two forms of the same: one of them");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp probe_argp = {how_options, parse_how, NULL, NULL, NULL, NULL, NULL};

static const struct argp_child children[] = {{&probe_argp, 0, NULL, 0}, {0}};

static const struct argp_option options[] = {
	{"group", OPTION_GROUP, "N", 0, "every device of IOMMU group N", 0},
	{"iommufd", OPTION_IOMMUFD, NULL, 0,
	 "the container of groups is /dev/iommu, not /dev/vfio/vfio", 0},
	{"fake", OPTION_FAKE, "RULE", 0,
	 "no device, but a stand-in that breaks RULE, or `sound`: to see what a violation looks like",
	 0},
	{"rules", OPTION_RULES, NULL, 0, "print the rules, and end", 0},
	{0}};

static void print_rules(void)
{
	for (unsigned int rule = 0; rule < PROBE_RULE_COUNT; rule++)
		printf("%-17s %s\n", probe_rule_name((enum probe_rule)rule),
		       probe_rule_words((enum probe_rule)rule));
}

/* Room for @more names behind those that there are. */
static struct probe_name *more_names(struct probe_options *o, size_t more)
{
	struct probe_name *const longer = realloc(o->names, (o->count + more) * sizeof(*longer));

	if (!longer) {
		fprintf(stderr, "capchain: out of memory\n");
		exit(EXIT_UNUSABLE);
	}
	o->names = longer;
	return longer + o->count;
}

static void take_fake(struct probe_options *o, const char *arg, const struct argp_state *state)
{
	unsigned int rule = 0;

	while (rule < PROBE_RULE_COUNT && strcmp(arg, probe_rule_name((enum probe_rule)rule)))
		rule++;
	if ((rule == PROBE_RULE_COUNT && strcmp(arg, "sound")) || rule == PROBE_BOUNDED)
		argp_error(
			state,
			"--fake %s: `sound`, or a rule that --rules prints and a device can break",
			arg);
	o->fake = (enum probe_rule)rule;
	o->is_fake = true;
	snprintf(more_names(o, 1)->text, sizeof(o->names->text), "fake-%.50s", arg);
	o->count++;
}

static void take_group(struct probe_options *o, const char *arg, const struct argp_state *state)
{
	char *end;
	const unsigned long number = strtoul(arg, &end, 10);
	const size_t before = o->count;

	if (!*arg || *end)
		argp_error(state, "--group %s: a number", arg);
	more_names(o, GROUP_MAX);
	o->count += probe_group((unsigned int)number, o->names + o->count, GROUP_MAX);
	if (o->count == before)
		argp_error(state, "--group %s: no such group in /sys/kernel/iommu_groups", arg);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct probe_options *const o = state->input;

	switch (key) {
	case OPTION_GROUP:
		take_group(o, arg, state);
		return 0;
	case OPTION_IOMMUFD:
		o->iommufd = true;
		return 0;
	case OPTION_FAKE:
		take_fake(o, arg, state);
		return 0;
	case OPTION_RULES:
		print_rules();
		exit(EXIT_FINE);
	case ARGP_KEY_ARG:
		if (strlen(arg) >= sizeof(o->names->text))
			argp_error(state, "%s: too long a name", file_word(arg));
		snprintf(more_names(o, 1)->text, sizeof(o->names->text), "%s", arg);
		o->count++;
		return 0;
	case ARGP_KEY_END:
		if (!o->count)
			argp_error(state, "which DEVICE?");
		return 0;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->how;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options,
	parse,
	"DEVICE...",
	"Asks every INFO ioctl of a VFIO device, and of its container, at every argsz from 0 past the need, "
	"with two fills of the buffer, and says which rules of a kernel the replies break.\v"
	"DEVICE is a PCI address (0000:00:03.0) or another device's name in /sys/bus/*/devices, such as "
	"an mdev's UUID, or /dev/vfio/devices/vfioN. All devices of its group have to be bound to a VFIO "
	"driver. Needs the right to open it, and no BPF.\n\n"
	"Prints one line a violation: the rule, at how many argsz it is broken, the first of them, what was "
	"seen, and the file that has the reply, with 0xa5 where the kernel wrote nothing. `capchain explain` "
	"draws it. --rules prints the rules; a kernel keeps them although the UAPI does not promise each, "
	"so a violation is a question to a driver, not always a bug: iommufd's container breaks "
	"short-writes by design.\n\n"
	"Exit status: 0; 1 where a rule is broken, or no subject answered; 2 the command line cannot be "
	"used; 3 a device cannot be opened; 4 no memory for the sandbox; 5 output or a witness "
	"could not be written.",
	children,
	NULL,
	NULL};

/* "region 2", "iommu". */
static void subject_words(const struct probe_subject *subject, char *ret_words, size_t size)
{
	if (subject->kind == INFO_REGION)
		snprintf(ret_words, size, "region %u", subject->index);
	else
		snprintf(ret_words, size, "%s", info_kind_name(subject->kind));
}

static void write_reply(struct probe_run *run, const char *path, const void *bytes, size_t len)
{
	const int error = findings_write(path, bytes, len);

	if (error && run->status != EXIT_CANNOT_WRITE)
		run->status = cannot_write(path, -error);
}

/*
 * "KIND-MIDDLE-idxN" in @size bytes. A device may be called like a path; a colon is the path separator
 * of too many programs.
 */
static void file_name(const struct probe_subject *subject, const char *middle, char *ret_name,
		      size_t size)
{
	char index[32] = "";

	if (subject->kind == INFO_REGION)
		snprintf(index, sizeof(index), "-idx%u", subject->index);
	snprintf(ret_name, size, "%s-%s%s", info_kind_name(subject->kind), middle, index);
	for (char *at = ret_name; *at; at++)
		if (*at == ':' || *at == '/' || *at <= ' ' || *at > '~')
			*at = '_';
}

static void say_violation(struct probe_run *run, const struct probe_subject *subject,
			  const struct probe_violation *violation)
{
	const char *const given = run->how->witnesses;
	const char *const folder = given ? given : WITNESSES;
	char words[32], path[4096], name[256], middle[128];

	subject_words(subject, words, sizeof(words));
	snprintf(middle, sizeof(middle), "probe-%s-%s", probe_rule_name(violation->rule),
		 run->device);
	file_name(subject, middle, name, sizeof(name));
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (!given)
		mkdir(BUILD_FOLDER, 0777);
	mkdir(folder, 0777);
	if (violation->info)
		write_reply(run, path, violation->info, violation->len);
	if (run->how->tap)
		printf("# at %u argsz, first %u: %s; %s\n", violation->count, violation->argsz,
		       violation->words, path);
	else if (run->how->json)
		put_json(json_pack("{s:s,s:s,s:s,s:I,s:I,s:s,s:s}", "device", run->device,
				   "subject", words, "rule", probe_rule_name(violation->rule),
				   "count", (json_int_t)violation->count, "argsz",
				   (json_int_t)violation->argsz, "words", violation->words,
				   "witness", path));
	else
		printf("%s %s: %s at %u argsz, first %u: %s; %s\n", run->device, words,
		       probe_rule_name(violation->rule), violation->count, violation->argsz,
		       violation->words, path);
}

static void keep_replies(struct probe_run *run, const struct probe_subject *subject,
			 const struct probe_result *result)
{
	const struct probe_how *const o = run->how;
	char path[4096], name[256];

	file_name(subject, o->label ? o->label : run->device, name, sizeof(name));
	mkdir(o->keep, 0777);
	for (uint32_t argsz = 0; argsz <= result->need + PROBE_PAST; argsz++) {
		const uint8_t *const reply = probe_reply(result, argsz);

		if (!reply)
			continue;
		snprintf(path, sizeof(path), "%s/%s-len%u%s", o->keep, name, argsz,
			 endian_suffix());
		write_reply(run, path, reply, argsz);
	}
}

static void say_subject(const struct probe_run *run, const char *words,
			const struct probe_result *result)
{
	if (run->how->tap)
		return;
	if (run->how->json)
		put_json(json_pack(
			"{s:s,s:s,s:s,s:I,s:I,s:I,s:I}", "device", run->device, "subject", words,
			"answered", result->answered ? strerror(-result->answered) : "yes", "calls",
			(json_int_t)result->calls, "need", (json_int_t)result->need, "capabilities",
			(json_int_t)result->ncaps, "violations", (json_int_t)probe_broken(result)));
	else if (result->answered)
		printf("%s %s: no answer: %s\n", run->device, words, strerror(-result->answered));
	else
		printf("%s %s: %" PRIu64 " calls, need %u, capabilities %zu, violations %zu\n",
		       run->device, words, result->calls, result->need, result->ncaps,
		       probe_broken(result));
}

/* A subject that is not there is one point, which is skipped. */
static void say_points(struct probe_run *run, const struct probe_subject *subject,
		       const char *words, const struct probe_result *result)
{
	if (result->answered) {
		run->skipped++;
		printf("ok %zu # SKIP %s %s: no answer: %s\n", ++run->points, run->device, words,
		       strerror(-result->answered));
	}
	for (size_t rule = 0; !result->answered && rule < PROBE_RULE_COUNT; rule++) {
		const struct probe_violation *const violation = &result->violations[rule];

		printf("%sok %zu %s %s %s\n", violation->count ? "not " : "", ++run->points,
		       run->device, words, probe_rule_name((enum probe_rule)rule));
		if (violation->count)
			say_violation(run, subject, violation);
	}
}

/* The plan stands last: how many subjects there are, the device says. */
static void say_totals(const struct probe_run *run)
{
	printf("1..%zu\n# Totals: pass:%zu fail:%zu xfail:0 xpass:0 skip:%zu error:0\n",
	       run->points, run->points - run->broken - run->skipped, run->broken, run->skipped);
}

/* Sweeps one subject. Returns how many regions a device says it has. */
static uint32_t probe_one(struct probe_run *run, struct probe_device *device,
			  const struct probe_subject *subject)
{
	struct probe_result result;
	const uint8_t *reply;
	uint32_t regions = 0;
	char words[32];

	subject_words(subject, words, sizeof(words));
	if (probe_sweep(device, subject, run->judge, &result)) {
		fprintf(stderr, "capchain: out of memory\n");
		run->status = EXIT_UNUSABLE;
	}
	run->calls += result.calls;
	run->subjects += !result.answered;
	run->broken += probe_broken(&result);
	say_subject(run, words, &result);
	if (run->how->tap)
		say_points(run, subject, words, &result);
	for (size_t rule = 0; !run->how->tap && rule < PROBE_RULE_COUNT; rule++)
		if (result.violations[rule].count)
			say_violation(run, subject, &result.violations[rule]);
	reply = probe_reply(&result, layout_infos[subject->kind].minsz);
	if (reply && subject->kind == INFO_DEVICE)
		regions = (uint32_t)layout_load(reply + 8, 4);
	if (run->how->keep && !result.answered)
		keep_replies(run, subject, &result);
	probe_free(&result);
	return regions < REGIONS_MAX ? regions : REGIONS_MAX;
}

void probe_run_all(struct probe_run *run, struct probe_device *device, bool has_iommu)
{
	struct probe_subject subject = {INFO_DEVICE, 0};
	const uint32_t regions = probe_one(run, device, &subject);

	subject.kind = INFO_REGION;
	for (; subject.index < regions; subject.index++)
		probe_one(run, device, &subject);
	subject = (struct probe_subject){INFO_IOMMU, 0};
	if (has_iommu)
		probe_one(run, device, &subject);
}

int probe_run_open(struct probe_run *run)
{
	static const struct info_parser *const bounded[] = {&bounded_parser};
	char error[512];

	run->judge = judge_new(bounded, 1, error, sizeof(error));
	if (!run->judge) {
		fprintf(stderr, "capchain: %s\n", error);
		return sandbox_exit();
	}
	if (run->how->tap)
		puts("TAP version 13");
	return 0;
}

int probe_run_close(struct probe_run *run, size_t devices)
{
	judge_free(run->judge);
	if (run->how->tap)
		say_totals(run);
	else if (!run->how->json)
		printf("%zu devices, %zu subjects answered, %" PRIu64 " calls, %zu violations\n",
		       devices, run->subjects, run->calls, run->broken);
	if (run->status)
		return run->status;
	return run->broken || !run->subjects ? EXIT_FOUND : EXIT_FINE;
}

int cmd_probe(int argc, char **argv)
{
	static struct probe_options o;
	struct probe_run run = {.how = &o.how};
	char error[512];

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	run.status = probe_run_open(&run);
	if (run.status)
		return run.status;
	for (size_t i = 0; i < o.count && !run.status; i++) {
		struct probe_device *device;
		char *shown;
		bool has_iommu = true;

		run.device = shown = path_shown(o.names[i].text, "");
		device = o.is_fake ? probe_fake(o.fake)
				   : probe_vfio_open(o.names[i].text, o.iommufd, &has_iommu, error,
						     sizeof(error));
		if (!device) {
			fprintf(stderr, "capchain: %s\n", error);
			run.status = EXIT_MISSING;
			free(shown);
			break;
		}
		if (shown)
			probe_run_all(&run, device, has_iommu);
		free(shown);
	}
	free(o.names);
	return probe_run_close(&run, o.count);
}
