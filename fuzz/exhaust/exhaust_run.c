/* SPDX-License-Identifier: MIT */
/*
 * Jobs over a space, and the sum of what they found; see exhaust_run.h. A job has its result in
 * memory that it shares with the parent, so a job that dies leaves behind what it was at.
 */
#include "exhaust_run.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../parsers/layout.h"
#include "exhaust_cursor.h"
#include "exhaust_sum.h"

/* Numbers that a job takes at a time; job n takes every jobs-th piece, from the n-th on. */
#define PIECE 4096

/* Buffers that a job makes at a time. */
#define AHEAD 256

#define TOO_MANY "more sets of verdicts or broken promises than can be kept"

/* What a job and its parent share. */
struct job {
	volatile uint64_t done; /* buffers, those that were passed over too */
	volatile uint64_t at;	/* the buffer it is at */
	bool overflow;		/* there was no room for a set or a bucket */
	char error[512];
	struct exhaust_result result;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *shared(size_t size)
{
	void *const at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

/* What one job works with. */
struct work {
	struct job *job;
	struct judge *judge;
	const struct exhaust_options *options;
	const struct exhaust_space *space;
	uint8_t bytes[AHEAD][EXHAUST_LEN_MAX];
	const uint8_t *infos[AHEAD];
	uint32_t lens[AHEAD];
};

static void count(struct work *work, uint64_t index, uint64_t same)
{
	if (!exhaust_count(&work->job->result, work->judge, index, same))
		work->job->overflow = true;
	work->job->done += same;
}

/* Judges up to AHEAD buffers from @first on, each. */
static void judge_each(struct work *work, uint64_t first, uint64_t total)
{
	const size_t many = total - first < AHEAD ? (size_t)(total - first) : AHEAD;

	for (size_t i = 0; i < many; i++)
		work->lens[i] = (uint32_t)exhaust_buffer(work->space, first + i, work->bytes[i]);
	judge_ahead(work->judge, work->options->kind, many, work->infos, work->lens);
	for (size_t i = 0; i < many; i++) {
		work->job->at = first + i;
		judge_read(work->judge, work->bytes[i], work->lens[i], work->options->kind);
		count(work, first + i, 1);
	}
}

/* Says which buffers come next, @cursor's own and up to @many after it; returns how many. */
static size_t say_ahead(struct work *work, const struct exhaust_cursor *cursor, size_t many)
{
	size_t n = 1;

	memcpy(work->bytes[0], cursor->info, cursor->len);
	while (n < many && n < AHEAD && exhaust_peek(cursor, n, work->bytes[n]))
		n++;
	for (size_t i = 0; i < n; i++)
		work->lens[i] = cursor->len;
	judge_ahead(work->judge, work->options->kind, n, work->infos, work->lens);
	return n;
}

/*
 * Judges the buffers of one unit, of those that nobody tells apart one. What is said ahead grows while
 * no place is held that was not: then other buffers come first.
 */
static void judge_unit(struct work *work, uint64_t unit)
{
	struct exhaust_cursor cursor;
	struct sandbox_touched touched;
	size_t ahead = 0, many = 1;

	exhaust_seek(work->space, unit, &cursor);
	do {
		const unsigned int nheld = cursor.nheld;
		uint64_t same;

		if (!ahead)
			ahead = say_ahead(work, &cursor, many);
		ahead--;
		work->job->at = exhaust_index(&cursor);
		judge_next(work->judge, cursor.info, cursor.len, work->options->kind,
			   cursor.first ? NULL : &cursor.changed, &touched);
		same = exhaust_hold(&cursor, &touched);
		count(work, work->job->at, same);
		many = cursor.nheld == nheld && many < AHEAD ? 2 * many : 1;
		if (cursor.nheld != nheld)
			ahead = 0;
	} while (exhaust_step(&cursor));
}

static _Noreturn void work(struct job *job, const struct exhaust_options *options,
			   const struct exhaust_space *space, unsigned int number)
{
	static struct work work;
	const uint64_t total = exhaust_space_count(space), units = exhaust_units(space);

	work = (struct work){.job = job, .options = options, .space = space};
	for (size_t i = 0; i < AHEAD; i++)
		work.infos[i] = work.bytes[i];
	work.judge = judge_new(options->parsers, options->count, job->error, sizeof(job->error));
	if (!work.judge)
		_exit(sandbox_exit());
	work.judge->relate = options->relate;
	sandbox_take_signals();
	for (uint64_t unit = number; !options->whole && unit < units; unit += options->jobs)
		judge_unit(&work, unit);
	for (uint64_t piece = number; options->whole && piece * PIECE < total;
	     piece += options->jobs)
		for (uint64_t index = piece * PIECE; index < (piece + 1) * PIECE && index < total;
		     index += AHEAD)
			judge_each(&work, index, total);
	memcpy(job->result.related, work.judge->related, sizeof(work.judge->related));
	_exit(0);
}

static void draw(const struct exhaust_options *options, const struct job *jobs, uint64_t total,
		 double started)
{
	static const char bar[] = "########################################";
	const double took = now() - started;
	uint64_t done = 0;
	int cells;
	double left;

	for (unsigned int i = 0; i < options->jobs; i++)
		done += jobs[i].done;
	cells = (int)(40 * done / (total ? total : 1));
	left = done ? took * (double)(total - done) / (double)done : 0;
	fprintf(options->progress, "\r%s [%-40.*s] %3d %%, %.0f buffers/s, %.0f s left   ",
		info_kind_name(options->kind), cells, bar, (int)(100 * done / (total ? total : 1)),
		took > 0 ? (double)done / took : 0, left);
	fflush(options->progress);
}

/* What is wrong where job @job ended with @status; 0 where nothing is. */
static int ended(const struct job *job, const struct exhaust_space *space, int status,
		 char *ret_error, size_t size)
{
	uint8_t info[EXHAUST_LEN_MAX];
	int used;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && !job->overflow)
		return 0;
	if (WIFEXITED(status) && job->error[0]) {
		snprintf(ret_error, size, "%s", job->error);
		return WEXITSTATUS(status);
	}
	if (job->overflow) {
		snprintf(ret_error, size, TOO_MANY);
		return 1;
	}
	used = snprintf(ret_error, size, "a job died (%s %d) at this buffer: ",
			WIFSIGNALED(status) ? "signal" : "status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	for (size_t i = 0, len = exhaust_buffer(space, job->at, info); i < len; i++)
		used += snprintf(ret_error + used, size - (size_t)used, "%02x", info[i]);
	return 1;
}

/* Starts the jobs; those that started are in @ret_pids. */
static int start(const struct exhaust_options *options, const struct exhaust_space *space,
		 struct job *jobs, pid_t *ret_pids)
{
	const pid_t parent = getpid();

