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

/* Numbers that a job takes at a time; job n takes every jobs-th piece, from the n-th on. */
#define PIECE 4096

/* Buffers that a job makes at a time. */
#define AHEAD 256

/* What a job and its parent share. */
struct job {
	volatile uint64_t done;
	volatile uint64_t at; /* the buffer it is at */
	bool overflow;	      /* there was no room for a set or a bucket */
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

static bool is_smaller(const struct exhaust_group *a, const struct exhaust_group *b)
{
	return a->len < b->len || (a->len == b->len && a->index < b->index);
}

/* Adds the buffers of @from; true where its smallest is now the smallest. */
static bool add_group(struct exhaust_group *to, const struct exhaust_group *from)
{
	const bool first = to->buffers == 0 || is_smaller(from, to);

	to->buffers += from->buffers;
	if (first) {
		to->index = from->index;
		to->len = from->len;
	}
	return first;
}

/*
 * The entry of @signature in the table of a job, made where it is new; NULL where there is no room.
 */
static struct exhaust_set *find_set(struct exhaust_result *result, uint64_t signature)
{
	for (uint64_t probe = 0; probe < EXHAUST_SETS_MAX; probe++) {
		struct exhaust_set *const set =
			&result->sets[(signature + probe) % EXHAUST_SETS_MAX];

		if (set->group.buffers && set->signature != signature)
			continue;
		set->signature = signature;
		return set;
	}
	return NULL;
}

/* The same of a broken promise; @key stands for all that its name and its excuse depend on. */
static struct exhaust_bucket *find_bucket(struct exhaust_result *result, uint64_t key)
{
	for (uint64_t probe = 0; probe < EXHAUST_BUCKETS_MAX; probe++) {
		struct exhaust_bucket *const bucket =
			&result->buckets[(key + probe) % EXHAUST_BUCKETS_MAX];

		if (bucket->group.buffers && bucket->key != key)
			continue;
		bucket->key = key;
		return bucket;
	}
	return NULL;
}

static void count_broken(struct job *job, const struct judged *judged, uint64_t who,
			 const struct exhaust_group *buffer)
{
	uint64_t key = info_hash(INFO_HASH_START, who);
	struct exhaust_bucket *bucket;

	key = info_hash(key, (uint64_t)judged->walk.verdict << 32 | judged->disagreement);
	key = info_hash(key, (uint64_t)judged->relation << 32 | judged->spec->verdict);
	key = info_hash(key, (uint64_t)judged->spec->notes << 32 | judged->spec->rule);
	for (const char *at = judged->walk.no_answer; at && *at; at++)
		key = info_hash(key, (unsigned char)*at);
	bucket = find_bucket(&job->result, key);
	if (!bucket) {
		job->overflow = true;
		return;
	}
	if (bucket->group.buffers == 0) {
		judged_bucket(judged, bucket->name);
		bucket->excused = judged_excuse(judged) != NULL;
		bucket->notes = judged->spec->notes;
	}
	add_group(&bucket->group, buffer);
}

/* Counts what @judge found of buffer @index. */
static void count(struct job *job, const struct judge *judge, uint64_t index)
{
	const struct exhaust_group buffer = {1, index, (uint32_t)judge->len};
	struct exhaust_set *const set = find_set(&job->result, judge_signature(judge));

	if (set)
		add_group(&set->group, &buffer);
	else
		job->overflow = true;
	job->result.buffers++;
	job->result.classes[judge->spec->class]++;
	if (judged_breaks(&judge->reference))
		count_broken(job, &judge->reference, judge->count, &buffer);
	for (size_t r = 0; r < judge->nreaders; r++) {
		const struct judged *const judged = &judge->judged[judge->readers[r]];
		struct exhaust_parser *const parser = &job->result.parsers[judge->readers[r]];

		parser->disagreements[judged->disagreement]++;
		parser->policies += judged->policy;
		parser->skipped += judged->skipped;
		parser->abstained += judged->walk.verdict == VERDICT_ABSTAIN;
		parser->unstable += judged->relation != RELATION_NONE;
		if (judged_breaks(judged))
			count_broken(job, judged, judge->readers[r], &buffer);
	}
}

/* Judges up to AHEAD buffers from @first on. */
static void judge_some(struct job *job, struct judge *judge, const struct exhaust_space *space,
		       uint64_t first, uint64_t total, enum info_kind kind)
{
	static uint8_t bytes[AHEAD][EXHAUST_LEN_MAX];
	static const uint8_t *infos[AHEAD];
	static uint32_t lens[AHEAD];
	const size_t many = total - first < AHEAD ? (size_t)(total - first) : AHEAD;

	for (size_t i = 0; i < many; i++) {
		infos[i] = bytes[i];
		lens[i] = (uint32_t)exhaust_buffer(space, first + i, bytes[i]);
	}
	judge_ahead(judge, kind, many, infos, lens);
	for (size_t i = 0; i < many; i++) {
		job->at = first + i;
		judge_read(judge, bytes[i], lens[i], kind);
		count(job, judge, first + i);
		job->done++;
	}
}

static _Noreturn void work(struct job *job, const struct exhaust_options *options,
			   const struct exhaust_space *space, unsigned int number)
{
	const uint64_t total = exhaust_space_count(space);
	struct judge *const judge =
		judge_new(options->parsers, options->count, job->error, sizeof(job->error));

	if (!judge)
		_exit(sandbox_exit());
	judge->relate = options->relate;
	sandbox_take_signals();
	for (uint64_t piece = number; piece * PIECE < total; piece += options->jobs)
		for (uint64_t index = piece * PIECE; index < (piece + 1) * PIECE && index < total;
		     index += AHEAD)
			judge_some(job, judge, space, index, total, options->kind);
	memcpy(job->result.related, judge->related, sizeof(judge->related));
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
		snprintf(ret_error, size,
			 "more sets of verdicts or broken promises than can be kept");
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

static int by_size(const void *a, const void *b)
{
	const struct exhaust_set *const first = a, *const second = b;

	return is_smaller(&first->group, &second->group) ? -1 : 1;
}

static int by_name(const void *a, const void *b)
{
	const struct exhaust_bucket *const first = a, *const second = b;
	const int order = strcmp(first->name, second->name);

	return order ? order : (int)first->excused - (int)second->excused;
}

/* Adds the numbers of @from, and its sets to the table of @to. */
static bool add_counts(struct exhaust_result *to, const struct exhaust_result *from)
{
	to->buffers += from->buffers;
	for (size_t i = 0; i < BUFFER_CLASSES; i++)
		to->classes[i] += from->classes[i];
	for (size_t i = 0; i < RELATIONS; i++)
		to->related[i] += from->related[i];
	for (size_t i = 0; i < INFO_PARSERS_MAX; i++) {
		struct exhaust_parser *const sum = &to->parsers[i];

		for (size_t n = 0; n < DISAGREEMENTS; n++)
			sum->disagreements[n] += from->parsers[i].disagreements[n];
		sum->policies += from->parsers[i].policies;
		sum->unstable += from->parsers[i].unstable;
		sum->skipped += from->parsers[i].skipped;
		sum->abstained += from->parsers[i].abstained;
	}
	for (size_t i = 0; i < EXHAUST_SETS_MAX; i++) {
		struct exhaust_set *set;

		if (!from->sets[i].group.buffers)
			continue;
		set = find_set(to, from->sets[i].signature);
		if (!set)
			return false;
		add_group(&set->group, &from->sets[i].group);
	}
	return true;
}

/* Adds the buckets of @from to the list of @to, by name: keys are finer than names. */
static bool add_buckets(struct exhaust_result *to, const struct exhaust_result *from)
{
	for (size_t i = 0; i < EXHAUST_BUCKETS_MAX; i++) {
		const struct exhaust_bucket *const bucket = &from->buckets[i];
		struct exhaust_bucket *known = to->buckets;

		if (!bucket->group.buffers)
			continue;
		while (known < to->buckets + to->nbuckets &&
		       (known->excused != bucket->excused || strcmp(known->name, bucket->name)))
			known++;
		if (known == to->buckets + EXHAUST_BUCKETS_MAX)
			return false;
		if (known == to->buckets + to->nbuckets) {
			*known = *bucket;
			to->nbuckets++;
		} else if (add_group(&known->group, &bucket->group)) {
			known->notes = bucket->notes;
		}
	}
	return true;
}

static bool add_up(const struct exhaust_options *options, const struct job *jobs,
		   struct exhaust_result *sum)
{
	size_t kept = 0;

	for (unsigned int i = 0; i < options->jobs; i++)
		if (!add_counts(sum, &jobs[i].result) || !add_buckets(sum, &jobs[i].result))
			return false;
	for (size_t i = 0; i < EXHAUST_SETS_MAX; i++)
		if (sum->sets[i].group.buffers)
			sum->sets[kept++] = sum->sets[i];
	sum->nsets = kept;
	qsort(sum->sets, sum->nsets, sizeof(*sum->sets), by_size);
	qsort(sum->buckets, sum->nbuckets, sizeof(*sum->buckets), by_name);
	return true;
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
	if (!add_up(options, jobs, sum)) {
		snprintf(ret_error, size,
			 "more sets of verdicts or broken promises than can be kept");
		return 1;
	}
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
