/* SPDX-License-Identifier: MIT */
/*
 * `capchain run` behind its command line. The program first gets good replies. Where it does not end
 * by itself with those, or asks for no INFO at all, whatever it does with others would say nothing,
 * and is not reported.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../client/apart.h"
#include "../target/file.h"
#include "cmd.h"
#include "run.h"

/* What all runs of one command line share. @asked: which INFO the good one asked for. */
struct work {
	const struct run_options *o;
	struct fake fake;
	/* Of `serve`, its socket; of both, who good replies are of. */
	struct vu_listen *listen;
	enum reply_rule rule;
	int input;
	struct supervised good, run;
	bool asked[CALLS];
};

/* Whether the good run proves that the program gets as far as its INFO, and back. */
static int check_good(const struct run_options *o, const struct supervised *good)
{
	char words[128];

	if (good->outcome == OUTCOME_EXIT && good->info < CALLS)
		return 0;
	run_words(good, words, sizeof(words));
	fprintf(stderr, "capchain: %s: %s with good replies%s; nothing is said of others\n",
		file_word(o->command[0]), words,
		good->info < CALLS || good->outcome == OUTCOME_IDLE ? ""
		: o->socket ? ", without a VFIO INFO message to the socket"
			    : ", without any VFIO INFO call");
	return EXIT_UNUSABLE;
}

static int no_memory(void)
{
	fprintf(stderr, "capchain: %s\n", strerror(ENOMEM));
	return EXIT_UNUSABLE;
}

static int run_good(struct work *w)
{
	struct vfio vfio = {0};
	struct replies plain = {0};
	int status = replies_fill(&plain, w->rule) ? no_memory() : 0;

	if (!status)
		status = run_once(w->o, &w->fake, w->listen, &vfio, &plain, w->input,
				  "good replies", &w->good);
	if (!status)
		status = check_good(w->o, &w->good);
	for (size_t i = 0; i < CALLS; i++)
		w->asked[i] = vfio.calls[i].calls > 0;
	vfio_forget(&vfio);
	replies_free(&plain);
	return status;
}

static struct run_report report_of(const struct work *w, const struct vfio *vfio)
{
	return (struct run_report){w->o->no_good ? NULL : &w->good,
				   &w->run,
				   vfio,
				   w->listen,
				   w->o->options,
				   w->o->options_end,
				   w->o->command};
}

static int run_these(struct work *w)
{
	struct replies replies = {0};
	struct vfio vfio = {0};
	const struct run_report report = report_of(w, &vfio);
	int status = run_add_all(&replies, w->o);

	if (!status && replies_fill(&replies, w->rule))
		status = no_memory();
	/* So that what cannot be read is said before COMMAND does anything. */
	if (!status && !w->o->no_good)
		status = run_good(w);
	if (!status)
		status = run_once(w->o, &w->fake, w->listen, &vfio, &replies, w->input,
				  w->o->no_good ? NULL : "these replies", &w->run);
	if (!status && w->o->json)
		put_json(run_json(&report));
	else if (!status)
		run_print(&report);
	if (!status && run_is_faulty(&report))
		status = EXIT_FOUND;
	vfio_forget(&vfio);
	replies_free(&replies);
	return status;
}

/* What became of the files of --each. */
enum { EACH_MAPS = OUTCOMES, EACH_UNUSABLE, EACH_NOT_ASKED, EACH_COUNTS };

static const char *each_name(size_t what)
{
	static const char *const names[] = {"maps", "unusable", "not asked for"};

	return what < OUTCOMES ? outcome_name((enum outcome)what) : names[what - OUTCOMES];
}

/* The words of the command line with @list's option and @path in place of --each and its folder. */
static char **options_for(const struct run_options *o, char *list, char *path)
{
	const size_t count = (size_t)(o->options_end - o->options);
	char **const words = calloc(count + 3, sizeof(*words)), **to = words;
	char *const *const last = o->each_word;
	/* --each DIR are two words, --each=DIR is one. */
	char *const *const first = *last == o->each ? last - 1 : last;

	for (char *const *word = o->options; words && word < o->options_end; word++) {
		if (word == first) {
			*to++ = list;
			*to++ = path;
		}
		if (word < first || word > last)
			*to++ = *word;
	}
	return words;
}

static void say_each(const struct run_report *report, const char *path)
{
	char words[128], *const shown = path_shown(path, "");
	json_t *json;

	if (report->options) {
		json = run_json(report);
		json_object_set_new(json, "file", json_string(shown ? shown : "?"));
		put_json(json);
	} else {
		run_words(report->run, words, sizeof(words));
		printf("%s: %s%s\n", shown ? shown : "?", words, run_maps_words(report));
	}
	free(shown);
}

