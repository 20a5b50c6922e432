/* SPDX-License-Identifier: MIT */
/*
 * Tests of chain.c and of the text form: text_test [DIRECTORY...]
 *
 *   defaults  what a text leaves out, compared with the same buffer said in full
 *   errors    one bad text each, with its whole error line
 *   reading   chains that chain_read() takes from buffers, and where it stops
 *   trips     bytes -> chain -> text -> chain -> bytes, exact: pathological buffers, 20000 noisy
 *             ones, and every file in the directories given (names start with a kind and a dash)
 *   noise     damaged texts: each gives a chain or one clean error line
 *
 * When a trip fails, its buffer is printed as hex; `raw: [{at: 0, hex: "..."}]` is that buffer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Noisy buffers are shorter than this, and there are that many; damaged texts too. */
#define NOISE_LEN   300u
#define NOISE_COUNT 20000u
#define DAMAGED	    5000u

static char **directories;

static uint64_t random_state;

/* xorshift64*: the same numbers in every run. */
static uint32_t random_below(uint32_t limit)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1du) >> 32) % limit;
}

static uint8_t random_byte(void)
{
	return (uint8_t)random_below(256);
}

static void load(const char *text, struct chain *ret_chain)
{
	char error[TEXT_ERROR_SIZE] = "";

	if (text_load("t", text, strlen(text), ret_chain, error))
		fail_msg("%s\n%s", error, text);
}

static char *dump(const struct chain *chain)
{
	char *text;
	size_t size;
	FILE *const out = open_memstream(&text, &size);

	assert_non_null(out);
	text_dump(out, chain);
	assert_false(ferror(out));
	assert_int_equal(fclose(out), 0);
	return text;
}

/* The bytes of a chain, in memory that ends where they end. */
static uint8_t *bytes_of(const struct chain *chain)
{
	uint8_t *const bytes = malloc(chain->len);

	assert_true(bytes || !chain->len);
	chain_write(chain, bytes);
	return bytes;
}

static void assert_bytes(const char *what, const uint8_t *bytes, const uint8_t *again, size_t len)
{
	if (!len || memcmp(bytes, again, len) == 0)
		return;
	print_error("%s: %zu bytes: ", what, len);
	for (size_t i = 0; i < len; i++)
		print_error("%02x", bytes[i]);
	fail_msg("%s: not the same bytes again", what);
}

/* The chain as chain_read() gives it, text of it, and text of what that text says. */
static void trip_chain(const char *what, const struct chain *chain)
{
	uint8_t *const bytes = bytes_of(chain);
	char *const text = dump(chain);
	struct chain loaded;
	char *text_again;
	uint8_t *again;

	load(text, &loaded);
	assert_int_equal(loaded.kind, chain->kind);
	assert_int_equal(loaded.len, chain->len);
	assert_int_equal(loaded.ncaps, chain->ncaps);
	again = bytes_of(&loaded);
	assert_bytes(what, bytes, again, chain->len);
	text_again = dump(&loaded);
	assert_string_equal(text, text_again);
	free(text);
	free(text_again);
	free(bytes);
	free(again);
	chain_free(&loaded);
}

static void trip(const char *what, const uint8_t *bytes, size_t len, enum info_kind kind)
{
	uint8_t *const exact = malloc(len);
	struct chain chain;
	uint8_t *again;

	assert_true(exact || !len);
	if (len)
		memcpy(exact, bytes, len);
	assert_int_equal(chain_read(exact, len, kind, &chain), 0);
	assert_int_equal(chain.kind, kind);
	assert_int_equal(chain.len, len);
	again = bytes_of(&chain);
	assert_bytes(what, exact, again, len);
	trip_chain(what, &chain);
	free(exact);
	free(again);
	chain_free(&chain);
}

/* A text and the same buffer said in full, as text_dump() says it. */
struct said {
	const char *name;
	const char *text;
	const char *full;
};

/* Buffers whose argsz is their len, given as strings; @rest is what follows the fixed fields. */
#define DEVICE(len, fill, flags, cap_offset, rest)                                                 \
	"kind: device\nlen: " len "\nfill: " fill "\ninfo:\n  argsz: " len "\n  flags: " flags     \
	"\n  num_regions: 0\n  num_irqs: 0\n  cap_offset: " cap_offset "\n  pad: 0\n" rest
#define REGION(len, fill, flags, cap_offset, rest)                                                 \
	"kind: region\nlen: " len "\nfill: " fill "\ninfo:\n  argsz: " len "\n  flags: " flags     \
	"\n  index: 0\n  cap_offset: " cap_offset "\n  size: 0\n  offset: 0\n" rest
#define IOMMU(len, fill, flags, cap_offset, rest)                                                  \
	"kind: iommu\nlen: " len "\nfill: " fill "\ninfo:\n  argsz: " len "\n  flags: " flags      \
	"\n  iova_pgsizes: 0\n  cap_offset: " cap_offset "\n  pad: 0\n" rest

