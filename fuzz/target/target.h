/* SPDX-License-Identifier: MIT */
/* What an engine's main drives: libFuzzer's two entry points, for every engine. */
#ifndef FUZZ_TARGET_TARGET_H
#define FUZZ_TARGET_TARGET_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Runs the target on every file named, folders wholly; the exit status of a stand-alone run. */
int target_run_files(int count, char *const paths[]);

#endif
