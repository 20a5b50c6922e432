/* SPDX-License-Identifier: MIT */
/* Names the instruction that ended a walk; see where.h. */
#include "where.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <link.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unwind.h>

extern char **environ;

/* The section that fuzz/own/text.ld gathers; in other builds there is none. */
extern const char __start_own_text[] __attribute__((weak));
extern const char __stop_own_text[] __attribute__((weak));

static bool lacks_lines;

bool where_is_own(uintptr_t code)
{
	return code >= (uintptr_t)__start_own_text && code < (uintptr_t)__stop_own_text;
}

/* The frames of the last where_called(). */
static struct where_frames called;

struct where_frames *where_frames(void)
{
	return &called;
}

static _Unwind_Reason_Code look(struct _Unwind_Context *frame, void *unused)
{
	int exact = 0;
	const uintptr_t code = (uintptr_t)_Unwind_GetIPInfo(frame, &exact) - !exact;

	(void)unused;
	if (where_is_own(code))
		called.code[called.count++] = code;
	return called.count == sizeof(called.code) / sizeof(called.code[0]) ? _URC_NORMAL_STOP
									    : _URC_NO_REASON;
}

uintptr_t where_called(bool panic)
{
	called.count = 0;
	called.panic = panic;
	if (__start_own_text)
		_Unwind_Backtrace(look, NULL);
	return called.count ? called.code[0] : 0;
}

/* Where this program was loaded: the first object is it. */
static int first_object(struct dl_phdr_info *info, size_t size, void *ret_base)
{
	(void)size;
	*(uintptr_t *)ret_base = info->dlpi_addr;
	return 1;
}

/* The path of this program, which /proc may not be there to tell. */
static const char *program(void)
{
	static char path[PATH_MAX];

	if (!path[0] && !realpath((const char *)getauxval(AT_EXECFN), path))
		path[0] = '\0';
	return path;
}

pid_t where_start(const char *const argv[], int *ret_out)
{
	posix_spawn_file_actions_t actions;
	int pipes[2];
	pid_t pid = -1;

	if (pipe2(pipes, O_CLOEXEC))
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ))
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	close(pipes[1]);
	*ret_out = pipes[0];
	if (pid < 0)
		close(pipes[0]);
	return pid;
}

/*
 * Who reads debug information, and how each is asked for pairs of lines: a function, and FILE:LINE. Short
 * names stand in debug information alone.
 */
static const struct tool {
	const char *name;
	const char *functions;
	const char *style;
} tools[] = {{"llvm-symbolizer", "--functions=short", "--output-style=GNU"},
	     {"llvm-symbolizer", "--functions=linkage", "--output-style=GNU"},
	     {"addr2line", "-f", NULL}};

/* Asks @tool for @code. Whether it could be asked. */
static bool ask(const struct tool *tool, uintptr_t code, char *ret_said, size_t size)
{
	uintptr_t base = 0;
	char address[32];
	const char *const argv[] = {tool->name, tool->functions, "-i",	      "-C", "-e",
				    program(),	address,	 tool->style, NULL};
	size_t used = 0;
	ssize_t got;
	int out, status;
	pid_t pid;

	dl_iterate_phdr(first_object, &base);
	snprintf(address, sizeof(address), "0x%" PRIxPTR, code - base);
	pid = where_start(argv, &out);
	if (pid < 0)
		return false;
	while (used < size - 1 && ((got = read(out, ret_said + used, size - 1 - used)) > 0 ||
				   (got < 0 && errno == EINTR)))
		used += got > 0 ? (size_t)got : 0;
	close(out);
	ret_said[used] = '\0';
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return used && status == 0;
}

/* @path from the current folder where it is below that. */
static const char *from_here(const char *path)
{
	static char here[PATH_MAX];
	const size_t len = here[0] || getcwd(here, sizeof(here)) ? strlen(here) : 0;

	return len > 1 && strncmp(path, here, len) == 0 && path[len] == '/' ? path + len + 1 : path;
}

