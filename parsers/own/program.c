/* SPDX-License-Identifier: MIT */
/*
 * What scripts/clients/replay-with.py takes, around an adapter: cc program.c my/copy.c, in a folder
 * from which `capchain/parser.h` is found. It gets a kind and a file, and prints what the parser
 * says of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capchain/parser.h"

static struct info_cap taken[INFO_LEN_MAX];
static size_t ntaken;

void walk_deliver(struct walk *walk, const struct info_cap *cap)
{
	(void)walk;
	if (ntaken < INFO_LEN_MAX)
		taken[ntaken++] = *cap;
}

int main(int argc, char **argv)
{
	static const char *const words[] = {"ok", "absent", "truncated", "reject", "abstain"};
	static const char *const kinds[] = {"device", "region", "iommu"};
	static uint8_t bytes[INFO_LEN_MAX];
	FILE *const file = argc == 3 ? fopen(argv[2], "rb") : NULL;
	struct info_answer said;
	uint8_t *info;
	size_t len;
	int kind = 0;

	while (kind < 2 && argc > 1 && strcmp(argv[1], kinds[kind]) != 0)
		kind++;
	if (!file)
		return 2;
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	/* Memory of exactly that size: AddressSanitizer sees a load past it. */
	info = malloc(len);
	if (len)
		memcpy(info, bytes, len);
	if (!capchain_parser.reads[kind].ids) {
		puts("abstain");
		return 0;
	}
	said = capchain_parser.read(NULL, info, (uint32_t)len, (enum info_kind)kind);
	puts(words[said.verdict <= VERDICT_ABSTAIN ? said.verdict : VERDICT_ABSTAIN]);
	for (size_t i = 0; i < ntaken; i++)
		printf("cap %u %u %u\n", taken[i].offset, taken[i].id, taken[i].version);
	return 0;
}