	fflush(NULL);
	for (unsigned int i = 0; i < options->jobs; i++) {
		ret_pids[i] = fork();
		if (ret_pids[i] < 0)
			return -errno;
		if (ret_pids[i])
			continue;
		/* Nobody waits for a job whose parent is gone. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		work(&jobs[i], options, space, i);
	}
	return 0;
}

/* Waits for all; the first failure counts, and ends the others. */
static int wait_for(const struct exhaust_options *options, const struct exhaust_space *space,
		    const struct job *jobs, const pid_t *pids, char *ret_error, size_t size)
{
	const struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};
	const double started = now();
	unsigned int left = 0;
	bool gone[EXHAUST_JOBS_MAX] = {false};
	int failed = 0, status;

	for (unsigned int i = 0; i < options->jobs; i++)
		left += pids[i] > 0;
	while (left) {
		for (unsigned int i = 0; i < options->jobs; i++) {
			if (pids[i] <= 0 || gone[i] ||
			    waitpid(pids[i], &status, WNOHANG) != pids[i])
				continue;
			gone[i] = true;
			left--;
			if (failed)
				continue;
			failed = ended(&jobs[i], space, status, ret_error, size);
			for (unsigned int other = 0; failed && other < options->jobs; other++)
				if (pids[other] > 0 && !gone[other])
					kill(pids[other], SIGKILL);
		}
		if (options->progress)
			draw(options, jobs, exhaust_space_count(space), started);
		if (left)
			nanosleep(&pause, NULL);
	}
	if (options->progress)
		fputc('\n', options->progress);
	return failed;
}

static int run_jobs(const struct exhaust_options *options, const struct exhaust_space *space,
		    struct job *jobs, struct exhaust_result *sum, char *ret_error, size_t size)
{
	const double started = now();
	pid_t pids[EXHAUST_JOBS_MAX] = {0};
	const int error = start(options, space, jobs, pids);
	int failed;

	for (unsigned int i = 0; error && i < options->jobs; i++)
		if (pids[i] > 0)
			kill(pids[i], SIGKILL);
	failed = wait_for(options, space, jobs, pids, ret_error, size);
	if (error) {
		snprintf(ret_error, size, "cannot start %u jobs: %s; use fewer", options->jobs,
			 strerror(-error));
		return EXIT_ARENA;
	}
	if (failed)
		return failed;
	for (unsigned int i = 0; i < options->jobs; i++)
		if (!exhaust_add(sum, &jobs[i].result)) {
			snprintf(ret_error, size, TOO_MANY);
			return 1;
		}
	exhaust_sort(sum);
	sum->seconds = now() - started;
	return 0;
}

int exhaust_run(const struct exhaust_options *options, struct exhaust_result **ret_result,
		char *ret_error, size_t error_size)
{
	struct exhaust_space *const space = exhaust_space_new(options->kind, options->caps);
	struct exhaust_result *const sum = calloc(1, sizeof(*sum));
	struct job *const jobs = shared(options->jobs * sizeof(*jobs));
	int status = EXIT_ARENA;

	if (space && sum && jobs)
		status = run_jobs(options, space, jobs, sum, ret_error, error_size);
	else
		snprintf(ret_error, error_size, "out of memory for %u jobs; use fewer",
			 options->jobs);
	if (jobs)
		munmap(jobs, options->jobs * sizeof(*jobs));
	exhaust_space_free(space);
	if (status)
		exhaust_result_free(sum);
	else
		*ret_result = sum;
	return status;
}

void exhaust_result_free(struct exhaust_result *result)
{
	free(result);
}

bool exhaust_is_clean(const struct exhaust_result *result)
{
	if (result->buffers == 0)
		return false;
	for (size_t i = 0; i < result->nbuckets; i++)
		if (!result->buckets[i].excused)
			return false;
	return true;
}
