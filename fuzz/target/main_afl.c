/* SPDX-License-Identifier: MIT */
/*
 * main under AFL++: persistent, test cases through shared memory. Set-up happens in a constructor,
 * before the fork server, so that every exec runs the same code: stability is 100 %. With arguments
 * it replays files, as the stand-alone program does.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "target.h"

__AFL_FUZZ_INIT();

static __attribute__((constructor)) void set_up(void)
{
	LLVMFuzzerInitialize(NULL, NULL);
}

int main(int argc, char **argv)
{
	const unsigned char *buffer;

	if (argc > 1)
		return target_run_files(argc - 1, argv + 1);
	__AFL_INIT();
	/* Between execs it is stopped: who kills AFL++ would leave it so for ever. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	buffer = __AFL_FUZZ_TESTCASE_BUF;
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wshorten-64-to-32" /* inside AFL++'s own macro */
	while (__AFL_LOOP(100000))
		LLVMFuzzerTestOneInput(buffer, (size_t)__AFL_FUZZ_TESTCASE_LEN);
#pragma clang diagnostic pop
	return 0;
}
