/* SPDX-License-Identifier: MIT */
/* main of the stand-alone replay program: fuzz_KIND_info FILE|FOLDER... */
#include "target.h"

int main(int argc, char **argv)
{
	LLVMFuzzerInitialize(&argc, &argv);
	return target_run_files(argc - 1, argv + 1);
}
