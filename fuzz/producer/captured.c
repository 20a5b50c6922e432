/* SPDX-License-Identifier: MIT */
/* Reads captured replies; see captured.h. */
#include "captured.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "../chain/endian.h"
#include "set_aside.h"
#include "state.h"

#define CALLERS_FILL 0xa5

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The last number after @what in @name: where @what stands, or NULL. */
static const char *numbered(const char *name, const char *what, const char *after,
			    uint32_t *ret_number)
{
	const char *found = NULL;
	char *end;
	unsigned long number;

	for (const char *at = name; (at = strstr(at, what)); at++)
		found = at;
	if (!found || found[strlen(what)] < '0' || found[strlen(what)] > '9')
		return NULL;
	errno = 0;
	number = strtoul(found + strlen(what), &end, 10);
	if (errno || number > UINT32_MAX || strncmp(end, after, strlen(after)) != 0)
		return NULL;
	*ret_number = (uint32_t)number;
	return found;
}

/* "-linuxA.B" and what names a machine at @at: which release, and the device behind it. */
static bool parse_release(const char *at, struct captured *reply)
{
	unsigned int major, minor;
	int end = 0;

	if (sscanf(at, "-linux%3u.%3u%n", &major, &minor, &end) != 2 || !end)
		return false;
	end += (int)strcspn(at + end, "-");
	reply->release = PRODUCER_LINUX(major, minor);
	reply->device = at + end + 1;
	return reply->device < reply->name + reply->series;
}

static bool parse_name(struct captured *reply)
{
	const char *const ends =
		endian_of_name(reply->name, ENDIAN_LITTLE) == ENDIAN_BIG ? ENDIAN_BIG_NAME : ".bin";
	const size_t word = strcspn(reply->name, "-");
	const char *const len = numbered(reply->name, "-len", ends, &reply->argsz);

	if (!len || strcmp(strchr(len, '.'), ends) != 0 || reply->argsz > INFO_LEN_MAX)
		return false;
	reply->series = (size_t)(len - reply->name);
	if (!parse_release(reply->name + word, reply))
		return false;
	reply->set_aside = is_set_aside(reply->name);
	for (reply->kind = 0; reply->kind < INFO_IOCTL_KINDS; reply->kind++) {
		const char *const kind = info_kind_name(reply->kind);

		if (strlen(kind) == word && strncmp(reply->name, kind, word) == 0)
			break;
	}
	if (reply->kind == INFO_REGION)
		return numbered(reply->name, "-idx", "-len", &reply->index);
	return reply->kind < INFO_IOCTL_KINDS;
}

static bool read_bytes(const char *path, struct captured *reply)
{
	FILE *const file = fopen(path, "rb");
	size_t len;

	if (!file)
		return false;
	reply->bytes = malloc(reply->argsz + 1u);
	len = reply->bytes ? fread(reply->bytes, 1, reply->argsz + 1u, file) : 0;
	if (reply->bytes && !ferror(file) && len != reply->argsz)
		errno = EBADMSG;
	return fclose(file) == 0 && len == reply->argsz;
}

/* As whoever asked would have it on this machine. A reply of a kernel has no two fields in one place. */
static bool turn(struct captured *reply)
{
	const enum endian endian = endian_of_name(reply->name, ENDIAN_LITTLE);
	uint32_t shared;

	if (endian == ENDIAN_HOST ||
	    endian_turn(reply->bytes, reply->argsz, reply->kind, endian, &shared))
		return true;
	errno = EILSEQ;
	return false;
}

static bool read_reply(const char *folder, const char *name, struct captured *reply,
		       char ret_error[CAPTURED_ERROR_SIZE])
{
	char path[4096];

	reply->name = strdup(name);
	if (!reply->name || !parse_name(reply)) {
		snprintf(ret_error, CAPTURED_ERROR_SIZE,
			 "%s: name it KIND-linuxA.B-DEVICE-lenN.bin, a region "
			 "KIND-linuxA.B-DEVICE-idxI-lenN.bin, " ENDIAN_BIG_NAME
			 " at the end where big-endian",
			 name);
		return false;
	}
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (read_bytes(path, reply) && turn(reply))
		return true;
	snprintf(ret_error, CAPTURED_ERROR_SIZE, "%s: %s", name,
		 errno == EBADMSG  ? "has not as many bytes as its name says"
		 : errno == EILSEQ ? "two of its fields share bytes"
				   : strerror(errno));
	return false;
}

size_t captured_read(const char *folder, struct captured **ret_replies,
		     char ret_error[CAPTURED_ERROR_SIZE])
{
	struct dirent **entries;
	const int count = scandir(folder, &entries, visible, alphasort);
	struct captured *const replies = count > 0 ? calloc((size_t)count, sizeof(*replies)) : NULL;
	size_t read = 0;

	if (!replies)
		snprintf(ret_error, CAPTURED_ERROR_SIZE, "%s: %s", folder,
			 count ? strerror(errno) : "no captured replies in it");
	while (replies && read < (size_t)count &&
	       read_reply(folder, entries[read]->d_name, &replies[read], ret_error))
		read++;
	for (int i = 0; i < count; i++)
		free(entries[i]);
	if (count >= 0)
		free(entries);
	if (replies && read == (size_t)count) {
		*ret_replies = replies;
		return read;
	}
	if (replies)
		captured_free(replies, read + 1);
	return 0;
}

void captured_free(struct captured *replies, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(replies[i].name);
		free(replies[i].bytes);
	}
	free(replies);
}

bool captured_same_series(const struct captured *a, const struct captured *b)
{
	return a->series == b->series && strncmp(a->name, b->name, a->series) == 0;
}

void captured_caller(const struct captured *reply, uint8_t *ret_buffer)
{
	const uint32_t full = layout_infos[reply->kind].full;

	memset(ret_buffer, CALLERS_FILL, reply->argsz);
	/*
	 * Whoever recorded these had cleared the struct; `make vm` does not, and says so in the
	 * name.
	 */
	if (fnmatch("*-linux6.12-*", reply->name, 0) == 0 &&
	    fnmatch("*.probe-*", reply->name, 0) != 0)
		memset(ret_buffer, 0, full < reply->argsz ? full : reply->argsz);
	if (reply->argsz >= 4)
		layout_store(ret_buffer + INFO_AT_DEVICE_argsz, 4, reply->argsz);
	if (reply->kind == INFO_REGION && reply->argsz >= INFO_AT_REGION_index + 4)
		layout_store(ret_buffer + INFO_AT_REGION_index, 4, reply->index);
}