static const struct said said[] = {
	{"defaults: device", "kind: device", DEVICE("24", "0", "0", "0", "")},
	{"defaults: region", "kind: \"region\"", REGION("32", "0", "0", "0", "")},
	{"defaults: iommu", "{kind: iommu, info: {}, caps: [], raw: []}",
	 IOMMU("24", "0", "0", "0", "")},
	{"defaults: argsz is len, where len is given", "{kind: device, len: 16}",
	 "kind: device\nlen: 16\nfill: 0\ninfo:\n  argsz: 16\n  flags: 0\n"
	 "  num_regions: 0\n  num_irqs: 0\n  cap_offset: 0  # past len\n  pad: 0  # past len\n"},
	{"defaults: len holds the overlays", "{kind: region, raw: [{at: 0x28, hex: \"aB\"}]}",
	 REGION("48", "0", "0", "0",
		"raw:\n"
		"  - {at: 40, hex: \"ab\"}\n")},
	{"defaults: a device capability", "{kind: device, caps: [{id: PCI_ATOMIC_COMP}]}",
	 DEVICE("40", "0", "[CAPS]", "24",
		"caps:\n"
		"  - at: 24\n    id: PCI_ATOMIC_COMP\n    version: 1\n    next: 0\n"
		"    flags: 0\n    reserved: 0\n")},
	{"defaults: at, next and counts of a region's capabilities",
	 "kind: region\n"
	 "caps:\n"
	 "  - {id: 3}\n"
	 "  - id: SPARSE_MMAP\n"
	 "    areas: [{offset: 0, size: 0x1000}, {size: 4096, offset: 8192}]\n"
	 "  - {id: 3, at: 128}\n"
	 "  - {id: 0x4d}\n",
	 REGION("144", "0", "[CAPS]", "32",
		"caps:\n"
		"  - at: 32\n    id: MSIX_MAPPABLE\n    version: 1\n    next: 40\n"
		"  - at: 40\n    id: SPARSE_MMAP\n    version: 1\n    next: 128\n"
		"    nr_areas: 2\n    reserved: 0\n    areas:\n"
		"      - {offset: 0, size: 0x1000}\n      - {offset: 0x2000, size: 0x1000}\n"
		"  - at: 128\n    id: MSIX_MAPPABLE\n    version: 1\n    next: 136\n"
		"  - at: 136\n    id: 77\n    version: 1\n    next: 0\n")},
	{"defaults: at is rounded up to 8, string sizes",
	 "{kind: device, caps: [{id: ZPCI_UTIL, util_str: \"0102fF\"}, {id: ZPCI_PFIP}]}",
	 DEVICE("56", "0", "[CAPS]", "24",
		"caps:\n"
		"  - at: 24\n    id: ZPCI_UTIL\n    version: 1\n    next: 40\n"
		"    size: 3\n    util_str: \"0102ff\"\n"
		"  - at: 40\n    id: ZPCI_PFIP\n    version: 1\n    next: 0\n    size: 0\n")},
	{"defaults: cap_offset and next follow `at`, backward too",
	 "{kind: iommu, caps: [{at: 40, id: DMA_AVAIL, avail: 7}, {at: 24, id: DMA_AVAIL}]}",
	 IOMMU("56", "0", "[CAPS]", "40",
	       "caps:\n"
	       "  - at: 40\n    id: DMA_AVAIL\n    version: 1\n    next: 24\n    avail: 7\n"
	       "  - at: 24\n    id: DMA_AVAIL\n    version: 1\n    next: 0\n    avail: 0\n")},
	{"versions: version 1 lacks what version 2 added",
	 "{kind: device, caps: [{id: ZPCI_BASE, gid: 255}, {id: ZPCI_BASE, version: 2, fh: 9},"
	 " {id: ZPCI_BASE, version: 0}]}",
	 DEVICE("104", "0", "[CAPS]", "24",
		"caps:\n"
		"  - at: 24\n    id: ZPCI_BASE\n    version: 1\n    next: 56\n"
		"    start_dma: 0\n    end_dma: 0\n    pchid: 0\n    vfn: 0\n    fmb_length: 0\n"
		"    pft: 0\n    gid: 255\n"
		"  - at: 56\n    id: ZPCI_BASE\n    version: 2\n    next: 96\n"
		"    start_dma: 0\n    end_dma: 0\n    pchid: 0\n    vfn: 0\n    fmb_length: 0\n"
		"    pft: 0\n    gid: 0\n    fh: 9\n"
		"  - at: 96\n    id: ZPCI_BASE\n    version: 0\n    next: 0\n")},
	{"versions: a newer version is laid out as the newest, payload_version is a field",
	 "{kind: device, caps: [{id: ZPCI_GROUP, version: 9, payload_version: 3, imaxstbl: 5}]}",
	 DEVICE("72", "0", "[CAPS]", "24",
		"caps:\n"
		"  - at: 24\n    id: ZPCI_GROUP\n    version: 9\n    next: 0\n"
		"    dasm: 0\n    msi_addr: 0\n    flags: 0\n    mui: 0\n    noi: 0\n    maxstbl: 0\n"
		"    payload_version: 3\n    reserved: 0\n    imaxstbl: 5\n")},
	{"flags: a list", "{kind: region, info: {flags: [READ, 0x8, \"MMAP\", 4]}}",
	 REGION("32", "0", "[READ, MMAP, CAPS]", "0", "")},
	{"flags: a name", "{kind: region, info: {flags: WRITE}}",
	 REGION("32", "0", "[WRITE]", "0", "")},
	{"flags: a number with an unknown bit", "{kind: region, info: {flags: 0x13}}",
	 REGION("32", "0", "0x13", "0", "")},
	{"flags: an empty list", "{kind: region, info: {flags: []}, caps: [{id: 3}]}",
	 REGION("40", "0", "0", "32",
		"caps:\n"
		"  - at: 32\n    id: MSIX_MAPPABLE\n    version: 1\n    next: 0\n")},
	{"far: what lies past len is said and not written",
	 "{kind: iommu, len: 24, fill: 0xa5, caps: [{at: 0xfffffff8, id: MIGRATION, flags: 1},"
	 " {at: 20, id: IOVA_RANGE, nr_iovas: 0xffffffff}], raw: [{at: 0xffffffff, hex: \"0102\"}]}",
	 IOMMU("24", "0xa5", "[CAPS]", "0xfffffff8",
	       "caps:\n"
	       "  - at: 0xfffffff8\n    id: MIGRATION\n    version: 1\n    next: 20\n    flags: 1\n"
	       "  - at: 20\n    id: IOVA_RANGE\n    version: 1\n    next: 0\n"
	       "    nr_iovas: 0xffffffff\n"
	       "raw:\n  - {at: 0xffffffff, hex: \"0102\"}\n")},
	{"far: 65536 bytes", "{kind: device, len: 65536, info: {cap_offset: 65536}}",
	 DEVICE("65536", "0", "0", "65536", "")},
	{"overlays: an empty one, and one longer than a line",
	 "{kind: device, raw: [{at: 9, hex: \"\"}, {at: 0, hex: \"000102030405060708090a0b0c0d0e0f"
	 "101112131415161718191a1b1c1d1e1f20\"}]}",
	 DEVICE("40", "0", "0", "0",
		"raw:\n"
		"  - {at: 9, hex: \"\"}\n"
		"  - {at: 0, hex: \"000102030405060708090a0b0c0d0e0f"
		"101112131415161718191a1b1c1d1e1f\"}\n"
		"  - {at: 32, hex: \"20\"}\n")},
	{"yaml: comments, a byte order mark and markers",
	 "\xef\xbb\xbf# what it shows\n---\nkind: device  # ü\n...\n",
	 DEVICE("24", "0", "0", "0", "")},
	{"numbers: the largest of each width",
	 "{kind: iommu, info: {argsz: 4294967295, iova_pgsizes: 18446744073709551615, "
	 "pad: 0xFFFFffff}, caps: [{id: 65535, version: 65535, next: 0xffffffff}], fill: 255}",
	 "kind: iommu\nlen: 32\nfill: 0xff\ninfo:\n  argsz: 0xffffffff\n  flags: [CAPS]\n"
	 "  iova_pgsizes: 0xffffffffffffffff\n  cap_offset: 24\n  pad: 0xffffffff\ncaps:\n"
	 "  - at: 24\n    id: 65535\n    version: 65535\n    next: 0xffffffff\n"},
};

