/* SPDX-License-Identifier: MIT */
/*
 * Tests of what the text form means:
 *
 *   defaults  what a text leaves out, compared with the same buffer said in full
 *   errors    one bad text each, with its whole error line
 *
 * text_read_test.c has chains that chain_read() takes from buffers, text_trip_test.c round trips.
 */
#include "text_trip.h"

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

#define KIND(kind, name, ...) #name ", "
#define KINDS		      LAYOUT_KINDS(KIND)

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
	{"[[[[[[[[1]]]]]]]]\n", "t:1:8: nested too deep: want at most 7 levels"},
	{"kind: {a: {a: {a: {a: {a: {a: {a: 1}}}}}}}\n",
	 "t:1:31: nested too deep: want at most 7 levels"},
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
	{"kind: [device]\n", "t:1:7: kind: want " KINDS "not a list"},
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
	{"kind: fetch\n", "t:1:7: kind: want " KINDS "not fetch"},
	{"kind: 0\n", "t:1:7: kind: want " KINDS "not 0"},
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

int main(void)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(test_refused_sizes),
		cmocka_unit_test(test_readme),
	};
	static struct CMUnitTest tests[COUNT_OF(said) + COUNT_OF(refused) + COUNT_OF(single)];
	size_t n = 0;

	for (size_t i = 0; i < COUNT_OF(said); i++)
		tests[n++] = row_test(said[i].name, test_said, &said[i]);
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		tests[n++] = row_test(refused[i].error, test_refused, &refused[i]);
	memcpy(tests + n, single, sizeof(single));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
