/* SPDX-License-Identifier: MIT */
/* What `capchain run` saw, in words and as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "run.h"

static size_t mappings_kept(const struct supervised *run)
{
	return run->nmappings < MAPPINGS_MAX ? run->nmappings : MAPPINGS_MAX;
}

/*
 * A program that maps the same of a good reply does not read that chain at all: no reply is the
 * cause.
 */
static bool as_with_good(const struct run_report *report, const struct mapping *m)
{
	for (size_t i = 0; report->good && i < mappings_kept(report->good); i++) {
		const struct mapping *const good = &report->good->mappings[i];

		if (m->offset == good->offset && m->length == good->length &&
		    m->mapped == good->mapped)
			return true;
	}
	return false;
}

static bool is_wrong(const struct run_report *report, const struct mapping *m)
{
	/* What two areas share the UAPI leaves open. */
	return m->mapped != MAPPED_INSIDE && m->mapped != MAPPED_TWICE && !as_with_good(report, m);
}

static bool maps_wrongly(const struct run_report *report)
{
	for (size_t i = 0; i < mappings_kept(report->run); i++)
		if (is_wrong(report, &report->run->mappings[i]))
			return true;
	return false;
}

bool run_is_faulty(const struct run_report *report)
{
	return report->run->outcome != OUTCOME_EXIT || maps_wrongly(report);
}

static const char *signal_name(int signal)
{
	const char *const name = sigabbrev_np(signal);

	return name ? name : "?";
}

void run_words(const struct supervised *run, char *ret_words, size_t size)
{
	char name[64];

	vfio_calls_name(run->info, name, sizeof(name));
	switch (run->outcome) {
	case OUTCOME_EXIT:
		snprintf(ret_words, size, "exit %d", run->status);
		return;
	case OUTCOME_SIGNAL:
		snprintf(ret_words, size, "killed by SIG%s", signal_name(run->signal));
		return;
	case OUTCOME_STORM:
		snprintf(ret_words, size, "retry storm on %s, no bound seen", name);
		return;
	case OUTCOME_HANG:
		snprintf(ret_words, size,
			 "hang: %llu ms of CPU time and no call, after the reply to %s",
			 (unsigned long long)(run->cpu_ns / 1000000), name);
		return;
	default:
		snprintf(ret_words, size, "idle: no end %llu s after %s%s",
			 (unsigned long long)run->idle_s,
			 run->info < CALLS ? "its last INFO call, of " : "its start",
			 run->info < CALLS ? name : "");
	}
}

static void print_calls(const struct vfio *vfio)
{
	char name[64];

	for (size_t i = 0; i < CALLS; i++) {
		const struct info_calls *const c = &vfio->calls[i];

		if (!c->calls)
			continue;
		vfio_calls_name(i, name, sizeof(name));
		printf("  %-9s %llu calls, the last with argsz %u, answered %u\n", name,
		       (unsigned long long)c->calls, c->asked, c->argsz);
	}
}

static void print_messages(const struct vu_listen *listen)
{
	const struct vu_server *const server = &listen->server;
	size_t said = 0;

	printf("  %llu messages", (unsigned long long)vu_server_messages(server));
	for (size_t i = 0; i <= VU_COMMAND_COUNT; i++)
		if (server->seen[i])
			printf("%s %llu %s", said++ ? "," : ":",
			       (unsigned long long)server->seen[i],
			       vu_command_name((enum vu_command)i));
	putchar('\n');
	if (server->refused)
		printf("  %llu messages refused, the first %s\n",
		       (unsigned long long)server->refused, server->first);
	if (listen->broken)
		printf("  %llu connections ended inside a message\n",
		       (unsigned long long)listen->broken);
}

static void print_mappings(const struct run_report *report)
{
	const struct supervised *const run = report->run;

	for (size_t i = 0; i < mappings_kept(run); i++) {
		const struct mapping *const m = &run->mappings[i];

		printf("  maps region %llu, 0x%llx bytes at 0x%llx: %s%s\n",
		       (unsigned long long)(m->offset >> FAKE_REGION_SHIFT),
		       (unsigned long long)m->length,
		       (unsigned long long)(m->offset & ((UINT64_C(1) << FAKE_REGION_SHIFT) - 1)),
		       mapped_name(m->mapped),
		       m->mapped != MAPPED_INSIDE && as_with_good(report, m)
			       ? ", as with good replies"
			       : "");
	}
	if (run->nmappings > MAPPINGS_MAX)
		printf("  and %zu mappings more\n", run->nmappings - MAPPINGS_MAX);
}

const char *run_maps_words(const struct run_report *report)
{
	const struct supervised *const run = report->run;

	if (maps_wrongly(report))
		return "; maps what the reply does not hold";
	for (size_t i = 0; i < mappings_kept(run); i++)
		if (run->mappings[i].mapped == MAPPED_TWICE)
			return "; maps what two areas share twice";
	return "";
}