/* One file; what became of it is counted. Nonzero: an exit status with which all ends. */
static int run_file(struct work *w, char *path, size_t counts[EACH_COUNTS])
{
	struct replies replies = {0};
	struct vfio vfio = {0};
	struct run_report report = report_of(w, &vfio);
	char name[64] = "--", *const shown = path_shown(path, "");
	char **words = NULL;
	size_t list;
	int status = 0;

	if (run_add_of_kind(&replies, path, w->o->reading, &list)) {
		counts[EACH_UNUSABLE]++;
	} else if (list == LISTS || (!w->o->no_good && !w->asked[list])) {
		counts[EACH_NOT_ASKED]++;
	} else {
		status = replies_fill(&replies, w->rule)
				 ? no_memory()
				 : run_once(w->o, &w->fake, w->listen, &vfio, &replies, w->input,
					    shown, &w->run);
		vfio_calls_name(list, name + 2, sizeof(name) - 2);
		/* "region 0" */
		name[2 + strcspn(name + 2, " ")] = '\0';
		words = w->o->json ? options_for(w->o, name, path) : NULL;
		report.options = words;
		report.options_end = NULL;
		if (!status && w->o->json && !words)
			status = no_memory();
		if (!status) {
			say_each(&report, path);
			counts[w->run.outcome == OUTCOME_EXIT && run_is_faulty(&report)
				       ? EACH_MAPS
				       : (size_t)w->run.outcome]++;
		}
	}
	free(words);
	free(shown);
	vfio_forget(&vfio);
	replies_free(&replies);
	return status;
}

static void say_counts(const struct run_options *o, size_t nfiles, const size_t counts[EACH_COUNTS])
{
	json_t *const json = json_pack("{s:I}", "files", (json_int_t)nfiles);

	if (!o->json)
		printf("%zu files:", nfiles);
	for (size_t i = 0, said = 0; i < EACH_COUNTS; i++) {
		json_object_set_new(json, each_name(i), json_integer((json_int_t)counts[i]));
		if (!o->json && counts[i])
			printf("%s %zu %s", said++ ? "," : "", counts[i], each_name(i));
	}
	if (o->json)
		put_json(json_pack("{s:o}", "summary", json));
	else
		putchar('\n');
	if (!o->json)
		json_decref(json);
}

static int run_each(struct work *w)
{
	char *const folder = strdup(w->o->each);
	size_t counts[EACH_COUNTS] = {0}, nfiles = 0, fine;
	char **files = NULL;
	int status =
		folder ? inputs_find(1, (char *const[]){folder}, &files, &nfiles) : no_memory();

	if (!status && nfiles == 0) {
		fprintf(stderr, "capchain: %s: holds no file that could be a reply\n",
			file_word(w->o->each));
		status = EXIT_UNUSABLE;
	}
	if (!status && !w->o->no_good)
		status = run_good(w);
	for (size_t i = 0; i < nfiles && !status; i++)
		status = run_file(w, files[i], counts);
	if (!status) {
		say_counts(w->o, nfiles, counts);
		fine = counts[OUTCOME_EXIT] + counts[EACH_NOT_ASKED];
		/* Nothing that was played says nothing. */
		status = counts[EACH_UNUSABLE] || counts[EACH_NOT_ASKED] == nfiles ? EXIT_UNUSABLE
			 : fine < nfiles					   ? EXIT_FOUND
										   : EXIT_FINE;
	}
	inputs_free(files, nfiles);
	free(folder);
	return status;
}

/* Makes the socket of `serve`. Returns 0, or an exit status after one line. */
static int open_socket(struct work *w)
{
	static struct vu_listen listener;
	const int status = vu_listen_open(&listener, w->o->socket);

	w->rule = REPLY_VFIO_USER;
	w->listen = &listener;
	if (!status)
		return 0;
	fprintf(stderr, "capchain: --socket %s: %s%s\n", file_word(w->o->socket), strerror(-status),
		status == -EADDRINUSE ? "; remove it, or name another" : "");
	return EXIT_UNUSABLE;
}

int run_work(const struct run_options *o)
{
	static struct work w;
	const char *failed;
	int status;

	w.o = o;
	/* One run may have it as it is. */
	w.input = o->no_good ? -1 : run_keep_input(o->limits.idle_s);
	if (w.input == -2)
		return EXIT_UNUSABLE;
	/* What is written to nobody must not keep the folder from being removed. */
	signal(SIGPIPE, SIG_IGN);
	status = o->socket ? open_socket(&w) : 0;
	if (status)
		return status;
	status = fake_open(o->ids, &w.fake, &failed);
	if (status) {
		fprintf(stderr, "capchain: the fake device takes %s: %s%s\n", failed,
			strerror(-status),
			status == -EFBIG ? "; `ulimit -f` has to be unlimited" : "");
		status = EXIT_MISSING;
	} else {
		status = o->each ? run_each(&w) : run_these(&w);
	}
	fake_close(&w.fake);
	if (w.listen)
		vu_listen_close(w.listen);
	return status;
}