static void test_said(void **state)
{
	const struct said *const row = *state;
	struct chain chain;
	char *text;

	load(row->text, &chain);
	text = dump(&chain);
	assert_string_equal(text, row->full);
	free(text);
	trip_chain(row->name, &chain);
	chain_free(&chain);
}

/* A text that is refused, and its whole error line. */
struct refused {
	const char *text;
	const char *error;
};

#define CAP_OF(kind, rest) "kind: " kind "\ncaps:\n  - " rest

static const struct refused refused[] = {
	/* What is no text, or no YAML. */
	{"", "t:1:1: nothing here: want one document with kind"},
	{"# only a comment\n\n", "t:3:1: nothing here: want one document with kind"},
	{"\x7f"
	 "ELF",
	 "t:1:1: not text (control characters are not allowed): "
	 "want UTF-8 without control characters"},
	{"kind: device\nlen: \xff\n",
	 "t:2:6: not text (invalid leading UTF-8 octet): want UTF-8 without control characters"},
	{"kind: device\nlen: 1 # \xc3\xbc \x01\n",
	 "t:2:12: not text (control characters are not allowed): "
	 "want UTF-8 without control characters"},
	{"\xff\xfe",
	 "t:1:1: not text (invalid leading UTF-8 octet): want UTF-8 without control characters"},
	{"kind: [device\n", "t:2:1: not YAML: did not find expected ',' or ']'"},
	{"kind: device\n\tlen: 1\n",
	 "t:2:1: not YAML: found a tab character that violates indentation"},
	{"kind: device\n len: 1\n",
	 "t:2:5: not YAML: mapping values are not allowed in this context"},
	{"%YAML 3.0\n---\nkind: device\n", "t:1:1: not YAML: found incompatible YAML document"},
	/* YAML that the text form does not have. */
	{"kind: device\n---\nkind: device\n", "t:2:1: a second document: want one"},
	{"kind: &a device\n", "t:1:7: an anchor or tag: want the value alone"},
	{"kind: device\ncaps: &a []\n", "t:2:7: an anchor or tag: want the value alone"},
	{"&a\nkind: device\n", "t:1:1: an anchor or tag: want the value alone"},
	{"kind: *a\n", "t:1:7: an alias: want the value itself"},
	{"kind: !!str device\n", "t:1:7: an anchor or tag: want the value alone"},
	{"kind: device\ncaps: !!seq []\n", "t:2:7: an anchor or tag: want the value alone"},
	{"kind: device\ninfo: !x {}\n", "t:2:7: an anchor or tag: want the value alone"},
	{"[[[[[[1]]]]]]\n", "t:1:6: nested too deep: want at most 5 levels"},
	{"kind: {a: {a: {a: {a: {a: 1}}}}}\n", "t:1:23: nested too deep: want at most 5 levels"},
	{"kind: device\n<<: {len: 1}\n",
	 "t:2:1: document: unknown key <<: want kind, len, fill, info, caps, raw"},
	/* The wrong shape. */
	{"device\n", "t:1:1: document: want a mapping, not device"},
	{"---\n", "t:2:1: document: want a mapping, not nothing"},
	{"[kind, device]\n", "t:1:1: document: want a mapping, not a list"},
	{"kind: device\ninfo: 1\n", "t:2:7: info: want a mapping, not 1"},
	{"kind: device\ncaps: {}\n", "t:2:7: caps: want a list, not a mapping"},
	{"kind: device\ncaps:\n", "t:2:6: caps: want a list, not nothing"},
	{"kind: device\ncaps: [id]\n", "t:2:8: caps: want a mapping, not id"},
	{"kind: device\nraw: \"00\"\n", "t:2:6: raw: want a list, not \"00\""},
	{"kind: device\nraw: [[at, 1]]\n", "t:2:7: raw: want a mapping, not a list"},
	{"kind: [device]\n", "t:1:7: kind: want device, region, iommu, not a list"},
	{"kind: device\nlen: [1]\n", "t:2:6: len: want a decimal or 0x number, not a list"},
	{CAP_OF("region", "{id: SPARSE_MMAP, areas: {}}"),
	 "t:3:30: areas: want a list, not a mapping"},
	{CAP_OF("region", "{id: SPARSE_MMAP, areas: [1]}"), "t:3:31: areas: want a mapping, not 1"},
	{CAP_OF("device", "{id: ZPCI_UTIL, util_str: [1]}"),
	 "t:3:31: util_str: want pairs of hexadecimal digits in quotes, not a list"},
	{"kind: region\ninfo:\n  flags: [[READ]]\n",
	 "t:3:11: flags: want READ, WRITE, MMAP, CAPS or a number, not a list"},
	/* Keys. */
	{"len: 1\n", "t:1:1: document: no key kind: want kind, len, fill, info, caps, raw"},
	{"kind: device\nlength: 1\n",
	 "t:2:1: document: unknown key length: want kind, len, fill, info, caps, raw"},
	{"kind: device\nlen: 1\nlen: 1\n", "t:3:1: document: key len twice: want it once"},
	{"kind: device\n[a]: 1\n",
	 "t:2:1: document: unknown key a list: want kind, len, fill, info, caps, raw"},
	{"kind: device\n\"len\\0\": 1\n",
	 "t:2:1: document: unknown key \"len\": want kind, len, fill, info, caps, raw"},
	{"kind: device\n\"a\\nb\": 1\n",
	 "t:2:1: document: unknown key \"a?b\": want kind, len, fill, info, caps, raw"},
	{"kind: region\ninfo:\n  argsz: 1\n  pad: 1\n",
	 "t:4:3: info: unknown key pad: want argsz, flags, index, cap_offset, size, offset"},
	{"kind: region\ninfo: {size: 1, size: 1}\n", "t:2:17: info: key size twice: want it once"},
	{CAP_OF("region", "at: 32"), "t:3:5: caps: no key id: want id, at, version, next"},
	{CAP_OF("region", "id: TYPE\n    typ: 1\n"),
	 "t:4:5: TYPE version 1: unknown key typ: want id, at, version, next, type, subtype"},
	{CAP_OF("region", "id: TYPE\n    type: 1\n    id: TYPE\n"),
	 "t:5:5: TYPE version 1: key id twice: want it once"},
	{CAP_OF("device", "{id: ZPCI_BASE, fh: 1}"),
	 "t:3:21: ZPCI_BASE version 1: unknown key fh: "
	 "want id, at, version, next, start_dma, end_dma, pchid, "
	 "vfn, fmb_length, pft, gid"},
	{CAP_OF("device", "{id: ZPCI_UTIL, version: 0, size: 1}"),
	 "t:3:33: id 3 version 0: unknown key size: want id, at, version, next"},
	{CAP_OF("device", "{id: ZPCI_GROUP, version: 2, verson: 1}"),
	 "t:3:34: ZPCI_GROUP version 2: unknown key verson: "
	 "want id, at, version, next, dasm, msi_addr, flags, mui, noi, maxstbl, "
	 "payload_version, reserved, imaxstbl"},
	{CAP_OF("device", "{id: 77, flags: 1}"),
	 "t:3:14: id 77 version 1: unknown key flags: want id, at, version, next"},
	{CAP_OF("region", "{id: SPARSE_MMAP, areas: [{offset: 1}]}"),
	 "t:3:31: areas: no key size: want offset, size"},
	{CAP_OF("iommu", "{id: IOVA_RANGE, iova_ranges: [{start: 1, end: 1, start: 2}]}"),
	 "t:3:55: iova_ranges: key start twice: want it once"},
	{"kind: device\nraw:\n  - at: 1\n", "t:3:5: raw: no key hex: want at, hex"},
	{"kind: device\nraw:\n  - hex: \"00\"\n", "t:3:5: raw: no key at: want at, hex"},
	{"kind: device\nraw: [{at: 1, hex: \"00\", len: 1}]\n",
	 "t:2:26: raw: unknown key len: want at, hex"},
	/* Numbers. */
	{"kind: device\nlen: 65537\n", "t:2:6: len: 65537 is too big: want 0 to 65536"},
	{"kind: device\nlen: -1\n", "t:2:6: len: want a decimal or 0x number, not -1"},
	{"kind: device\nlen: \"1\"\n", "t:2:6: len: want a decimal or 0x number, not \"1\""},
	{"kind: device\nlen: 010\n", "t:2:6: len: want a decimal or 0x number, not 010"},
	{"kind: device\nlen: 0x\n", "t:2:6: len: want a decimal or 0x number, not 0x"},
	{"kind: device\nlen: 0x0x1\n", "t:2:6: len: want a decimal or 0x number, not 0x0x1"},
	{"kind: device\nlen: 1e3\n", "t:2:6: len: want a decimal or 0x number, not 1e3"},
	{"kind: device\nlen: 1_000\n", "t:2:6: len: want a decimal or 0x number, not 1_000"},
	{"kind: device\nlen: ~\n", "t:2:6: len: want a decimal or 0x number, not ~"},
	{"kind: device\nlen: 18446744073709551616\n",
	 "t:2:6: len: 18446744073709551616 is too big: want 0 to 65536"},
	{"kind: device\nfill: 256\n", "t:2:7: fill: 256 is too big: want 0 to 255"},
	{"kind: device\ninfo: {argsz: 0x100000000}\n",
	 "t:2:15: argsz: 0x100000000 is too big: want 0 to 4294967295"},
	{"kind: region\ninfo: {size: 0x10000000000000000}\n",
	 "t:2:14: size: 0x10000000000000000 is too big: want 0 to 18446744073709551615"},
	{"kind: region\ninfo: {flags: 0x100000000}\n",
	 "t:2:15: flags: 0x100000000 is too big: want 0 to 4294967295"},
	{"kind: region\ninfo: {flags: [1, 0x100000000]}\n",
	 "t:2:19: flags: 0x100000000 is too big: want 0 to 4294967295"},
	{CAP_OF("device", "{id: 65536}"), "t:3:10: id: 65536 is too big: want 0 to 65535"},
	{CAP_OF("device", "{id: 1, version: 65536}"),
	 "t:3:22: version: 65536 is too big: want 0 to 65535"},
	{CAP_OF("device", "{id: 1, at: 0x100000000}"),
	 "t:3:17: at: 0x100000000 is too big: want 0 to 4294967295"},
	{CAP_OF("device", "{id: 1, next: 0x100000000}"),
	 "t:3:19: next: 0x100000000 is too big: want 0 to 4294967295"},
	{CAP_OF("device", "{id: 1, pft: 256}"), "t:3:18: pft: 256 is too big: want 0 to 255"},
	{CAP_OF("device", "{id: 1, vfn: 65536}"), "t:3:18: vfn: 65536 is too big: want 0 to 65535"},
	{"kind: device\nraw: [{at: 0x100000000, hex: \"00\"}]\n",
	 "t:2:12: at: 0x100000000 is too big: want 0 to 4294967295"},
	/* Names. */
	{"kind: fetch\n", "t:1:7: kind: want device, region, iommu, not fetch"},
	{"kind: 0\n", "t:1:7: kind: want device, region, iommu, not 0"},
	{CAP_OF("device", "{id: MIGRATION}"),
	 "t:3:10: id: want ZPCI_BASE, ZPCI_GROUP, ZPCI_UTIL, ZPCI_PFIP, "
	 "PCI_ATOMIC_COMP or a number, not MIGRATION"},
	{CAP_OF("region", "{id: \"2\"}"),
	 "t:3:10: id: want SPARSE_MMAP, TYPE, MSIX_MAPPABLE, NVLINK2_SSATGT, "
	 "NVLINK2_LNKSPD or a number, not \"2\""},
	{"kind: iommu\ninfo: {flags: [CAPS, READ]}\n",
	 "t:2:22: flags: want PGSIZES, CAPS or a number, not READ"},
	{"kind: iommu\ninfo: {flags: caps}\n",
	 "t:2:15: flags: want PGSIZES, CAPS or a number, not caps"},
	/* Bytes. */
	{"kind: device\nraw: [{at: 0, hex: \"123\"}]\n",
	 "t:2:20: hex: want pairs of hexadecimal digits in quotes, not \"123\""},
	{"kind: device\nraw: [{at: 0, hex: \"12 34\"}]\n",
	 "t:2:20: hex: want pairs of hexadecimal digits in quotes, not \"12 34\""},
	{"kind: device\nraw: [{at: 0, hex: \"0x12\"}]\n",
	 "t:2:20: hex: want pairs of hexadecimal digits in quotes, not \"0x12\""},
	{"kind: device\nraw: [{at: 0, hex: \"12\\0\\0\"}]\n",
	 "t:2:20: hex: want pairs of hexadecimal digits in quotes, not \"12\""},
	{"kind: device\nraw: [{at: 0, hex: 12}]\n",
	 "t:2:20: hex: want pairs of hexadecimal digits in quotes, not 12"},
	{CAP_OF("device", "{id: ZPCI_PFIP, pfip: \"1\"}"),
	 "t:3:27: pfip: want pairs of hexadecimal digits in quotes, not \"1\""},
	/* Defaults that do not exist. */
	{CAP_OF("device", "{id: 1, at: 70000}"),
	 "t:1:1: len: no default, this ends at 70032: want 0 to 65536"},
	{"kind: device\nlen: 1\ncaps: [{id: 1, at: 0xfffffff0}, {id: 2}]\n",
	 "t:3:33: caps: no default for at here: want 0 to 4294967295"},
};

