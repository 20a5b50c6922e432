/* SPDX-License-Identifier: MIT */
/*
 * Every loop against the same twelve scripted producers, which answer as no honest one does (but
 * the first). fetch_test.c holds what the table must show: no fault in any cell of the loop
 * `fetch`, and in each column something that a real loop does.
 */
#ifndef FUZZ_FETCH_TABLE_H
#define FUZZ_FETCH_TABLE_H

#include <stdio.h>

#include "fetch_judge.h"

#define TABLE_SCRIPTS 12

/* "always +8". */
const char *fetch_table_name(size_t column);

/* The input of @column about @kind: its bytes are in @ret_bytes (TABLE_BYTES); returns how many. */
#define TABLE_BYTES 1024
size_t fetch_table_script(size_t column, enum info_kind kind, uint8_t ret_bytes[TABLE_BYTES]);

/*
 * Prints a line for each loop and kind, with a column for each producer: the loop's verdict, and
 * the rule or reason. A peer's client abstains where it would fault.
 */
void fetch_table_print(FILE *out, struct judge *judge);

#endif