/* Takes "function\nFILE:LINE...\n" at *@at apart, and goes on behind it. */
static bool take_pair(char **at, struct where *ret_where)
{
	char *const function = strsep(at, "\n"), *const place = *at ? strsep(at, "\n") : NULL;
	char *line = place ? strchr(place, ' ') : NULL;

	if (!place || !function[0] || strncmp(function, "??", 2) == 0)
		return false;
	if (line)
		*line = '\0';
	line = strrchr(place, ':');
	if (line)
		*line++ = '\0';
	snprintf(ret_where->function, sizeof(ret_where->function), "%s", function);
	snprintf(ret_where->file, sizeof(ret_where->file), "%s", from_here(place));
	ret_where->line =
		line && strncmp(place, "??", 2) ? (unsigned int)strtoul(line, NULL, 10) : 0;
	return true;
}

/* What was asked is asked once. */
static struct known {
	uintptr_t code;
	size_t count;
	bool runtime; /* none of them is the author's */
	struct where frames[8];
} names[64];

/* Whether @frame is of a language's run-time, which its author called in turn. */
static bool is_runtime(const struct where *frame)
{
	const char *const file = frame->file;

	return strncmp(file, "/rustc/", 7) == 0 || strstr(file, "/library/std/src/") ||
	       strstr(file, "/library/core/src/") || strstr(file, "/library/alloc/src/") ||
	       strstr(file, "/include/c++/") || strncmp(file, "/usr/include/", 13) == 0 ||
	       strncmp(file, "/usr/lib/", 9) == 0;
}

/* Leaves those of the author, where there are any. */
static void keep_author(struct known *found)
{
	size_t kept = 0;

	for (size_t i = 0; i < found->count; i++)
		if (!is_runtime(&found->frames[i]))
			found->frames[kept++] = found->frames[i];
	found->runtime = !kept;
	found->count = kept ? kept : found->count;
}

/* Takes what a tool said. */
static void take_frames(struct known *to, char *said)
{
	while (to->count < sizeof(to->frames) / sizeof(to->frames[0]) && said &&
	       take_pair(&said, &to->frames[to->count]))
		to->count++;
}

static const struct known *look_up(uintptr_t code)
{
	static char said[16384];
	static size_t next;
	struct known *const slot = &names[next];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].code == code)
			return &names[i];
	next = (next + 1) % (sizeof(names) / sizeof(names[0]));
	slot->code = code;
	slot->count = 0;
	for (size_t i = 0; program()[0] && !slot->count && i < sizeof(tools) / sizeof(tools[0]);
	     i++)
		if (ask(&tools[i], code, said, sizeof(said)))
			take_frames(slot, said);
	keep_author(slot);
	return slot;
}
size_t where_find(uintptr_t code, const struct where **ret_where)
{
	const bool walked = called.count && code == called.code[0];
	const struct known *found = code ? look_up(code) : NULL;
	bool behind = !called.panic;

	for (size_t i = 0; found && walked && i < called.count; i++) {
		const struct known *const frame = look_up(called.code[i]);

		if (frame->count && !frame->runtime && behind) {
			found = frame;
			break;
		}
		behind |= frame->runtime;
	}
	if (!found)
		return 0;
	lacks_lines |= found->count && !found->frames[0].line;
	*ret_where = found->frames;
	return found->count;
}

const char *where_words(uintptr_t code)
{
	static char words[4096];
	const struct where *frames;
	const size_t count = where_find(code, &frames);
	size_t used = 0;

	for (size_t n = 0; n < count && used < sizeof(words); n++) {
		used += (size_t)snprintf(words + used, sizeof(words) - used, "%s%s",
					 n ? ", in " : "", frames[n].function);
		if (frames[n].line && used < sizeof(words))
			used += (size_t)snprintf(words + used, sizeof(words) - used, " at %s:%u",
						 frames[n].file, frames[n].line);
	}
	return count ? words : NULL;
}

bool where_lacks_lines(void)
{
	return lacks_lines;
}