static void test_refused(void **state)
{
	const struct refused *const row = *state;
	const struct chain untouched = {.len = 4711};
	struct chain chain = untouched;
	char error[TEXT_ERROR_SIZE] = "";

	assert_int_equal(text_load("t", row->text, strlen(row->text), &chain, error), -EINVAL);
	assert_string_equal(error, row->error);
	assert_memory_equal(&chain, &untouched, sizeof(chain));
}

/* What the tables cannot say: texts too long, lists too long, lines too long, bytes of any value.
 */
static void test_refused_sizes(void **state)
{
	static const char hex[] = "kind: device\nraw: [{at: 0, hex: \"";
	static const char list[] = "kind: region\ncaps: [{id: SPARSE_MMAP, areas: [";
	const size_t size = 2 * (INFO_LEN_MAX + 1) + 1024;
	char *const text = calloc(1, size);
	char error[TEXT_ERROR_SIZE];
	struct chain chain;

	(void)state;
	assert_non_null(text);
	memset(text, '0', size - 1);
	memcpy(text, hex, strlen(hex));
	memcpy(text + strlen(hex) + 2 * ((size_t)INFO_LEN_MAX + 1), "\"}]\n", 5);
	assert_int_equal(text_load("t", text, strlen(text), &chain, error), -EINVAL);
	assert_string_equal(error, "t:2:20: hex: too long: want at most 65536 bytes");
	memcpy(text + strlen(hex) + 2 * (size_t)INFO_LEN_MAX, "\"}]\n", 5);
	assert_int_equal(text_load("t", text, strlen(text), &chain, error), 0);
	assert_int_equal(chain.len, INFO_LEN_MAX);
	chain_free(&chain);

	memcpy(text, list, strlen(list));
	for (size_t i = 0; i < 4097; i++)
		memcpy(text + strlen(list) + 2 * i, "1,", 2);
	memcpy(text + strlen(list) + 2 * 4097, "]}]\n", 5);
	assert_int_equal(text_load("t", text, strlen(text), &chain, error), -EINVAL);
	assert_string_equal(error, "t:2:33: areas: too long: want at most 4096");

	/* A name that fills the line, and one with a newline. */
	memset(text, 'n', 2 * TEXT_ERROR_SIZE);
	text[2 * TEXT_ERROR_SIZE] = '\0';
	assert_int_equal(text_load(text, "", 0, &chain, error), -EINVAL);
	assert_int_equal(strlen(error), TEXT_ERROR_SIZE - 1);
	assert_int_equal(text_load("a\nb", "", 0, &chain, error), -EINVAL);
	assert_string_equal(error, "a?b:1:1: nothing here: want one document with kind");

	/* A zero byte is no text, and UTF-16 is not read. */
	assert_int_equal(text_load("t", "kind: device\n\0", 14, &chain, error), -EINVAL);
	assert_memory_equal(error, "t:2:1: not text", 15);
	assert_int_equal(text_load("t", "\xff\xfek\0", 4, &chain, error), -EINVAL);
	assert_memory_equal(error, "t:1:1: not text", 15);
	free(text);
}

