/* SPDX-License-Identifier: MIT */
/* The scripted producers, as inputs; see table.h. */
#include "table.h"

#include <string.h>

#include "../../parsers/layout.h"
#include "script.h"

/*
 * One reply: the argsz that it names, what it shows of the chain, how many bytes it writes. The
 * chain is one capability behind the fixed struct, one that every kind's loops look for.
 */
struct scripted_reply {
	uint32_t argsz;
	enum { NO_CAPS, CAPS_ELSEWHERE, CAPS_HERE } caps;
	uint32_t size;
	int8_t delta; /* not 0: argsz is what was asked with and this */
};

/* Stand for the fixed struct's size, and that of the whole reply, which differ by kind. */
#define FIXED 0xfffffff0u
#define WHOLE 0xfffffff1u

#define ASK_MORE INFO_ROW(WHOLE, CAPS_ELSEWHERE, FIXED, 0)
#define ALL	 INFO_ROW(WHOLE, CAPS_HERE, WHOLE, 0)

static const struct {
	const char *name;
	bool cycles;
	size_t count;
	struct scripted_reply replies[3];
} scripts[TABLE_SCRIPTS] = {
	{"constant", false, 2, {ASK_MORE, ALL}},
	{"always +8", false, 1, {{0, CAPS_ELSEWHERE, FIXED, 8}}},
	{"alternating", true, 2, {{WHOLE + 1, CAPS_HERE, WHOLE, 0}, ALL}},
	{"large then 4", false, 2, {ASK_MORE, {4, CAPS_HERE, WHOLE, 0}}},
	{"always 4", false, 1, {{4, CAPS_HERE, FIXED, 0}}},
	{"always 20", false, 1, {{20, CAPS_HERE, FIXED, 0}}},
	{"always 0", false, 1, {{0, CAPS_HERE, FIXED, 0}}},
	{"0xffffffff", false, 1, {{0xffffffff, CAPS_ELSEWHERE, FIXED, 0}}},
	{"grows once more", false, 3, {ASK_MORE, {WHOLE + 1, CAPS_HERE, WHOLE, 0}, ALL}},
	{"shrinks below", false, 2, {ASK_MORE, {FIXED, CAPS_HERE, FIXED, 0}}},
	{"flags change", false, 2, {ASK_MORE, {WHOLE, NO_CAPS, WHOLE, 0}}},
	{"caps vanish", false, 2, {ASK_MORE, {WHOLE, CAPS_HERE, FIXED, 0}}},
};

const char *fetch_table_name(size_t column)
{
	return scripts[column].name;
}

static uint32_t size_of(enum info_kind kind, uint32_t size)
{
	const uint32_t full = layout_infos[kind].full;

	/* WHOLE + 1 wants 16 more than there is. */
	return size == FIXED	   ? full
	       : size == WHOLE	   ? full + 32
	       : size == WHOLE + 1 ? full + 48
				   : size;
}

/* The capability: an area, an IOVA range, or an atomic; each kind's id. */
static void write_cap(uint8_t *at, enum info_kind kind)
{
	layout_store(at, 2, kind == INFO_DEVICE ? CAP_ID_ZPCI_BASE : 1);
	layout_store(at + 2, 2, 1);
	if (kind == INFO_DEVICE)
		return;
	layout_store(at + 8, 4, 1);
	layout_store(at + 24, 8, 0x1000);
}

static size_t write_reply(uint8_t *at, enum info_kind kind, const struct scripted_reply *reply)
{
	const struct layout_info *const layout = &layout_infos[kind];
	const uint32_t size = size_of(kind, reply->size);
	uint8_t *const info = at + 4;

	at[0] = reply->delta ? REPLY_RELATIVE : 0;
	at[1] = (uint8_t)reply->delta;
	script_put(at + 2, 2, size);
	layout_store(info, 4, size_of(kind, reply->argsz));
	layout_store(info + 4, 4, reply->caps ? layout->caps_flag : 0);
	layout_store(info + layout->first.at, 4, reply->caps == CAPS_HERE ? layout->full : 0);
	if (size > layout->full)
		write_cap(info + layout->full, kind);
	return 4 + size;
}

size_t fetch_table_script(size_t column, enum info_kind kind, uint8_t ret_bytes[TABLE_BYTES])
{
	static const uint8_t heads[INFO_IOCTL_KINDS] = {0, 1, 2};
	size_t used = 3;

	memset(ret_bytes, 0, TABLE_BYTES);
	ret_bytes[0] = heads[kind] | (scripts[column].cycles ? SCRIPT_CYCLES : 0);
	script_put(ret_bytes + 1, 2, layout_infos[kind].full);
	for (size_t i = 0; i < scripts[column].count; i++)
		used += write_reply(ret_bytes + used, kind, &scripts[column].replies[i]);
	return used;
}

static void print_cell(FILE *out, const struct judged *judged)
{
	char words[64];

	snprintf(words, sizeof(words), "%s%s%s", verdict_name(judged->walk.verdict),
		 judged->walk.reason ? " " : "", judged->walk.reason ? judged->walk.reason : "");
	fprintf(out, " | %s", words);
}

static void print_line(FILE *out, struct judge *judge, size_t i, enum info_kind kind)
{
	uint8_t bytes[TABLE_BYTES];

	fprintf(out, "| %s | %s", judge->judged[i].parser->name, info_kind_name(kind));
	for (size_t column = 0; column < TABLE_SCRIPTS; column++) {
		fetch_judge_read(judge, bytes, fetch_table_script(column, kind, bytes));
		print_cell(out, &judge->judged[i]);
	}
	fputs(" |\n", out);
}

void fetch_table_print(FILE *out, struct judge *judge)
{
	fputs("| loop | kind", out);
	for (size_t column = 0; column < TABLE_SCRIPTS; column++)
		fprintf(out, " | %s", scripts[column].name);
	fputs(" |\n|---|---", out);
	for (size_t column = 0; column < TABLE_SCRIPTS; column++)
		fputs("|---", out);
	fputs("|\n", out);
	for (size_t i = 0; i < judge->count; i++)
		for (enum info_kind kind = 0; kind < INFO_IOCTL_KINDS; kind++)
			if (judge->judged[i].parser->reads[kind].ids)
				print_line(out, judge, i, kind);
}
