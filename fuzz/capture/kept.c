/* SPDX-License-Identifier: MIT */
/* Replies that are kept, as a tree by content and one of names; see kept.h. */
#include "kept.h"

#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct name {
	size_t count;
	char text[];
};

/* @number: which of its name it is, from 1 on. */
struct kept_reply {
	struct kept_reply *next;
	const struct name *name;
	size_t number;
	struct capture_record record;
	enum info_kind kind;
	uint32_t index;
	uint32_t len;
	uint8_t bytes[];
};

struct capture_kept {
	void *names;
	void *entries;
	struct kept_reply *first, **last;
	struct capture_reply written;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

/* A name says kind, device, region and length. */
static int by_content(const void *a, const void *b)
{
	const struct kept_reply *const one = a, *const other = b;

	if (one->name != other->name)
		return one->name < other->name ? -1 : 1;
	return memcmp(one->bytes, other->bytes, one->len);
}

struct capture_kept *capture_kept_new(void)
{
	struct capture_kept *const kept = calloc(1, sizeof(*kept));

	if (kept)
		kept->last = &kept->first;
	return kept;
}

void capture_kept_free(struct capture_kept *kept)
{
	if (!kept)
		return;
	tdestroy(kept->entries, free);
	tdestroy(kept->names, free);
	free(kept);
}

/* @made in the tree, or what is there already, and then @made is freed; NULL without memory. */
static void *enter(void **tree, void *made, int (*compare)(const void *, const void *))
{
	void **const found = made ? tsearch(made, tree, compare) : NULL;

	if (!found || *found != made)
		free(made);
	return found ? *found : NULL;
}

static struct name *name_of(struct capture_kept *kept, const char *text)
{
	struct name *const made = malloc(sizeof(*made) + strlen(text) + 1);

	if (made) {
		made->count = 0;
		strcpy(made->text, text);
	}
	return enter(&kept->names, made, by_text);
}

int capture_keep(struct capture_kept *kept, const char *text, const struct capture_reply *reply)
{
	struct name *const name = kept ? name_of(kept, text) : NULL;
	struct kept_reply *const made = name ? malloc(sizeof(*made) + reply->len) : NULL;
	struct kept_reply *there;

	if (!made)
		return -ENOMEM;
	*made = (struct kept_reply){.name = name,
				    .record = *reply->record,
				    .kind = reply->kind,
				    .index = reply->index,
				    .len = reply->len};
	memcpy(made->bytes, reply->bytes, reply->len);
	there = enter(&kept->entries, made, by_content);
	if (there != made)
		return there ? 0 : -ENOMEM;
	made->number = ++name->count;
	*kept->last = made;
	kept->last = &made->next;
	return 1;
}

bool capture_write_some(struct capture_kept *kept, size_t most,
			void (*write)(void *with, const char *name,
				      const struct capture_reply *reply),
			void *with)
{
	for (; kept && kept->first && most > 0; most--) {
		struct kept_reply *const entry = kept->first;
		char name[512];

		kept->first = entry->next;
		if (!kept->first)
			kept->last = &kept->first;
		snprintf(name, sizeof(name), entry->number > 1 ? "%s-%zu" : "%s", entry->name->text,
			 entry->number);
		kept->written.record = &entry->record;
		kept->written.kind = entry->kind;
		kept->written.index = entry->index;
		kept->written.len = entry->len;
		memcpy(kept->written.bytes, entry->bytes, entry->len);
		write(with, name, &kept->written);
	}
	return kept && kept->first;
}