/* The example of corpus/README.md, and the bytes that it says. */
static void test_readme(void **state)
{
	struct chain chain;
	uint8_t want[120] = {0};
	uint8_t bytes[120];

	(void)state;
	load("# What this buffer shows.\n"
	     "kind: iommu\nlen: 120\nfill: 0\n"
	     "info:\n  argsz: 120\n  flags: [PGSIZES, CAPS]\n  iova_pgsizes: 0x40201000\n"
	     "  cap_offset: 24\n  pad: 0\n"
	     "caps:\n"
	     "  - at: 24\n    id: MIGRATION\n    version: 1\n    next: 56\n    flags: 0\n"
	     "    pgsize_bitmap: 0x1000\n    max_dirty_bitmap_size: 0x10000000\n"
	     "  - at: 56\n    id: IOVA_RANGE\n    next: 0\n    nr_iovas: 2\n    iova_ranges:\n"
	     "      - {start: 0, end: 0xfedfffff}\n"
	     "      - {start: 0xfef00000, end: 0x7fffffffff}\n"
	     "  - {at: 104, id: 77, next: 0}\n"
	     "raw:\n  - {at: 20, hex: \"a5a5a5a5\"}\n",
	     &chain);
	assert_int_equal(chain.len, sizeof(bytes));
	chain_write(&chain, bytes);
	layout_store(want, 4, 120);
	layout_store(want + 4, 4, 3);
	layout_store(want + 8, 8, 0x40201000);
	layout_store(want + 16, 4, 24);
	layout_store(want + 20, 4, 0xa5a5a5a5);
	layout_store(want + 24, 2, 2);
	layout_store(want + 26, 2, 1);
	layout_store(want + 28, 4, 56);
	layout_store(want + 40, 8, 0x1000);
	layout_store(want + 48, 8, 0x10000000);
	layout_store(want + 56, 2, 1);
	layout_store(want + 58, 2, 1);
	layout_store(want + 64, 4, 2);
	layout_store(want + 80, 8, 0xfedfffff);
	layout_store(want + 88, 8, 0xfef00000);
	layout_store(want + 96, 8, 0x7fffffffff);
	layout_store(want + 104, 2, 77);
	layout_store(want + 106, 2, 1);
	assert_bytes("README", want, bytes, sizeof(bytes));
	chain_free(&chain);
}