void run_print(const struct run_report *report)
{
	char words[128];

	if (report->good) {
		run_words(report->good, words, sizeof(words));
		printf("good replies: %s\n", words);
	} else {
		puts("good replies: not tried (--no-good), so what follows may be of another cause");
	}
	run_words(report->run, words, sizeof(words));
	printf("these replies: %s%s\n", words, run_maps_words(report));
	print_calls(report->vfio);
	if (report->listen)
		print_messages(report->listen);
	print_mappings(report);
}

static json_t *outcome_json(const struct supervised *run)
{
	json_t *const json = json_pack("{s:s}", "outcome", outcome_name(run->outcome));
	char name[64];

	vfio_calls_name(run->info, name, sizeof(name));
	if (run->outcome == OUTCOME_EXIT)
		json_object_set_new(json, "status", json_integer(run->status));
	if (run->outcome == OUTCOME_SIGNAL)
		json_object_set_new(json, "signal",
				    json_sprintf("SIG%s", signal_name(run->signal)));
	if (run->outcome == OUTCOME_HANG)
		json_object_set_new(json, "cpu_ms",
				    json_integer((json_int_t)(run->cpu_ns / 1000000)));
	if (run->outcome == OUTCOME_IDLE)
		json_object_set_new(json, "idle_s", json_integer((json_int_t)run->idle_s));
	if (run->info < CALLS)
		json_object_set_new(json, "info", json_string(name));
	return json;
}

static json_t *hex(const uint8_t *bytes, size_t len)
{
	static char digits[2 * INFO_LEN_MAX + 1];

	for (size_t i = 0; i < len; i++)
		snprintf(digits + 2 * i, 3, "%02x", bytes[i]);
	digits[2 * len] = '\0';
	return json_string(digits);
}

static json_t *calls_json(const struct vfio *vfio)
{
	json_t *const list = json_array();
	char name[64];

	for (size_t i = 0; i < CALLS; i++) {
		const struct info_calls *const c = &vfio->calls[i];
		json_t *json;

		if (!c->calls)
			continue;
		vfio_calls_name(i, name, sizeof(name));
		json = json_pack("{s:s,s:I,s:I,s:I}", "info", name, "calls", (json_int_t)c->calls,
				 "asked", (json_int_t)c->asked, "answered", (json_int_t)c->argsz);
		if (c->bytes)
			json_object_set_new(json, "buffer", hex(c->bytes, c->len));
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *mapping_json(const struct run_report *report, const struct mapping *m)
{
	const uint64_t offset = m->offset & ((UINT64_C(1) << FAKE_REGION_SHIFT) - 1);

	return json_pack("{s:I,s:I,s:I,s:s,s:b}", "region",
			 (json_int_t)(m->offset >> FAKE_REGION_SHIFT), "offset", (json_int_t)offset,
			 "length", (json_int_t)m->length, "is", mapped_name(m->mapped), "wrong",
			 is_wrong(report, m));
}

static json_t *mappings_json(const struct run_report *report)
{
	json_t *const list = json_array();

	for (size_t i = 0; i < mappings_kept(report->run); i++)
		json_array_append_new(list, mapping_json(report, &report->run->mappings[i]));
	return list;
}

/* Words from @from on, up to @end, NULL or a word. */
static json_t *words_json(char *const *from, char *const *end)
{
	json_t *const list = json_array();

	for (; from != end && *from; from++) {
		char *const shown = path_shown(*from, "");

		json_array_append_new(list, json_string(shown ? shown : "?"));
		free(shown);
	}
	return list;
}

static json_t *messages_json(const struct vu_listen *listen)
{
	const struct vu_server *const server = &listen->server;
	json_t *const json = json_object();

	for (size_t i = 0; i <= VU_COMMAND_COUNT; i++)
		if (server->seen[i])
			json_object_set_new(json, vu_command_name((enum vu_command)i),
					    json_integer((json_int_t)server->seen[i]));
	return json_pack("{s:o,s:I,s:I,s:s?,s:I,s:I}", "messages", json, "all",
			 (json_int_t)vu_server_messages(server), "refused",
			 (json_int_t)server->refused, "first_refused",
			 server->refused ? server->first : NULL, "connections",
			 (json_int_t)listen->connections, "broken", (json_int_t)listen->broken);
}

json_t *run_json(const struct run_report *report)
{
	json_t *const json = outcome_json(report->run);

	json_object_set_new(json, "options", words_json(report->options, report->options_end));
	json_object_set_new(json, "command", words_json(report->command, NULL));
	json_object_set_new(json, "faulty", json_boolean(run_is_faulty(report)));
	json_object_set_new(json, "good", report->good ? outcome_json(report->good) : json_null());
	json_object_set_new(json, "calls", calls_json(report->vfio));
	json_object_set_new(json, "mappings", mappings_json(report));
	json_object_set_new(
		json, "dma_maps",
		json_integer((json_int_t)(report->listen ? report->listen->server.dma_maps
							 : report->run->dma_maps)));
	if (report->listen)
		json_object_set_new(json, "socket", messages_json(report->listen));
	json_object_set_new(json, "notifications",
			    json_integer((json_int_t)report->run->notifications));
	return json;
}
