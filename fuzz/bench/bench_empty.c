/* SPDX-License-Identifier: MIT */
/* The target that does nothing: what an engine itself costs. `make bench` divides by it. */
#include "../target/target.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)data;
	(void)size;
	return 0;
}