/* A buffer, given as text, and what chain_read() makes of it, as text. */
static const struct said readings[] = {
	{"reading: the fill is the commonest undescribed byte, far differences are two overlays",
	 "{kind: region, len: 64, raw: [{at: 0, hex: \"40\"}, {at: 32, hex: \"a5a500000000000000"
	 "0000a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a501\"}]}",
	 REGION("64", "0xa5", "0", "0",
		"raw:\n"
		"  - {at: 34, hex: \"000000000000000000\"}\n  - {at: 63, hex: \"01\"}\n")},
	{"reading: near differences are one overlay",
	 "{kind: region, len: 64, raw: [{at: 40, hex: \"01\"}, {at: 48, hex: \"02\"}]}",
	 REGION("64", "0", "0", "0",
		"raw:\n"
		"  - {at: 40, hex: \"010000000000000002\"}\n")},
	{"reading: links are followed without the flag, and a loop ends",
	 "{kind: region, len: 48, info: {flags: 0, cap_offset: 40}, "
	 "caps: [{id: 3, at: 32, next: 40}, {id: 3, next: 32}]}",
	 REGION("48", "0", "0", "40",
		"caps:\n"
		"  - at: 40\n    id: MSIX_MAPPABLE\n    version: 1\n    next: 32\n"
		"  - at: 32\n    id: MSIX_MAPPABLE\n    version: 1\n    next: 40\n")},
	{"reading: no capability among the fixed fields",
	 "{kind: region, info: {flags: 0, cap_offset: 31}, len: 40}",
	 REGION("40", "0", "0", "31", "")},
	{"reading: a capability may stand on the pad, which is then no field",
	 "{kind: device, info: {argsz: 28}, len: 28, caps: [{at: 20, id: 9, next: 7}]}",
	 DEVICE("28", "0", "[CAPS]", "20",
		"caps:\n"
		"  - at: 20\n    id: 9\n    version: 1\n    next: 7\n")},
	{"reading: a header that crosses len is none", "{kind: region, len: 39, caps: [{id: 3}]}",
	 REGION("39", "0", "[CAPS]", "32",
		"raw:\n"
		"  - {at: 32, hex: \"030001\"}\n")},
	{"reading: a payload that crosses len is raw",
	 "{kind: region, len: 47, caps: [{id: TYPE, type: 5}]}",
	 REGION("47", "0", "[CAPS]", "32",
		"caps:\n"
		"  - at: 32\n    id: TYPE\n    version: 1\n    next: 0\n"
		"raw:\n  - {at: 40, hex: \"05\"}\n")},
	{"reading: the chain ends at a capability that shares a byte",
	 "{kind: region, len: 64, caps: [{id: TYPE, next: 47}, {at: 47, id: 3, next: 56},"
	 " {at: 56, id: 3}]}",
	 REGION("64", "0", "[CAPS]", "32",
		"caps:\n"
		"  - at: 32\n    id: TYPE\n    version: 1\n    next: 47\n    type: 0\n"
		"    subtype: 0x3000000\n"
		"raw:\n  - {at: 49, hex: \"01003800000000030001\"}\n")},
	{"reading: a fixed part that reaches into a capability already taken is not",
	 "{kind: region, len: 64, info: {cap_offset: 44}, caps: [{id: TYPE}, {id: 3, at: 44, next: 32}]}",
	 REGION("64", "0", "[CAPS]", "44",
		"caps:\n"
		"  - at: 44\n    id: MSIX_MAPPABLE\n    version: 1\n    next: 32\n"
		"raw:\n  - {at: 32, hex: \"020001002c\"}\n")},
	{"reading: a count that lies takes no other capability's bytes",
	 "{kind: region, caps: [{id: SPARSE_MMAP, nr_areas: 0xffffffff, "
	 "areas: [{offset: 1, size: 2}]}, {id: 3}]}",
	 REGION("72", "0", "[CAPS]", "32",
		"caps:\n"
		"  - at: 32\n    id: SPARSE_MMAP\n    version: 1\n    next: 64\n"
		"    nr_areas: 0xffffffff\n    reserved: 0\n    areas:\n"
		"      - {offset: 0x1, size: 0x2}\n"
		"  - at: 64\n    id: MSIX_MAPPABLE\n    version: 1\n    next: 0\n")},
	{"reading: elements end with len",
	 "{kind: device, len: 38, caps: [{id: ZPCI_PFIP, size: 3, pfip: \"010203\"}]}",
	 DEVICE("38", "0", "[CAPS]", "24",
		"caps:\n"
		"  - at: 24\n    id: ZPCI_PFIP\n    version: 1\n    next: 0\n"
		"    size: 3\n    pfip: \"0102\"\n")},
	{"reading: version 0 is a header only",
	 "{kind: region, len: 48, caps: [{id: TYPE, version: 0}], raw: [{at: 40, hex: \"01\"}]}",
	 REGION("48", "0", "[CAPS]", "32",
		"caps:\n"
		"  - at: 32\n    id: TYPE\n    version: 0\n    next: 0\n"
		"raw:\n  - {at: 40, hex: \"01\"}\n")},
	{"reading: a fixed field that crosses len keeps its bytes",
	 "{kind: iommu, len: 17, info: {cap_offset: 0x118}}",
	 "kind: iommu\nlen: 17\nfill: 0\n"
	 "info:\n  argsz: 17\n  flags: 0\n  iova_pgsizes: 0\n  cap_offset: 24  # past len\n"
	 "  pad: 0  # past len\n"},
};

static void test_reading(void **state)
{
	const struct said *const row = *state;
	struct chain chain;
	struct chain read;
	uint8_t *bytes;
	char *text;

	load(row->text, &chain);
	bytes = bytes_of(&chain);
	assert_int_equal(chain_read(bytes, chain.len, chain.kind, &read), 0);
	text = dump(&read);
	assert_string_equal(text, row->full);
	trip(row->name, bytes, chain.len, chain.kind);
	free(text);
	free(bytes);
	chain_free(&chain);
	chain_free(&read);
}

static void test_reading_too_long(void **state)
{
	static const uint8_t bytes[INFO_LEN_MAX + 1];
	struct chain chain;

	(void)state;
	assert_int_equal(chain_read(bytes, sizeof(bytes), INFO_DEVICE, &chain), -EINVAL);
}

static void test_editing(void **state)
{
	struct chain chain;
	struct chain_raw *raw;

	(void)state;
	chain_init(&chain, INFO_REGION);
	for (uint16_t id = 0; id < 20; id++) {
		struct chain_cap *const cap = chain_add_cap(&chain);

		assert_non_null(cap);
		cap->id = id;
		assert_int_equal(chain_resize_elements(cap, 16), 0);
		memset(cap->elements, id, 16);
		raw = chain_add_raw(&chain, id, id);
		assert_non_null(raw);
		memset(raw->bytes, id, id);
	}
	assert_int_equal(chain.ncaps, 20);
	assert_int_equal(chain.nraws, 20);
	for (uint16_t i = 0; i < 20; i++) {
		assert_int_equal(chain.caps[i].id, i);
		assert_int_equal(chain.caps[i].elements[15], i);
		assert_int_equal(chain.raws[i].size, i);
	}
	assert_non_null(chain_add_cap(&chain));
	assert_int_equal(chain.caps[20].id, 0);
	assert_null(chain.caps[20].elements);
	assert_int_equal(chain_resize_elements(&chain.caps[0], 32), 0);
	assert_int_equal(chain.caps[0].elements[15], 0);
	assert_int_equal(chain.caps[0].elements[31], 0);
	assert_int_equal(chain_resize_elements(&chain.caps[0], 0), 0);
	assert_int_equal(chain.caps[0].elements_size, 0);
	chain_free(&chain);
	assert_int_equal(chain.ncaps + chain.nraws, 0);
	assert_int_equal(chain.kind, INFO_REGION);
}

