/* SPDX-License-Identifier: MIT */
/*
 * Why libbpf could not load or attach a program: this machine or this process may not, the kernel is too
 * old, or the kernel holds something against the program, which is a bug of ours. Each is told by what
 * was seen of it: the capabilities that this process has, what the verifier said, and for the age
 * whether the kernel knows bpf_loop(). Of files that link libbpf.
 */
#ifndef PARSERS_BPF_REFUSED_H
#define PARSERS_BPF_REFUSED_H

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

enum bpf_refusal {
	BPF_NOT_ALLOWED,
	BPF_TOO_OLD,
	BPF_FAULT_OF_OURS,
};

#define BPF_CAP(name) (UINT64_C(1) << CAP_##name)

/* Whether this process has all of @caps. CAP_SYS_ADMIN stands for the others. */
static inline bool bpf_has_caps(uint64_t caps)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{0, 0, 0}, {0, 0, 0}};
	uint64_t has;

	syscall(SYS_capget, &head, data);
	has = data[0].effective | (uint64_t)data[1].effective << 32;
	return (has & BPF_CAP(SYS_ADMIN)) || (has & caps) == caps;
}

/* The last lines of the log that are not the verifier's statistics. */
static inline const char *bpf_last_words(char *log)
{
	static const char *const statistics[] = {"\nprocessed ", "\nverification time ",
						 "\nstack depth "};
	char *line;

	for (size_t i = 0; i < sizeof(statistics) / sizeof(statistics[0]); i++)
		if ((line = strstr(log, statistics[i])))
			*line = '\0';
	for (size_t len = strlen(log); len && log[len - 1] == '\n'; len--)
		log[len - 1] = '\0';
	line = strrchr(log, '\n');
	return line ? line + 1 : log;
}

/*
 * @error is libbpf's, @log the verifier's (it is cut), @caps what the programs need and @names their
 * names. One line goes to @ret_why.
 */
static inline enum bpf_refusal bpf_why_refused(int error, char *log, uint64_t caps,
					       const char *names, char *ret_why, size_t size)
{
	const bool forbidden = error == -EPERM || error == -EACCES;
	struct utsname kernel;

	/* Without CAP_PERFMON the verifier takes a program to task for what it may do with it. */
	if (forbidden && !bpf_has_caps(caps)) {
		snprintf(ret_why, size, "it needs %s: %s", names,
			 geteuid()
				 ? "run it as root, or setcap it"
				 : "root has not all of that here, as in a container (--cap-add)");
		return BPF_NOT_ALLOWED;
	}
	if (!log[0] && (forbidden || error == -ENOSYS)) {
		snprintf(
			ret_why, size, "bpf() is refused: %s, %s", strerror(-error),
			forbidden
				? "although this process has the capabilities: by a seccomp profile, "
				  "a user namespace or a security module"
				: "by a kernel without BPF, or a container's seccomp profile");
		return BPF_NOT_ALLOWED;
	}
	if (!log[0] && error != -EINVAL) {
		snprintf(ret_why, size, "BPF cannot be used: %s", strerror(-error));
		return BPF_NOT_ALLOWED;
	}
	/* Where not even the smallest program may be loaded, a helper's absence says nothing. */
	if (!log[0] && libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_SOCKET_FILTER, NULL) != 1) {
		snprintf(
			ret_why, size,
			"bpf() is refused: %s, of every program: by a seccomp profile, or a kernel without BPF",
			strerror(-error));
		return BPF_NOT_ALLOWED;
	}
	if (libbpf_probe_bpf_helper(BPF_PROG_TYPE_SOCKET_FILTER, BPF_FUNC_loop, NULL) == 0 &&
	    uname(&kernel) == 0) {
		snprintf(ret_why, size, "Linux %s has no bpf_loop(), which came with 5.17",
			 kernel.release);
		return BPF_TOO_OLD;
	}
	snprintf(ret_why, size, "the kernel refuses the program, a fault of capchain: %s%s%.300s",
		 strerror(-error), log[0] ? ": " : "", bpf_last_words(log));
	return BPF_FAULT_OF_OURS;
}

#endif
