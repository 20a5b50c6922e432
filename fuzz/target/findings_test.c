/* SPDX-License-Identifier: MIT */
/*
 * Tests of findings.c: what a run leaves in its folder, however the run ends.
 *
 * Findings are kept once a process, so every run is a child that judges buffers made up here; the
 * parent then looks at the folder, the child's stderr and how it ended. A child never asserts: it
 * ends with a status of its own where it cannot go on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "findings.h"
#include "../judge/own.h"
#include "../within.h"

/* How often two processes meet over one witness. */
#define MEETINGS 4000

/* Exit statuses of a child that could not set up what it was to test, or was refused a folder. */
#define CANNOT	90
#define REFUSED 5

static char dir[] = "/tmp/findings_test.XXXXXX";

/* One buffer and one parser's verdict on it: a judge as far as findings look at it. */
static struct info_parser parser = {.name = "one"};
static struct spec reference = {
	.class = CLASS_MALFORMED, .verdict = VERDICT_REJECT, .rule = RULE_LOOP};
static size_t readers[] = {0};
static struct judged judged = {.parser = &parser, .spec = &reference};
static struct judge judge = {.kind = INFO_REGION,
			     .spec = &reference,
			     .judged = &judged,
			     .count = 1,
			     .readers = readers,
			     .nreaders = 1};
/* More sets of verdicts than the table of findings.c starts with room for. */
#define MANY 70000
/* A parser's reasons are static strings: each set of verdicts has its own. */
static char reasons[MANY + 2][12];
static uint8_t bytes[256];

/* Sets up @judge: @set stands for a set of verdicts, all bytes are @byte. */
static const struct judge *found(unsigned int set, size_t len, uint8_t byte)
{
	snprintf(reasons[set], sizeof(reasons[set]), "set-%u", set);
	judged.walk.verdict = VERDICT_REJECT;
	judged.walk.reason = reasons[set];
	memset(bytes, byte, sizeof(bytes));
	judge.info = bytes;
	judge.len = len;
	return &judge;
}

/* How a child sets out, where not as its parent: as nobody, or with room for 16 bytes a file. */
enum how { AS_IS, AS_NOBODY, ON_A_FULL_DISK };

struct run {
	int status;
	pid_t pid;
	char errors[8192];
};

static void open_or_exit(const char *folder)
{
	char error[512];

	if (!findings_open(folder, INFO_REGION, &judge, error, sizeof(error)))
		return;
	fprintf(stderr, "%s\n", error);
	_exit(REFUSED);
}

static void set_out(const char *folder, enum how how)
{
	const struct rlimit limit = {16, 16};

	/* cmocka's handlers would go on with the next test. */
	signal(SIGABRT, SIG_DFL);
	/* Root may write anywhere. */
	if (how == AS_NOBODY && geteuid() == 0 && (setgid(65534) || setuid(65534)))
		_exit(CANNOT);
	open_or_exit(folder);
	/* A limit on the size of files stands for a full disk: a write stops halfway. */
	if (how == ON_A_FULL_DISK &&
	    (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &limit)))
		_exit(CANNOT);
}

/* Runs @act in a child that keeps findings in @folder: how it ended, and its stderr. */
static struct run run(void (*act)(void), const char *folder, enum how how)
{
	struct run made = {0};
	size_t used = 0;
	ssize_t got;
	int ends[2];

	fflush(NULL);
	assert_int_equal(pipe(ends), 0);
	made.pid = fork();
	assert_true(made.pid >= 0);
	if (made.pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		set_out(folder, how);
		act();
		_exit(0);
	}
	close(ends[1]);
	while ((got = read(ends[0], made.errors + used, sizeof(made.errors) - 1 - used)) > 0)
		used += (size_t)got;
	close(ends[0]);
	assert_int_equal(waitpid(made.pid, &made.status, 0), made.pid);
	return made;
}

static void assert_fine(const struct run *made)
{
	if (made->status || made->errors[0])
		fail_msg("status %#x, stderr: %s", (unsigned int)made->status, made->errors);
}