/* value[0] is the count, wherever there are elements; chain.h promises it. */
static void test_count_is_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < layout_cap_count; i++) {
		const struct layout_cap *const cap = &layout_caps[i];

		for (size_t f = 0; f < cap->nfields; f++)
			assert_int_equal(cap->fields[f].role == ROLE_COUNT,
					 cap->elements != ELEMENTS_NONE && f == 0);
	}
}

static void trip_kinds(const char *what, const uint8_t *bytes, size_t len)
{
	for (int kind = 0; kind < INFO_KINDS; kind++)
		trip(what, bytes, len, (enum info_kind)kind);
}

static void test_trip_constant(void **state)
{
	static const size_t lens[] = {41, 64, 255, 4096, INFO_LEN_MAX - 1, INFO_LEN_MAX};
	static const int values[] = {0x00, 0xff, 0xa5, 0x20, 0x01};
	uint8_t *const bytes = malloc(INFO_LEN_MAX);

	(void)state;
	assert_non_null(bytes);
	for (size_t v = 0; v < COUNT_OF(values); v++) {
		memset(bytes, values[v], INFO_LEN_MAX);
		for (size_t len = 0; len <= 40; len++)
			trip_kinds("constant", bytes, len);
		for (size_t i = 0; i < COUNT_OF(lens); i++)
			trip_kinds("constant", bytes, lens[i]);
	}
	free(bytes);
}

/* A chain of headers of @id every @step bytes, each linked to the next, the last to itself. */
static void trip_comb(uint16_t id, uint32_t step, size_t len)
{
	uint8_t *const bytes = calloc(1, len);

	assert_non_null(bytes);
	for (size_t at = 32; at + 8 <= len; at += step) {
		layout_store(bytes + at, 2, id);
		layout_store(bytes + at + 2, 2, 1);
		layout_store(bytes + at + 4, 4, at + step + 8 <= len ? at + step : at);
	}
	layout_store(bytes + 12, 4, 32);
	trip("comb", bytes, len, INFO_REGION);
	layout_store(bytes + 16, 4, 32);
	trip("comb", bytes, len, INFO_DEVICE);
	trip("comb", bytes, len, INFO_IOMMU);
	free(bytes);
}

static void test_trip_comb(void **state)
{
	(void)state;
	for (uint16_t id = 0; id < 7; id++)
		for (uint32_t step = 1; step < 50; step++)
			trip_comb(id, step, 300 + step);
	trip_comb(3, 8, INFO_LEN_MAX);
	trip_comb(99, 9, INFO_LEN_MAX);
}

/* cap_offset at every value near the edges, with a capability that links to itself there. */
static void test_trip_self(void **state)
{
	(void)state;
	for (uint32_t at = 0; at < 56; at++) {
		for (uint16_t id = 0; id < 6; id++) {
			uint8_t bytes[64] = {0};

			layout_store(bytes + at, 2, id);
			layout_store(bytes + at + 2, 2, 1);
			layout_store(bytes + at + 4, 4, at);
			layout_store(bytes + 12, 4, at);
			trip("self", bytes, sizeof(bytes), INFO_REGION);
			layout_store(bytes + 16, 4, at);
			trip("self", bytes, sizeof(bytes), INFO_DEVICE);
			trip("self", bytes, sizeof(bytes), INFO_IOMMU);
		}
	}
}

/* One string that fills the longest buffer, and every byte different from its neighbours. */
static void test_trip_long(void **state)
{
	uint8_t *const bytes = malloc(INFO_LEN_MAX);

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < INFO_LEN_MAX; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	trip_kinds("long", bytes, INFO_LEN_MAX);
	layout_store(bytes + 16, 4, 24);
	layout_store(bytes + 24, 2, CAP_ID_ZPCI_UTIL);
	layout_store(bytes + 26, 2, 1);
	layout_store(bytes + 28, 4, 0);
	layout_store(bytes + 32, 4, 0xffffffff);
	trip("long", bytes, INFO_LEN_MAX, INFO_DEVICE);
	/* As many overlays as there can be. */
	memset(bytes, 0, INFO_LEN_MAX);
	for (size_t i = 32; i < INFO_LEN_MAX; i += 9)
		bytes[i] = 1;
	trip_kinds("long", bytes, INFO_LEN_MAX);
	free(bytes);
}

static void make_cap(struct chain *chain, uint32_t at)
{
	struct chain_cap *const cap = chain_add_cap(chain);
	const struct layout_cap *layout;

	assert_non_null(cap);
	cap->at = at;
	cap->id = (uint16_t)random_below(7);
	cap->version = (uint16_t)random_below(4);
	layout = chain_cap_layout(chain, cap);
	for (size_t i = 0; layout && i < layout->nfields; i++)
		if (layout->fields[i].version <= cap->version)
			for (uint32_t b = 0; b < layout->fields[i].width; b++)
				cap->value[i] |= (uint64_t)random_byte() << 8 * b;
	if (!layout || !layout->elements)
		return;
	cap->value[0] = random_below(4);
	assert_int_equal(chain_resize_elements(cap, (uint32_t)cap->value[0] * layout->elements), 0);
	for (uint32_t i = 0; i < cap->elements_size; i++)
		cap->elements[i] = random_byte();
}

/* A chain of a few capabilities, one after the other, with small gaps. */
static void make_chain(enum info_kind kind, struct chain *ret_chain)
{
	const struct layout_info *const info = &layout_infos[kind];
	uint64_t at = info->full + 4 * random_below(2);

	chain_init(ret_chain, kind);
	for (uint32_t left = 1 + random_below(4); left && at < NOISE_LEN - 100; left--) {
		make_cap(ret_chain, (uint32_t)at);
		at = chain_cap_end(ret_chain, &ret_chain->caps[ret_chain->ncaps - 1]);
		at += random_below(9);
	}
	for (size_t i = 0; i + 1 < ret_chain->ncaps; i++)
		ret_chain->caps[i].next = ret_chain->caps[i + 1].at;
	ret_chain->len = (uint32_t)at;
	ret_chain->fill = random_byte();
	ret_chain->info[0] = at;
	for (size_t i = 1; i < info->nfields; i++)
		ret_chain->info[i] = info->fields[i].at == info->cap_offset_at
					     ? ret_chain->caps[0].at
					     : random_byte();
}

/* A well-formed chain is read back as it is: all of it by name, nothing raw. */
static void assert_understood(const struct chain *chain, const uint8_t *bytes)
{
	struct chain read;

	assert_int_equal(chain_read(bytes, chain->len, chain->kind, &read), 0);
	assert_int_equal(read.nraws, 0);
	assert_int_equal(read.ncaps, chain->ncaps);
	assert_memory_equal(read.info, chain->info, sizeof(read.info));
	for (size_t i = 0; i < read.ncaps; i++) {
		const struct chain_cap *const cap = &read.caps[i];
		const struct chain_cap *const want = &chain->caps[i];

		assert_memory_equal(cap->value, want->value, sizeof(cap->value));
		assert_int_equal(cap->elements_size, want->elements_size);
		if (cap->elements_size)
			assert_memory_equal(cap->elements, want->elements, cap->elements_size);
	}
	chain_free(&read);
}

/* Bytes set to anything, to edges or to offsets; and a new length. Returns the length. */
static size_t damage(uint8_t *bytes, size_t len)
{
	static const uint32_t edges[] = {0, 1, 0xff, 0x7fffffff, 0xfffffff8, 0xffffffff};

	for (uint32_t left = random_below(6); left; left--) {
		const uint32_t at = random_below((uint32_t)len);

		if (random_below(2) || at + 4 > len)
			bytes[at] = random_byte();
		else if (random_below(2))
			layout_store(bytes + at, 4, random_below(NOISE_LEN));
		else
			layout_store(bytes + at, 4, edges[random_below(COUNT_OF(edges))]);
	}
	return random_below(3) ? len : random_below((uint32_t)len + 1);
}

static void test_trip_noise(void **state)
{
	(void)state;
	random_state = 0x9e3779b97f4a7c15;
	for (uint32_t i = 0; i < NOISE_COUNT; i++) {
		const enum info_kind kind = (enum info_kind)(i / 2 % INFO_KINDS);
		uint8_t bytes[NOISE_LEN];
		size_t len = random_below(NOISE_LEN + 1);
		struct chain chain;

		if (i % 2) {
			make_chain(kind, &chain);
			assert_in_range(chain.len, 1, NOISE_LEN);
			chain_write(&chain, bytes);
			assert_understood(&chain, bytes);
			trip_chain("well-formed", &chain);
			len = damage(bytes, chain.len);
			chain_free(&chain);
		} else {
			/* Small values, so that some of the links lead somewhere. */
			const uint32_t limit = random_below(2) ? 256 : 64;

			for (size_t b = 0; b < len; b++)
				bytes[b] = random_below(2) ? (uint8_t)random_below(limit) : 0;
		}
		trip("noise", bytes, len, kind);
	}
}

static void assert_error_line(const char *error)
{
	unsigned long line;
	unsigned long column;
	char colon;

	assert_int_equal(sscanf(error, "t:%lu:%lu%c", &line, &column, &colon), 3);
	assert_true(line && column && colon == ':');
	assert_null(strpbrk(error, "\n\r\x1b"));
	assert_in_range(strlen(error), 10, TEXT_ERROR_SIZE - 1);
}

static void test_damaged_texts(void **state)
{
	static const char marks[] = "{}[]:,#&*!|>'\"%@`-? \n\t\\0x9a";
	size_t good = 0;

	(void)state;
	random_state = 0xd1b54a32d192ed03;
	for (uint32_t i = 0; i < DAMAGED; i++) {
		char error[TEXT_ERROR_SIZE];
		struct chain chain;
		struct chain again;
		char *text;
		size_t size;
		int result;

		make_chain((enum info_kind)(i % INFO_KINDS), &chain);
		text = dump(&chain);
		chain_free(&chain);
		size = strlen(text);
		for (uint32_t left = 1 + random_below(3); left; left--)
			text[random_below((uint32_t)size)] =
				random_below(8) ? marks[random_below(sizeof(marks) - 1)]
						: (char)random_byte();
		if (!random_below(4))
			size = random_below((uint32_t)size + 1);
		result = text_load("t", text, size, &again, error);
		free(text);
		if (result) {
			assert_int_equal(result, -EINVAL);
			assert_error_line(error);
			continue;
		}
		good++;
		trip_chain("damaged", &again);
		chain_free(&again);
	}
	assert_in_range(good, 1, DAMAGED - 1);
}

static void trip_file(const char *directory, const char *name)
{
	char path[4096];
	static uint8_t bytes[INFO_LEN_MAX + 1];
	FILE *file;
	size_t len;

	for (int kind = 0; kind < INFO_KINDS; kind++) {
		const char *const prefix = info_kind_name((enum info_kind)kind);

		if (strncmp(name, prefix, strlen(prefix)) || name[strlen(prefix)] != '-')
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, name);
		file = fopen(path, "rb");
		assert_non_null(file);
		len = fread(bytes, 1, sizeof(bytes), file);
		fclose(file);
		assert_in_range(len, 0, INFO_LEN_MAX);
		trip(path, bytes, len, (enum info_kind)kind);
	}
}

static void test_trip_files(void **state)
{
	(void)state;
	if (!*directories)
		skip();
	for (char **directory = directories; *directory; directory++) {
		DIR *const dir = opendir(*directory);
		const struct dirent *entry;
		size_t files = 0;

		assert_non_null(dir);
		while ((entry = readdir(dir))) {
			if (!strstr(entry->d_name, ".bin"))
				continue;
			trip_file(*directory, entry->d_name);
			files++;
		}
		closedir(dir);
		print_message("%s: %zu files\n", *directory, files);
		assert_true(files);
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(test_refused_sizes),	 cmocka_unit_test(test_readme),
		cmocka_unit_test(test_reading_too_long), cmocka_unit_test(test_editing),
		cmocka_unit_test(test_count_is_first),	 cmocka_unit_test(test_trip_constant),
		cmocka_unit_test(test_trip_comb),	 cmocka_unit_test(test_trip_self),
		cmocka_unit_test(test_trip_long),	 cmocka_unit_test(test_trip_noise),
		cmocka_unit_test(test_damaged_texts),	 cmocka_unit_test(test_trip_files),
	};
	static struct CMUnitTest
		tests[COUNT_OF(said) + COUNT_OF(readings) + COUNT_OF(refused) + COUNT_OF(single)];
	size_t n = 0;

	(void)argc;
	directories = argv + 1;
#define ADD(table, row_name, test)                                                                 \
	for (size_t i = 0; i < COUNT_OF(table); i++)                                               \
	tests[n++] = (struct CMUnitTest){.name = (table)[i].row_name,                              \
					 .test_func = (test),                                      \
					 .initial_state = (void *)(uintptr_t) & (table)[i]}
	ADD(said, name, test_said);
	ADD(readings, name, test_reading);
	ADD(refused, error, test_refused);
#undef ADD
	memcpy(tests + n, single, sizeof(single));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