static size_t lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static const char *in_dir(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* The witness of @set. */
static const char *witness(unsigned int set)
{
	char name[64];

	snprintf(name, sizeof(name), "sets/region-%016" PRIx64, judge_signature(found(set, 0, 0)));
	return in_dir(name);
}

/* The file at @path has @len bytes, all @byte. */
static void assert_file(const char *path, size_t len, uint8_t byte)
{
	uint8_t got[sizeof(bytes) + 1];
	FILE *const file = fopen(path, "rb");

	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	assert_int_equal(fread(got, 1, sizeof(got), file), len);
	fclose(file);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(got[i], byte);
}

/* How many files are in @name, none of them half written. */
static size_t files_in(const char *name)
{
	DIR *const folder = opendir(in_dir(name));
	const struct dirent *entry;
	size_t n = 0;

	if (!folder)
		fail_msg("%s: %s", in_dir(name), strerror(errno));
	while ((entry = readdir(folder))) {
		assert_null(strstr(entry->d_name, ".tmp"));
		n += entry->d_name[0] != '.';
	}
	closedir(folder);
	return n;
}

static int remove_one(const char *path, const struct stat *what, int type, struct FTW *walk)
{
	(void)what;
	(void)type;
	(void)walk;
	return remove(path);
}

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/findings_test.XXXXXX");
	return mkdtemp(dir) ? chmod(dir, 0755) : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	umount2(dir, MNT_DETACH);
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void keep(const struct judge *seen)
{
	findings_keep(seen, judge_signature(seen));
}

static void keep_one(void)
{
	keep(found(1, 40, 1));
}

static void keep_others(void)
{
	keep(found(1, 41, 2));
	keep(found(1, 40, 3));
	keep(found(2, 200, 4));
	keep(found(2, 64, 5));
	keep(found(2, 64, 6));
	keep(found(2, 100, 7));
	keep(found(3, 0, 0));
	keep(found(3, 1, 8));
}

static void keep_smaller(void)
{
	keep(found(1, 39, 9));
	keep(found(3, 1, 10));
}

/* The smallest stays, in one run and over several; of two as small, the first. */
static void test_only_shrinks(void **state)
{
	struct run made;

	(void)state;
	made = run(keep_one, dir, AS_IS);
	assert_fine(&made);
	assert_int_equal(files_in("sets"), 1);
	assert_file(witness(1), 40, 1);
	made = run(keep_others, dir, AS_IS);
	assert_fine(&made);
	assert_int_equal(files_in("sets"), 3);
	assert_file(witness(1), 40, 1);
	assert_file(witness(2), 64, 5);
	assert_file(witness(3), 0, 0);
	made = run(keep_smaller, dir, AS_IS);
	assert_fine(&made);
	assert_file(witness(1), 39, 9);
	assert_file(witness(3), 0, 0);
	assert_int_equal(files_in("broken"), 0);
	assert_int_equal(files_in("counts"), 3);
}

static void see_many(void)
{
	for (unsigned int set = 1; set <= MANY; set++)
		keep(found(set, 64, 1));
}

/* All are known when they come again, one more is new, and one of the last still shrinks. */
static void see_many_and_keep(void)
{
	see_many();
	open_or_exit(dir);
	see_many();
	keep(found(MANY + 1, 64, 2));
	keep(found(MANY, 63, 3));
}

/* Leaves the process 1 MiB above the highest limit, to a page, at which it gets no page more. */
static void limit_memory(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct rlimit limit = {0, RLIM_INFINITY};
	rlim_t used = 0;

	if (getrlimit(RLIMIT_AS, &limit))
		_exit(CANNOT);
	for (rlim_t bit = (rlim_t)1 << 47; bit >= page; bit /= 2) {
		void *more;

		limit.rlim_cur = used | bit;
		if (setrlimit(RLIMIT_AS, &limit))
			continue;
		more = mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (more == MAP_FAILED)
			used |= bit;
		else
			munmap(more, page);
	}
	limit.rlim_cur = used + (1 << 20);
	if (setrlimit(RLIMIT_AS, &limit))
		_exit(CANNOT);
}

/* The same with memory for as many as fit at first. */
static void see_many_in_little_memory(void)
{
	limit_memory();
	see_many();
	open_or_exit(dir);
	see_many();
	keep(found(1, 63, 3));
}

/* Where the two processes of test_two_runs wait for each other. */
static atomic_uint *arrived;

/* Whether the child @other has ended; 0 stands for none. It stays to be waited for. */
static bool has_ended(pid_t other)
{
	siginfo_t info = {0};

	return other && waitid(P_PID, (id_t)other, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid;
}

static void meet(unsigned int meeting, pid_t other)
{
	atomic_fetch_add(arrived, 1);
	/* To leave at the same moment, spin; but not for long, where there is one processor. */
	for (unsigned int spins = 0; atomic_load(arrived) < 2 * meeting; spins++) {
		if (spins <= 10000)
			continue;
		sched_yield();
		/* It came before it ended, or never will. */
		if (has_ended(other) && atomic_load(arrived) < 2 * meeting)
			_exit(CANNOT);
	}
}

/* The smaller one is now this process', now the other's. */
static void keep_by_turns(unsigned int turn, pid_t other)
{
	open_or_exit(dir);
	for (unsigned int i = 1; i <= MEETINGS; i++) {
		const size_t len = i % 2 == turn ? 40 : 48;

		meet(i, other);
		keep(found(i, len, (uint8_t)len));
	}
}

static void keep_together(void)
{
	const pid_t other = fork();
	int status = -1;

	if (other < 0)
		_exit(CANNOT);
	/* Where this one ends early, the other waits no longer. */
	if (!other && prctl(PR_SET_PDEATHSIG, SIGKILL))
		_exit(CANNOT);
	keep_by_turns(other != 0, other);
	if (!other)
		_exit(0);
	_exit(waitpid(other, &status, 0) == other && status == 0 ? 0 : CANNOT);
}

/* Whoever is late, the smaller one is there in the end. */
static void test_two_runs(void **state)
{
	size_t larger = 0;
	struct run made;

	(void)state;
	arrived = mmap(NULL, sizeof(*arrived), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	assert_ptr_not_equal(arrived, MAP_FAILED);
	made = run(keep_together, NULL, AS_IS);
	assert_fine(&made);
	assert_int_equal(files_in("sets"), MEETINGS);
	for (unsigned int i = 1; i <= MEETINGS; i++) {
		struct stat what;

		assert_int_equal(stat(witness(i), &what), 0);
		larger += what.st_size != 40;
	}
	munmap(arrived, sizeof(*arrived));
	if (larger)
		fail_msg("%zu of %d witnesses are the larger one", larger, MEETINGS);
}

static void keep_three(void)
{
	for (unsigned int set = 1; set <= 3; set++)
		keep(found(set, 64, 1));
}

static struct findings_counts counts_of(pid_t pid)
{
	struct findings_counts counts = {0};
	char name[64];
	FILE *file;

	snprintf(name, sizeof(name), "counts/region-%ld", (long)pid);
	file = fopen(in_dir(name), "rb");
	assert_non_null(file);
	assert_int_equal(fread(&counts, 1, sizeof(counts), file), sizeof(counts));
	assert_int_equal(fgetc(file), EOF);
	fclose(file);
	assert_true(counts.magic == FINDINGS_MAGIC);
	return counts;
}

/* One line names @name in the folder and says what to do; the child ends with its own status. */
static void assert_refused(const struct run *made, const char *name, const char *says)
{
	assert_int_equal(WEXITSTATUS(made->status), REFUSED);
	assert_int_equal(lines(made->errors), 1);
	if (!strstr(made->errors, in_dir(name)) || !strstr(made->errors, says))
		fail_msg("%s", made->errors);
}

static void assert_said_once(const struct run *made)
{
	assert_int_equal(made->status, 0);
	assert_int_equal(lines(made->errors), 1);
	assert_non_null(strstr(made->errors, dir));
	assert_non_null(strstr(made->errors, "make room"));
}

static void test_full_disk(void **state)
{
	struct run made;

	(void)state;
	made = run(keep_three, dir, ON_A_FULL_DISK);
	assert_said_once(&made);
	assert_int_equal(files_in("sets"), 0);
	assert_int_equal(counts_of(made.pid).failed, 3);
	assert_int_equal(counts_of(made.pid).walked, 3);
}

#define JOBS	    4
#define KEPT_BY_JOB 20000

/* What an engine starts anew has nothing of this process but its environment. */
static void start_jobs(void)
{
	pid_t jobs[JOBS];
	int status;

	for (size_t i = 0; i < JOBS; i++) {
		jobs[i] = fork();
		if (jobs[i] < 0)
			_exit(CANNOT);
		if (jobs[i])
			continue;
		open_or_exit(dir);
		for (unsigned int kept = 0; kept < KEPT_BY_JOB; kept++)
			keep(found(1, 64, 1));
		_exit(0);
	}
	for (size_t i = 0; i < JOBS; i++)
		if (waitpid(jobs[i], &status, 0) != jobs[i] || status)
			_exit(CANNOT);
}

/* Jobs that an engine starts count in the file of who started them, each of their walks. */
static void test_one_file_for_all_jobs(void **state)
{
	struct run made;

	(void)state;
	made = run(start_jobs, dir, AS_IS);
	assert_fine(&made);
	assert_int_equal(files_in("counts"), 1);
	assert_int_equal(counts_of(made.pid).walked, JOBS * KEPT_BY_JOB);
	assert_int_equal(counts_of(made.pid).of[0].verdicts[VERDICT_REJECT], JOBS * KEPT_BY_JOB);
	assert_int_equal(counts_of(made.pid).sets, JOBS);
}

/* What the environment names is left alone, where it is none of this folder's counts. */
static void test_no_other_file_is_joined(void **state)
{
	static const char *const names[] = {"/dev/zero", "counts/region-1", "sets/region-1",
					    "counts/region-/../../other", "counts/region-link"};

	(void)state;
	assert_int_equal(mkdir(in_dir("counts"), 0777), 0);
	assert_int_equal(mkdir(in_dir("sets"), 0777), 0);
	assert_int_equal(findings_write(in_dir("counts/region-1"), bytes, 100), 0);
	assert_int_equal(findings_write(in_dir("sets/region-1"), bytes, 100), 0);
	assert_int_equal(findings_write(in_dir("other"), bytes, 100), 0);
	assert_int_equal(symlink("../other", in_dir("counts/region-link")), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct run made;

		setenv("CAPCHAIN_COUNTS", i ? in_dir(names[i]) : names[i], 1);
		made = run(keep_three, dir, AS_IS);
		assert_fine(&made);
		assert_int_equal(counts_of(made.pid).walked, 3);
	}
	unsetenv("CAPCHAIN_COUNTS");
	assert_file(in_dir("counts/region-1"), 100, bytes[0]);
	assert_file(in_dir("other"), 100, bytes[0]);
}

/* However many sets there are, none is dropped. */
static void test_many_sets(void **state)
{
	struct findings_counts counts;
	struct run made;

	(void)state;
	made = run(see_many_and_keep, NULL, AS_IS);
	assert_fine(&made);
	counts = counts_of(made.pid);
	assert_int_equal(counts.walked, MANY + 2);
	assert_int_equal(counts.sets, 1);
	assert_int_equal(files_in("sets"), 2);
	assert_file(witness(MANY + 1), 64, 2);
	assert_file(witness(MANY), 63, 3);
}

/* Those that there is no memory for are counted, and said in one line a folder. */
static void test_many_sets_in_little_memory(void **state)
{
	struct findings_counts counts;
	struct run made;

	(void)state;
	made = run(see_many_in_little_memory, NULL, AS_IS);
	assert_int_equal(made.status, 0);
	assert_int_equal(lines(made.errors), 2);
	assert_non_null(strstr(made.errors, "cannot keep sets of verdicts: "));
	counts = counts_of(made.pid);
	assert_int_equal(counts.walked, MANY + 1);
	assert_int_equal(counts.sets, 0);
	assert_within(counts.failed, 1, MANY - 1);
	assert_int_equal(files_in("sets"), 1);
	assert_file(witness(1), 63, 3);
}

/* Fills the file system that @dir is, to the last byte. */
static void fill_up(void)
{
	static const char zeros[512];
	const int fd = open(in_dir("filler"), O_WRONLY | O_CREAT | O_APPEND, 0600);

	if (fd < 0)
		_exit(CANNOT);
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	close(fd);
}

static void fill_up_and_keep_three(void)
{
	fill_up();
	keep_three();
}

/* The same on a file system that is full, which opening does not survive and keeping does. */
static void test_full_file_system(void **state)
{
	struct run made;

	(void)state;
	if (mount("none", dir, "tmpfs", 0, "size=192k")) {
		print_message("skipped: no small disk to fill, mount(): %s\n", strerror(errno));
		skip();
	}
	made = run(fill_up_and_keep_three, dir, AS_IS);
	assert_said_once(&made);
	assert_int_equal(files_in("sets"), 0);
	assert_int_equal(files_in("counts"), 1);
	made = run(keep_three, dir, AS_IS);
	assert_refused(&made, "counts/", "make room");
	/* A count file that cannot be one is not left for the report to find. */
	assert_int_equal(files_in("counts"), 1);
}

static void test_unwritable(void **state)
{
	FILE *const file = fopen(in_dir("file"), "w");
	struct run made;

	(void)state;
	assert_non_null(file);
	fclose(file);
	made = run(keep_three, in_dir("file"), AS_IS);
	assert_refused(&made, "file", "choose");
	made = run(keep_three, in_dir("none/none"), AS_IS);
	assert_refused(&made, "none/none", "choose");
	assert_int_equal(chmod(dir, 0555), 0);
	made = run(keep_three, dir, AS_NOBODY);
	assert_refused(&made, "sets", "choose");
	assert_int_equal(files_in("."), 1);
	chmod(dir, 0755);
}

static void stop_here(void)
{
	judged.disagreement = ACCEPTS_MALFORMED;
	found(1, 40, 1);
	judged.walk.verdict = VERDICT_OK;
	findings_stop(&judge, &judged);
}

#define BUCKET "one:ok:accepts-malformed:loop"

static const struct judge *with_bucket(enum verdict verdict, enum disagreement disagreement,
				       size_t len, uint8_t byte)
{
	found(1, len, byte);
	judged.disagreement = disagreement;
	judged.walk.verdict = verdict;
	return &judge;
}

/* Of one that joined each bucket counts; of any other those in which it breaks a promise. */
static void go_on(void)
{
	own_parser = &parser;
	findings_go_on(with_bucket(VERDICT_OK, AGREES, 8, 1));
	findings_go_on(with_bucket(VERDICT_OK, ACCEPTS_MALFORMED, 40, 2));
	findings_go_on(with_bucket(VERDICT_OK, ACCEPTS_MALFORMED, 50, 3));
	findings_go_on(with_bucket(VERDICT_OK, ACCEPTS_MALFORMED, 39, 4));
	findings_go_on(with_bucket(VERDICT_ABSENT, ABSENT_FOR_UNREADABLE, 9, 5));
	own_parser = NULL;
	findings_go_on(with_bucket(VERDICT_OK, WRONG_CAPS, 9, 6));
	parser.trust = INFO_HARDENED;
	findings_go_on(with_bucket(VERDICT_REJECT, WRONG_REFUSAL, 9, 7));
}

/* Every engine finds the bucket, as a line of its own, and the end is abort()'s. */
static void assert_stopped(const struct run *made)
{
	assert_true(WIFSIGNALED(made->status));
	assert_int_equal(WTERMSIG(made->status), SIGABRT);
	assert_non_null(strstr(made->errors, "\nAssertion failure: " BUCKET "\n"));
	assert_non_null(strstr(made->errors, "\nDEDUP_TOKEN: " BUCKET "\n"));
}

static void test_stop(void **state)
{
	struct run made;

	(void)state;
	made = run(stop_here, NULL, AS_IS);
	assert_stopped(&made);
	made = run(stop_here, dir, ON_A_FULL_DISK);
	assert_stopped(&made);
	assert_non_null(strstr(made.errors, "make room"));
	assert_int_equal(files_in("broken"), 0);
	made = run(stop_here, dir, AS_IS);
	assert_stopped(&made);
	assert_file(in_dir("broken/region-one_ok_accepts-malformed_loop"), 40, 1);
	assert_non_null(strstr(made.errors, in_dir("broken/region-one_ok_accepts-malformed_loop")));
	assert_int_equal(files_in("broken"), 1);
	/* The command is one line, and one that a shell takes, whatever the folder is called. */
	made = run(stop_here, in_dir("a\n'b"), AS_IS);
	assert_stopped(&made);
	assert_non_null(strstr(made.errors, "explain --kind region $'/tmp/findings_test."));
	assert_non_null(strstr(made.errors, "/a\\012\\'b/broken/region-one_ok_"));
}

static void keep_and_die(void)
{
	keep_three();
	judged.skipped = true;
	reference.class = CLASS_ODD;
	keep(found(3, 65, 1));
	judged.disagreement = FAULT;
	keep(found(3, 65, 1));
	kill(getpid(), SIGKILL);
}

static void test_counts_survive(void **state)
{
	struct findings_counts counts;
	struct run made;

	(void)state;
	made = run(keep_and_die, dir, AS_IS);
	assert_true(WIFSIGNALED(made.status) && WTERMSIG(made.status) == SIGKILL);
	counts = counts_of(made.pid);
	assert_int_equal(counts.parsers, 1);
	assert_int_equal(counts.walked, 5);
	/* The last one differs in its class, which makes it another set. */
	assert_int_equal(counts.sets, 4);
	assert_int_equal(counts.failed, 0);
	assert_int_equal(counts.classes[CLASS_MALFORMED], 3);
	assert_int_equal(counts.classes[CLASS_ODD], 2);
	assert_string_equal(counts.of[0].name, "one");
	assert_int_equal(counts.of[0].verdicts[VERDICT_REJECT], 5);
	assert_int_equal(counts.of[0].disagreements[AGREES], 4);
	assert_int_equal(counts.of[0].disagreements[FAULT], 1);
	assert_int_equal(counts.of[0].skipped, 2);
	assert_int_equal(files_in("sets"), 4);
}

static const struct findings_bucket *counted(const struct findings_counts *counts, const char *name)
{
	for (size_t i = 0; i < FINDINGS_BUCKETS_MAX; i++)
		if (strcmp(counts->buckets[i].name, name) == 0)
			return &counts->buckets[i];
	fail_msg("no row of %s", name);
	return NULL;
}

static void test_go_on(void **state)
{
	static const struct {
		const char *name, *witness;
		uint64_t times, size, breaks;
		uint8_t byte;
	} rows[] = {
		{BUCKET, "buckets/region-one_ok_accepts-malformed_loop", 3, 39, 0, 4},
		{"one:absent:absent-for-unreadable:loop",
		 "buckets/region-one_absent_absent-for-unreadable_loop", 1, 9, 0, 5},
		{"one:reject:wrong-refusal:loop", "buckets/region-one_reject_wrong-refusal_loop", 1,
		 9, 1, 7},
	};
	struct findings_counts counts;
	struct run made;

	(void)state;
	made = run(go_on, dir, AS_IS);
	assert_fine(&made);
	counts = counts_of(made.pid);
	assert_int_equal(files_in("buckets"), 3);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct findings_bucket *const row = counted(&counts, rows[i].name);

		assert_int_equal(row->times, rows[i].times);
		assert_int_equal(row->size, rows[i].size + 1);
		assert_int_equal(row->breaks, rows[i].breaks);
		assert_file(in_dir(rows[i].witness), rows[i].size, rows[i].byte);
	}
}

/* Without a folder nothing is written anywhere. */
static void test_no_folder(void **state)
{
	struct run made;

	(void)state;
	assert_int_equal(chdir(dir), 0);
	made = run(keep_three, NULL, AS_IS);
	assert_fine(&made);
	assert_int_equal(files_in("."), 0);
	assert_int_equal(chdir("/"), 0);
}

static void test_write(void **state)
{
	char name[PATH_MAX + 64];

	(void)state;
	memset(bytes, 1, sizeof(bytes));
	assert_int_equal(findings_write(in_dir("a"), bytes, 100), 0);
	assert_file(in_dir("a"), 100, 1);
	assert_int_equal(findings_write(in_dir("a"), bytes, 3), 0);
	assert_file(in_dir("a"), 3, 1);
	assert_int_equal(findings_write(in_dir("none/a"), bytes, 3), -ENOENT);
	/* A folder is not replaced, and nothing lies beside it. */
	assert_int_equal(findings_write(dir, bytes, 3), -EISDIR);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(findings_write(name, bytes, 3), -ENAMETOOLONG);
	assert_int_equal(files_in("."), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_only_shrinks, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_two_runs, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_one_file_for_all_jobs, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_no_other_file_is_joined, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_many_sets, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_many_sets_in_little_memory, make_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(test_full_disk, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_full_file_system, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_unwritable, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_stop, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_go_on, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_counts_survive, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_no_folder, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_write, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
