/* SPDX-License-Identifier: MIT */
/*
 * Tests of spec.c against answers worked out by hand from rules R1 to R13 of the design.
 *
 *   rows      one buffer and its whole answer each; the name starts with the rule it is about
 *   samples   one chain each, read at every len and every argsz around every edge of the ladder
 *   decoding  payload fields, counts and hashes
 *   the rest  long chains, two readings at once, and 60000 buffers of noise
 *
 * Every reading is of a copy that ends where an unreadable page begins, and each row, each sample
 * and one chain of noise in 16 is read at every shorter length too: one load past len is a SIGSEGV.
 *
 * When a test fails, its name says which row. Read that rule in the design; if the row is what the
 * rule says, spec.c is wrong. Add a row for every reading that anybody had to think about.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../parsers/layout.h"
#include "spec.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define EDGES_MAX	7
#define CAPS_MAX	4

/* One capability to build, in chain order; @count goes to where elements are counted. */
struct link {
	uint32_t at;
	uint16_t id;
	uint16_t version;
	uint32_t next;
	uint32_t count;
};

/* A buffer to build. @clear leaves the CAPS flag out and sets all others, instead of it alone. */
struct image {
	enum info_kind kind;
	uint32_t len;
	uint32_t argsz;
	uint32_t cap_offset;
	bool clear;
	struct link caps[CAPS_MAX];
};

/* A buffer and its answer. The first @ncaps of image.caps are delivered, with @cap_notes. */
struct row {
	const char *name;
	struct image image;
	enum verdict verdict;
	enum rule rule;
	uint32_t at;
	uint32_t from;
	size_t ncaps;
	uint64_t visited;
	uint32_t buffer_notes;
	uint32_t cap_notes[CAPS_MAX];
};

/* Buffers of each kind, then the same with the CAPS flag clear; the links of the chain follow. */
#define DEV(len_, argsz_, first, ...)                                                              \
	.image = {INFO_DEVICE, len_, argsz_, first, false, {__VA_ARGS__}}
#define REG(len_, argsz_, first, ...)                                                              \
	.image = {INFO_REGION, len_, argsz_, first, false, {__VA_ARGS__}}
#define IOM(len_, argsz_, first, ...)                                                              \
	.image = {INFO_IOMMU, len_, argsz_, first, false, {__VA_ARGS__}}
#define CLEAR(kind_, len_, argsz_, first) .image = {INFO_##kind_, len_, argsz_, first, true, {}}

#define COUNTED(at_, id_, version_, next_, count_)                                                 \
	{                                                                                          \
		at_, id_, version_, next_, count_                                                  \
	}
#define CAP(at_, id_, version_, next_) COUNTED(at_, id_, version_, next_, 0)

/* The answers. What reads no capability says so by leaving out how many and how many bytes. */
#define OK(ncaps_, visited_)	    .verdict = VERDICT_OK, .ncaps = (ncaps_), .visited = (visited_)
#define ABSENT			    .verdict = VERDICT_ABSENT
#define CUT			    .verdict = VERDICT_TRUNCATED
#define CUT_AFTER(ncaps_, visited_) CUT, .ncaps = (ncaps_), .visited = (visited_)
#define SHORT(what)		    .verdict = VERDICT_REJECT, .rule = RULE_SHORT_##what
#define BAD_FIRST(rule_, at_)	    .verdict = VERDICT_REJECT, .rule = RULE_##rule_, .at = (at_)
#define BAD(rule_, at_, from_, ncaps_, visited_)                                                   \
	BAD_FIRST(rule_, at_), .from = (from_), .ncaps = (ncaps_), .visited = (visited_)

#define N(note)	       NOTE_BIT(NOTE_##note)
#define NO_CHAIN       .buffer_notes = N(FLAG_WITHOUT_CHAIN)
#define CAP_NOTES(...) .cap_notes = {__VA_ARGS__}

static const struct row rows[] = {
	{"R1 empty buffer", REG(0, 0, 0), SHORT(BUFFER)},
	{"R1 device one below minsz", DEV(15, 15, 0), SHORT(BUFFER)},
	{"R1 region one below minsz", REG(31, 31, 0), SHORT(BUFFER)},
	{"R1 iommu one below minsz", IOM(15, 15, 0), SHORT(BUFFER)},
	{"R1 short buffer of a long reply is no truncation", REG(31, 64, 32, CAP(32, 3, 1, 0)),
	 SHORT(BUFFER)},
	{"R1 buffer before argsz", REG(31, 4, 0), SHORT(BUFFER)},
	{"R1 device argsz one below minsz", DEV(32, 15, 24), SHORT(ARGSZ)},
	{"R1 region argsz one below minsz", REG(40, 31, 32, CAP(32, 3, 1, 0)), SHORT(ARGSZ)},
	{"R1 iommu argsz one below minsz", IOM(16, 15, 24), SHORT(ARGSZ)},
	{"R1 argsz zero", REG(32, 0, 0), SHORT(ARGSZ)},
	{"R1 argsz before the flag", CLEAR(REGION, 32, 31, 0), SHORT(ARGSZ)},

	{"R2 device at minsz", CLEAR(DEVICE, 16, 16, 0), ABSENT},
	{"R2 region at minsz", CLEAR(REGION, 32, 32, 0), ABSENT},
	{"R2 iommu at minsz", CLEAR(IOMMU, 16, 16, 0), ABSENT},
	{"R2 region echoes the caller's cap_offset", CLEAR(REGION, 64, 64, 0xa5a5a5a5), ABSENT},
	{"R2 cap_offset into a valid chain is still nothing", CLEAR(DEVICE, 64, 64, 24), ABSENT},
	{"R2 argsz below len", CLEAR(REGION, 64, 63, 0), ABSENT},
	{"R2 argsz above len", CLEAR(REGION, 64, 65, 0), CUT},
	{"R2 device argsz above len", CLEAR(DEVICE, 16, 17, 0), CUT},
	{"R2 iommu argsz above len", CLEAR(IOMMU, 24, UINT32_MAX, 0), CUT},

	{"R3 device without cap_offset", DEV(16, 16, 0), SHORT(ARGSZ)},
	{"R3 iommu without cap_offset", IOM(16, 16, 0), SHORT(ARGSZ)},
	{"R3 device with three of its bytes", DEV(19, 19, 0), SHORT(ARGSZ)},
	{"R3 device, argsz with three of its bytes", DEV(32, 19, 24, CAP(24, 9, 1, 0)),
	 SHORT(ARGSZ)},
	{"R3 device, argsz below len", DEV(19, 18, 0), SHORT(ARGSZ)},
	{"R3 device, argsz above len", DEV(16, 40, 24), CUT},
	{"R3 iommu, argsz above len", IOM(19, 120, 24), CUT},
	{"R3 argsz above len need not reach cap_offset", DEV(16, 17, 0), CUT},
	{"R3 argsz above len and one below its end", IOM(18, 19, 0), CUT},

	{"R4 device", DEV(20, 20, 0), ABSENT, NO_CHAIN},
	{"R4 region", REG(32, 32, 0), ABSENT, NO_CHAIN},
	{"R4 iommu", IOM(24, 24, 0), ABSENT, NO_CHAIN},
	{"R4 argsz below len", REG(64, 32, 0), ABSENT, NO_CHAIN},
	{"R4 device, argsz above len", DEV(20, 21, 0), CUT},
	{"R4 region, argsz above len", REG(32, 40, 0), CUT},
	{"R4 iommu, argsz above len", IOM(24, 120, 0), CUT},

	{"R5 argsz above len does no harm where all fits", REG(40, 4096, 32, CAP(32, 3, 1, 0)),
	 OK(1, 8)},
	{"R5 argsz below len does no harm where all fits", REG(64, 40, 32, CAP(32, 3, 1, 0)),
	 OK(1, 8)},
	{"R5 bytes past argsz are stale", REG(64, 39, 32, CAP(32, 3, 1, 0)),
	 BAD_FIRST(HEADER_STRADDLE, 32)},
	{"R5 a chain that goes on past argsz is stale",
	 REG(64, 40, 32, CAP(32, 3, 1, 40), CAP(40, 3, 1, 0)), BAD(NEXT_OOB, 40, 32, 1, 8)},

	{"R6 device, last byte of the fixed fields", DEV(64, 64, 19), BAD_FIRST(INTO_HEADER, 19)},
	{"R6 device, end of the fixed fields", DEV(64, 64, 20, CAP(20, 9, 1, 0)), OK(1, 8),
	 CAP_NOTES(N(ALIGN4) | N(UNKNOWN_ID))},
	{"R6 region, last byte of the fixed fields", REG(64, 64, 31), BAD_FIRST(INTO_HEADER, 31)},
	{"R6 region, end of the fixed fields", REG(64, 64, 32, CAP(32, 9, 1, 0)), OK(1, 8),
	 CAP_NOTES(N(UNKNOWN_ID))},
	{"R6 iommu, last byte of the fixed fields", IOM(64, 64, 19), BAD_FIRST(INTO_HEADER, 19)},
	{"R6 iommu, end of the fixed fields", IOM(64, 64, 20, CAP(20, 9, 1, 0)), OK(1, 8),
	 CAP_NOTES(N(ALIGN4) | N(UNKNOWN_ID))},
	{"R6 offset 1", REG(64, 64, 1), BAD_FIRST(INTO_HEADER, 1)},
	{"R6 next", REG(64, 64, 32, CAP(32, 3, 1, 31)), BAD(INTO_HEADER, 31, 32, 1, 8)},
	{"R6 next 1", DEV(64, 64, 24, CAP(24, 9, 1, 1)), BAD(INTO_HEADER, 1, 24, 1, 8),
	 CAP_NOTES(N(UNKNOWN_ID))},
	{"R6 before truncation", REG(34, 64, 28), BAD_FIRST(INTO_HEADER, 28)},
	{"R6 before the header's own end", DEV(20, 20, 16), BAD_FIRST(INTO_HEADER, 16)},

	{"R7 first header ends at the bound", REG(64, 64, 56, CAP(56, 3, 1, 0)), OK(1, 8)},
	{"R7 first header one past the bound", REG(64, 64, 57), BAD_FIRST(HEADER_STRADDLE, 57)},
	{"R7 first header with one byte inside", REG(64, 64, 63), BAD_FIRST(HEADER_STRADDLE, 63)},
	{"R7 first header at the bound", REG(64, 64, 64), BAD_FIRST(OFFSET_OOB, 64)},
	{"R7 first header past the bound", REG(64, 64, 65), BAD_FIRST(OFFSET_OOB, 65)},
	{"R7 the fixed fields and nothing else", DEV(20, 20, 20), BAD_FIRST(OFFSET_OOB, 20)},
	{"R7 cap_offset all ones", REG(64, 64, UINT32_MAX), BAD_FIRST(OFFSET_OOB, UINT32_MAX)},
	{"R7 cap_offset plus 8 is 2^32", REG(64, 64, 0xfffffff8),
	 BAD_FIRST(OFFSET_OOB, 0xfffffff8)},
	{"R7 cap_offset plus 8 is 2^32, argsz all ones", REG(64, UINT32_MAX, 0xfffffff8),
	 BAD_FIRST(OFFSET_OOB, 0xfffffff8)},
	{"R7 cap_offset plus 8 is the largest argsz", REG(64, UINT32_MAX, 0xfffffff7), CUT},
	{"R7 cap_offset all ones, argsz all ones", REG(64, UINT32_MAX, UINT32_MAX),
	 BAD_FIRST(OFFSET_OOB, UINT32_MAX)},
	{"R7 first header straddles len and ends at argsz", REG(64, 70, 62), CUT},
	{"R7 first header straddles len and argsz", REG(64, 70, 63),
	 BAD_FIRST(HEADER_STRADDLE, 63)},
	{"R7 first header straddles argsz alone", REG(64, 71, 64), BAD_FIRST(OFFSET_OOB, 64)},
	{"R7 first header between len and argsz", REG(64, 72, 64), CUT},
	{"R7 first header straddles argsz inside len", REG(64, 60, 53),
	 BAD_FIRST(HEADER_STRADDLE, 53)},
	{"R7 first header at argsz inside len", REG(64, 50, 50), BAD_FIRST(OFFSET_OOB, 50)},
	{"R7 next header ends at the bound", REG(64, 64, 32, CAP(32, 3, 1, 56), CAP(56, 3, 1, 0)),
	 OK(2, 16), CAP_NOTES(0, N(DUPLICATE_ID))},
	{"R7 next header one past the bound", REG(64, 64, 32, CAP(32, 3, 1, 57)),
	 BAD(HEADER_STRADDLE, 57, 32, 1, 8)},
	{"R7 next header with one byte inside", REG(64, 64, 32, CAP(32, 3, 1, 63)),
	 BAD(HEADER_STRADDLE, 63, 32, 1, 8)},
	{"R7 next header at the bound", REG(64, 64, 32, CAP(32, 3, 1, 64)),
	 BAD(NEXT_OOB, 64, 32, 1, 8)},
	{"R7 next all ones", REG(64, 64, 32, CAP(32, 3, 1, UINT32_MAX)),
	 BAD(NEXT_OOB, UINT32_MAX, 32, 1, 8)},
	{"R7 next plus 8 is 2^32", REG(64, UINT32_MAX, 32, CAP(32, 3, 1, 0xfffffff8)),
	 BAD(NEXT_OOB, 0xfffffff8, 32, 1, 8)},
	{"R7 next between len and argsz", REG(64, 72, 32, CAP(32, 3, 1, 64)), CUT_AFTER(1, 8)},
	{"R7 next straddles argsz past len", REG(64, 72, 32, CAP(32, 3, 1, 65)),
	 BAD(NEXT_OOB, 65, 32, 1, 8)},

	{"R8 8-aligned", REG(64, 64, 40, CAP(40, 3, 1, 0)), OK(1, 8)},
	{"R8 offset 1 mod 8", REG(64, 64, 33, CAP(33, 3, 1, 0)), OK(1, 8),
	 CAP_NOTES(N(MISALIGNED))},
	{"R8 offset 2 mod 8", REG(64, 64, 34, CAP(34, 3, 1, 0)), OK(1, 8),
	 CAP_NOTES(N(MISALIGNED))},
	{"R8 offset 3 mod 8", REG(64, 64, 35, CAP(35, 3, 1, 0)), OK(1, 8),
	 CAP_NOTES(N(MISALIGNED))},
	{"R8 offset 4 mod 8", REG(64, 64, 36, CAP(36, 3, 1, 0)), OK(1, 8), CAP_NOTES(N(ALIGN4))},
	{"R8 offset 5 mod 8", REG(64, 64, 37, CAP(37, 3, 1, 0)), OK(1, 8),
	 CAP_NOTES(N(MISALIGNED))},
	{"R8 offset 6 mod 8", REG(64, 64, 38, CAP(38, 3, 1, 0)), OK(1, 8),
	 CAP_NOTES(N(MISALIGNED))},
	{"R8 offset 7 mod 8", REG(64, 64, 39, CAP(39, 3, 1, 0)), OK(1, 8),
	 CAP_NOTES(N(MISALIGNED))},
	{"R8 odd next of an aligned header", REG(64, 64, 32, CAP(32, 3, 1, 41), CAP(41, 2, 1, 0)),
	 OK(2, 24), CAP_NOTES(0, N(MISALIGNED))},
	{"R8 notes of a rejected capability are not kept", REG(64, 64, 49, CAP(49, 2, 1, 0)),
	 BAD(PAYLOAD_OOB, 49, 0, 0, 8)},

	{"R9 backward", REG(64, 64, 48, CAP(48, 2, 1, 32), CAP(32, 3, 1, 0)), OK(2, 24),
	 CAP_NOTES(0, N(BACKWARD))},
	{"R9 backward, then forward",
	 REG(64, 64, 40, CAP(40, 3, 1, 32), CAP(32, 9, 1, 48), CAP(48, 2, 1, 0)), OK(3, 32),
	 CAP_NOTES(0, N(BACKWARD) | N(UNKNOWN_ID), 0)},
	{"R9 backward every time",
	 DEV(64, 64, 56, CAP(56, 9, 1, 48), CAP(48, 9, 1, 40), CAP(40, 9, 1, 20), CAP(20, 9, 1, 0)),
	 OK(4, 32),
	 CAP_NOTES(N(UNKNOWN_ID), N(BACKWARD) | N(UNKNOWN_ID), N(BACKWARD) | N(UNKNOWN_ID),
		   N(BACKWARD) | N(UNKNOWN_ID) | N(ALIGN4))},
	{"R9 one byte further is another offset",
	 REG(64, 64, 32, CAP(32, 9, 1, 33), CAP(33, 0x0100, 0x2100, 0)), OK(2, 16),
	 CAP_NOTES(N(UNKNOWN_ID), N(MISALIGNED) | N(UNKNOWN_ID) | N(OVERLAP))},
	{"R9 loop to itself", REG(64, 64, 32, CAP(32, 3, 1, 32)), BAD(LOOP, 32, 32, 1, 8)},
	{"R9 loop of two", REG(64, 64, 32, CAP(32, 3, 1, 40), CAP(40, 2, 1, 32)),
	 BAD(LOOP, 32, 40, 2, 24)},
	{"R9 loop of two, backward first", REG(64, 64, 40, CAP(40, 2, 1, 32), CAP(32, 3, 1, 40)),
	 BAD(LOOP, 40, 32, 2, 24), CAP_NOTES(0, N(BACKWARD))},
	{"R9 loop to the first of three",
	 REG(64, 64, 32, CAP(32, 3, 1, 40), CAP(40, 9, 1, 48), CAP(48, 2, 1, 32)),
	 BAD(LOOP, 32, 48, 3, 32), CAP_NOTES(0, N(UNKNOWN_ID), 0)},
	{"R9 loop that joins mid chain",
	 REG(64, 64, 32, CAP(32, 3, 1, 40), CAP(40, 9, 1, 48), CAP(48, 2, 1, 40)),
	 BAD(LOOP, 40, 48, 3, 32), CAP_NOTES(0, N(UNKNOWN_ID), 0)},
	{"R9 last of three loops to itself",
	 REG(64, 64, 32, CAP(32, 3, 1, 40), CAP(40, 9, 1, 48), CAP(48, 2, 1, 48)),
	 BAD(LOOP, 48, 48, 3, 32), CAP_NOTES(0, N(UNKNOWN_ID), 0)},
	{"R9 loop in a cut reply is a loop", REG(48, 4096, 32, CAP(32, 3, 1, 32)),
	 BAD(LOOP, 32, 32, 1, 8)},
	{"R9 loop and odd notes", REG(64, 64, 33, CAP(33, 3, 7, 33)), BAD(LOOP, 33, 33, 1, 8),
	 CAP_NOTES(N(MISALIGNED) | N(NEWER_VERSION))},

	{"R10 SPARSE_MMAP", REG(64, 64, 32, COUNTED(32, 1, 1, 0, 1)), OK(1, 32)},
	{"R10 SPARSE_MMAP without areas", REG(48, 48, 32, COUNTED(32, 1, 1, 0, 0)), OK(1, 16)},
	{"R10 SPARSE_MMAP without areas needs its reserved field",
	 REG(47, 47, 32, COUNTED(32, 1, 1, 0, 0)), BAD(PAYLOAD_OOB, 32, 0, 0, 12)},
	{"R10 IOVA_RANGE without ranges", IOM(40, 40, 24, COUNTED(24, 1, 1, 0, 0)), OK(1, 16)},
	{"R10 ZPCI_UTIL without string", DEV(36, 36, 24, COUNTED(24, 3, 1, 0, 0)), OK(1, 12)},
	{"R10 ZPCI_PFIP, odd number of bytes", DEV(39, 39, 24, COUNTED(24, 4, 1, 0, 3)), OK(1, 15)},
	{"R10 ZPCI_BASE version 1", DEV(56, 56, 24, CAP(24, 1, 1, 0)), OK(1, 32)},
	{"R10 ZPCI_BASE version 2", DEV(60, 60, 24, CAP(24, 1, 2, 0)), OK(1, 36)},
	{"R10 ZPCI_BASE version 2 in the bytes of version 1", DEV(56, 56, 24, CAP(24, 1, 2, 0)),
	 BAD(PAYLOAD_OOB, 24, 0, 0, 8)},
	{"R10 ZPCI_GROUP version 1", DEV(63, 63, 24, CAP(24, 2, 1, 0)), OK(1, 39)},
	{"R10 ZPCI_GROUP version 2", DEV(66, 66, 24, CAP(24, 2, 2, 0)), OK(1, 42)},
	{"R10 PCI_ATOMIC_COMP", DEV(40, 40, 24, CAP(24, 5, 1, 0)), OK(1, 16)},
	{"R10 NVLINK2_SSATGT", REG(48, 48, 32, CAP(32, 4, 1, 0)), OK(1, 16)},
	{"R10 NVLINK2_LNKSPD needs its pad", REG(47, 47, 32, CAP(32, 5, 1, 0)),
	 BAD(PAYLOAD_OOB, 32, 0, 0, 8)},
	{"R10 MIGRATION", IOM(56, 56, 24, CAP(24, 2, 1, 0)), OK(1, 32)},
	{"R10 DMA_AVAIL", IOM(36, 36, 24, CAP(24, 3, 1, 0)), OK(1, 12)},
	{"R10 fixed payload cut off", REG(47, 48, 32, CAP(32, 2, 1, 0)), CUT_AFTER(0, 8)},
	{"R10 fixed payload cut off, but longer than argsz", REG(46, 47, 32, CAP(32, 2, 1, 0)),
	 BAD(PAYLOAD_OOB, 32, 0, 0, 8)},
	{"R10 count cut off", REG(43, 44, 32, COUNTED(32, 1, 1, 0, 99)), CUT_AFTER(0, 8)},
	{"R10 count field out of bounds, however large",
	 REG(43, 43, 32, COUNTED(32, 1, 1, 0, UINT32_MAX)), BAD(PAYLOAD_OOB, 32, 0, 0, 8)},
	{"R10 elements cut off", REG(63, 64, 32, COUNTED(32, 1, 1, 0, 1)), CUT_AFTER(0, 12)},
	{"R10 elements cut off, but more than argsz", REG(62, 63, 32, COUNTED(32, 1, 1, 0, 1)),
	 BAD(PAYLOAD_OOB, 32, 0, 0, 12)},
	{"R10 one area too many", REG(64, 64, 32, COUNTED(32, 1, 1, 0, 2)),
	 BAD(PAYLOAD_OOB, 32, 0, 0, 12)},
	{"R10 pairs end 16 below 2^32", REG(64, 64, 32, COUNTED(32, 1, 1, 0, 0x0ffffffc)),
	 BAD(PAYLOAD_OOB, 32, 0, 0, 12)},
	{"R10 pairs end 16 below 2^32, argsz there",
	 REG(64, 0xfffffff0, 32, COUNTED(32, 1, 1, 0, 0x0ffffffc)), CUT_AFTER(0, 12)},
	{"R10 pairs end 16 below 2^32, argsz one less",
	 REG(64, 0xffffffef, 32, COUNTED(32, 1, 1, 0, 0x0ffffffc)), BAD(PAYLOAD_OOB, 32, 0, 0, 12)},
	{"R10 pairs end at 2^32", REG(64, 64, 32, COUNTED(32, 1, 1, 0, 0x0ffffffd)),
	 BAD(COUNT_OVERFLOW, 32, 0, 0, 12)},
	{"R10 pairs end at 2^32, argsz all ones",
	 REG(64, UINT32_MAX, 32, COUNTED(32, 1, 1, 0, 0x0ffffffd)),
	 BAD(COUNT_OVERFLOW, 32, 0, 0, 12)},
	{"R10 a higher offset reaches 2^32 sooner",
	 REG(64, 64, 48, COUNTED(48, 1, 1, 0, 0x0ffffffc)), BAD(COUNT_OVERFLOW, 48, 0, 0, 12)},
	{"R10 ranges end 8 below 2^32", IOM(64, 64, 24, COUNTED(24, 1, 1, 0, 0x0ffffffd)),
	 BAD(PAYLOAD_OOB, 24, 0, 0, 12)},
	{"R10 ranges end 8 above 2^32", IOM(64, 64, 24, COUNTED(24, 1, 1, 0, 0x0ffffffe)),
	 BAD(COUNT_OVERFLOW, 24, 0, 0, 12)},
	{"R10 count times 16 is 0 in 32 bits", REG(64, 64, 32, COUNTED(32, 1, 1, 0, 0x10000000)),
	 BAD(COUNT_OVERFLOW, 32, 0, 0, 12)},
	{"R10 count times 16 is 16 in 32 bits", REG(64, 64, 32, COUNTED(32, 1, 1, 0, 0x10000001)),
	 BAD(COUNT_OVERFLOW, 32, 0, 0, 12)},
	{"R10 the end is the offset in 32 bits", REG(64, 64, 32, COUNTED(32, 1, 1, 0, 0x0fffffff)),
	 BAD(COUNT_OVERFLOW, 32, 0, 0, 12)},
	{"R10 pairs count all ones", IOM(64, 64, 24, COUNTED(24, 1, 1, 0, UINT32_MAX)),
	 BAD(COUNT_OVERFLOW, 24, 0, 0, 12)},
	{"R10 pairs count negative", REG(64, 64, 32, COUNTED(32, 1, 1, 0, 0x80000000)),
	 BAD(COUNT_OVERFLOW, 32, 0, 0, 12)},
	{"R10 bytes end 1 below 2^32", DEV(64, 64, 24, COUNTED(24, 3, 1, 0, 0xffffffdb)),
	 BAD(PAYLOAD_OOB, 24, 0, 0, 12)},
	{"R10 bytes end 1 below 2^32, argsz there",
	 DEV(64, UINT32_MAX, 24, COUNTED(24, 3, 1, 0, 0xffffffdb)), CUT_AFTER(0, 12)},
	{"R10 bytes end at 2^32", DEV(64, 64, 24, COUNTED(24, 3, 1, 0, 0xffffffdc)),
	 BAD(COUNT_OVERFLOW, 24, 0, 0, 12)},
	{"R10 bytes end at 2^32, argsz all ones",
	 DEV(64, UINT32_MAX, 24, COUNTED(24, 4, 1, 0, 0xffffffdc)),
	 BAD(COUNT_OVERFLOW, 24, 0, 0, 12)},
	{"R10 bytes count all ones", DEV(64, 64, 24, COUNTED(24, 4, 1, 0, UINT32_MAX)),
	 BAD(COUNT_OVERFLOW, 24, 0, 0, 12)},
	{"R10 second capability, prefix kept", REG(64, 64, 32, CAP(32, 2, 1, 56), CAP(56, 2, 1, 0)),
	 BAD(PAYLOAD_OOB, 56, 32, 1, 24)},
	{"R10 second capability cut off", REG(64, 72, 32, CAP(32, 2, 1, 56), CAP(56, 2, 1, 0)),
	 CUT_AFTER(1, 24)},
	{"R10 a bad payload hides the loop behind it", REG(47, 47, 32, CAP(32, 2, 1, 32)),
	 BAD(PAYLOAD_OOB, 32, 0, 0, 8)},

	{"R11 unknown id has no payload", REG(40, 40, 32, CAP(32, 9, 1, 0)), OK(1, 8),
	 CAP_NOTES(N(UNKNOWN_ID))},
	{"R11 id 0 is unknown", REG(40, 40, 32, CAP(32, 0, 1, 0)), OK(1, 8),
	 CAP_NOTES(N(UNKNOWN_ID))},
	{"R11 unknown id of any version",
	 REG(64, 64, 32, CAP(32, 9, 0, 40), CAP(40, 10, 0xffff, 0)), OK(2, 16),
	 CAP_NOTES(N(UNKNOWN_ID), N(UNKNOWN_ID))},
	{"R11 ids are 16 bits wide", REG(64, 64, 32, CAP(32, 0x0101, 1, 40), CAP(40, 0xffff, 1, 0)),
	 OK(2, 16), CAP_NOTES(N(UNKNOWN_ID), N(UNKNOWN_ID))},
	{"R11 an id belongs to one kind: device", DEV(64, 64, 24, CAP(24, 6, 1, 0)), OK(1, 8),
	 CAP_NOTES(N(UNKNOWN_ID))},
	{"R11 an id belongs to one kind: iommu",
	 IOM(64, 64, 24, CAP(24, 4, 1, 40), CAP(40, 3, 1, 0)), OK(2, 20),
	 CAP_NOTES(N(UNKNOWN_ID), 0)},
	{"R11 ZPCI_BASE version 3 is read as version 2", DEV(60, 60, 24, CAP(24, 1, 3, 0)),
	 OK(1, 36), CAP_NOTES(N(NEWER_VERSION))},
	{"R11 ZPCI_BASE version 3 needs the bytes of version 2", DEV(59, 59, 24, CAP(24, 1, 3, 0)),
	 BAD(PAYLOAD_OOB, 24, 0, 0, 8)},
	{"R11 largest version", REG(64, 64, 32, COUNTED(32, 1, 0xffff, 0, 1)), OK(1, 32),
	 CAP_NOTES(N(NEWER_VERSION))},
	{"R11 newer bare header", REG(40, 40, 32, CAP(32, 3, 2, 0)), OK(1, 8),
	 CAP_NOTES(N(NEWER_VERSION))},
	{"R11 version 0 has no payload", DEV(32, 32, 24, CAP(24, 1, 0, 0)), OK(1, 8),
	 CAP_NOTES(N(VERSION_ZERO))},
	{"R11 version 0 has no count", REG(64, 64, 32, COUNTED(32, 1, 0, 0, UINT32_MAX)), OK(1, 8),
	 CAP_NOTES(N(VERSION_ZERO))},
	{"R11 bare header of version 0", REG(40, 40, 32, CAP(32, 3, 0, 0)), OK(1, 8),
	 CAP_NOTES(N(VERSION_ZERO))},

	{"R12 duplicate", REG(64, 64, 32, CAP(32, 2, 1, 48), CAP(48, 2, 1, 0)), OK(2, 32),
	 CAP_NOTES(0, N(DUPLICATE_ID))},
	{"R12 three of a kind",
	 REG(64, 64, 32, CAP(32, 3, 1, 40), CAP(40, 3, 1, 48), CAP(48, 3, 1, 0)), OK(3, 24),
	 CAP_NOTES(0, N(DUPLICATE_ID), N(DUPLICATE_ID))},
	{"R12 duplicate with another between",
	 REG(64, 64, 32, CAP(32, 3, 1, 40), CAP(40, 2, 1, 56), CAP(56, 3, 1, 0)), OK(3, 32),
	 CAP_NOTES(0, 0, N(DUPLICATE_ID))},
	{"R12 duplicate of another version", REG(64, 64, 32, CAP(32, 3, 0, 40), CAP(40, 3, 1, 0)),
	 OK(2, 16), CAP_NOTES(N(VERSION_ZERO), N(DUPLICATE_ID))},
	{"R12 version 0 is a duplicate too", REG(64, 64, 32, CAP(32, 3, 1, 40), CAP(40, 3, 0, 0)),
	 OK(2, 16), CAP_NOTES(0, N(DUPLICATE_ID) | N(VERSION_ZERO))},
	{"R12 in chain order, not in memory order",
	 REG(64, 64, 40, CAP(40, 3, 1, 32), CAP(32, 3, 1, 0)), OK(2, 16),
	 CAP_NOTES(0, N(DUPLICATE_ID) | N(BACKWARD))},
	{"R12 unknown ids may repeat", REG(64, 64, 32, CAP(32, 9, 1, 40), CAP(40, 9, 1, 0)),
	 OK(2, 16), CAP_NOTES(N(UNKNOWN_ID), N(UNKNOWN_ID))},
	{"R12 ids 64 apart differ", REG(64, 64, 32, CAP(32, 3, 1, 40), CAP(40, 67, 1, 0)),
	 OK(2, 16), CAP_NOTES(0, N(UNKNOWN_ID))},

	{"R13 header inside a payload", REG(64, 64, 32, CAP(32, 2, 1, 40), CAP(40, 3, 1, 0)),
	 OK(2, 24), CAP_NOTES(0, N(OVERLAP))},
	{"R13 header after a payload", REG(64, 64, 32, CAP(32, 2, 1, 48), CAP(48, 3, 1, 0)),
	 OK(2, 24)},
	{"R13 one byte shared", REG(64, 64, 32, CAP(32, 9, 1, 39), CAP(39, 0x0900, 1, 0)),
	 OK(2, 16), CAP_NOTES(N(UNKNOWN_ID), N(MISALIGNED) | N(UNKNOWN_ID) | N(OVERLAP))},
	{"R13 one byte shared, backward", REG(64, 64, 40, CAP(40, 0x0900, 1, 33), CAP(33, 9, 1, 0)),
	 OK(2, 16),
	 CAP_NOTES(N(UNKNOWN_ID), N(MISALIGNED) | N(UNKNOWN_ID) | N(BACKWARD) | N(OVERLAP))},
	{"R13 payload runs into an earlier header",
	 REG(64, 64, 40, CAP(40, 3, 1, 32), CAP(32, 2, 1, 0)), OK(2, 24),
	 CAP_NOTES(0, N(BACKWARD) | N(OVERLAP))},
	{"R13 payload ends at an earlier header",
	 REG(64, 64, 48, CAP(48, 3, 1, 32), CAP(32, 2, 1, 0)), OK(2, 24),
	 CAP_NOTES(0, N(BACKWARD))},
	{"R13 header in the last element",
	 REG(72, 72, 32, COUNTED(32, 1, 1, 56, 1), CAP(56, 3, 1, 64), CAP(64, 9, 1, 0)), OK(3, 48),
	 CAP_NOTES(0, N(OVERLAP), N(UNKNOWN_ID))},
	{"R13 last payload byte of ZPCI_GROUP version 1",
	 DEV(72, 72, 24, CAP(24, 2, 1, 62), CAP(62, 9, 1, 0)), OK(2, 47),
	 CAP_NOTES(0, N(MISALIGNED) | N(UNKNOWN_ID) | N(OVERLAP))},
	{"R13 right after ZPCI_GROUP version 1",
	 DEV(72, 72, 24, CAP(24, 2, 1, 63), CAP(63, 9, 1, 0)), OK(2, 47),
	 CAP_NOTES(0, N(MISALIGNED) | N(UNKNOWN_ID))},
	{"R13 an unknown id spans its header", REG(64, 64, 32, CAP(32, 9, 1, 40), CAP(40, 3, 1, 0)),
	 OK(2, 16), CAP_NOTES(N(UNKNOWN_ID), 0)},
	{"R13 a version 0 spans its header", REG(64, 64, 32, CAP(32, 2, 0, 40), CAP(40, 3, 1, 0)),
	 OK(2, 16), CAP_NOTES(N(VERSION_ZERO), 0)},
	{"R13 a newer version spans the newest known",
	 DEV(72, 72, 24, CAP(24, 1, 3, 60), CAP(60, 9, 1, 0)), OK(2, 44),
	 CAP_NOTES(N(NEWER_VERSION), N(ALIGN4) | N(UNKNOWN_ID))},
	{"R13 ZPCI_BASE version 1 leaves the field of version 2 free",
	 DEV(72, 72, 24, CAP(24, 1, 1, 56), CAP(56, 9, 1, 0)), OK(2, 40),
	 CAP_NOTES(0, N(UNKNOWN_ID))},
	{"R13 with the first, not the one before",
	 REG(72, 72, 32, CAP(32, 2, 1, 56), CAP(56, 3, 1, 40), CAP(40, 9, 1, 0)), OK(3, 32),
	 CAP_NOTES(0, 0, N(BACKWARD) | N(UNKNOWN_ID) | N(OVERLAP))},
	{"R13 the overlap of a rejected capability is not kept",
	 REG(52, 52, 32, CAP(32, 2, 1, 40), CAP(40, 2, 1, 0)), BAD(PAYLOAD_OOB, 40, 32, 1, 24)},

	{"Linux 6.1 IOMMU_GET_INFO",
	 IOM(116, 116, 24, CAP(24, 2, 1, 56), CAP(56, 3, 1, 68), COUNTED(68, 1, 1, 0, 2)),
	 OK(3, 92), CAP_NOTES(0, 0, N(ALIGN4))},
	{"Linux 6.12 IOMMU_GET_INFO",
	 IOM(120, 120, 24, CAP(24, 2, 1, 56), CAP(56, 3, 1, 72), COUNTED(72, 1, 1, 0, 2)),
	 OK(3, 92)},
	{"Linux 6.1 REGION_GET_INFO, argsz too small", REG(32, 40, 0), CUT},
	{"mbochs REGION_GET_INFO, argsz too small", REG(32, 48, 32), CUT},
	{"mbochs REGION_GET_INFO, payload missing", REG(40, 48, 32, CAP(32, 2, 1, 0)),
	 CUT_AFTER(0, 8)},
};

/*
 * One range that a reading needs, in the order in which it needs them: it ends at @end and belongs
 * to the capability at @at, which @from links to. @rule is what it breaks; HEADER_STRADDLE stands
 * for all three rules of R7. @ncaps and @visited are what a reading has when it stops here.
 */
struct edge {
	uint32_t at;
	uint32_t from;
	uint32_t end;
	enum rule rule;
	size_t ncaps;
	uint64_t visited;
};

/* A chain that is fine when nothing is missing, and every edge of it; the edges end with end 0. */
struct sample {
	const char *name;
	struct image image;
	struct edge edges[EDGES_MAX + 1];
	enum verdict verdict;
	size_t ncaps;
	uint64_t visited;
};

#define EDGES(...) .edges = {__VA_ARGS__}
#define EDGE(at_, from_, bytes, rule_, ncaps_, visited_)                                           \
	{                                                                                          \
		at_, from_, (at_) + (bytes), rule_, ncaps_, visited_                               \
	}
#define HEADER(at_, from_, ncaps_, visited_)                                                       \
	EDGE(at_, from_, 8, RULE_HEADER_STRADDLE, ncaps_, visited_)
#define PAYLOAD(at_, from_, bytes, ncaps_, visited_)                                               \
	EDGE(at_, from_, bytes, RULE_PAYLOAD_OOB, ncaps_, visited_)

static const struct sample samples[] = {
	{"device, bare fixed fields", CLEAR(DEVICE, 24, 0, 24), ABSENT},
	{"region, bare fixed fields", CLEAR(REGION, 32, 0, 32), ABSENT},
	{"iommu, bare fixed fields", CLEAR(IOMMU, 24, 0, 24), ABSENT},
	{"bare header", REG(40, 0, 32, CAP(32, 3, 1, 0)), EDGES(HEADER(32, 0, 0, 0)), OK(1, 8)},
	{"unknown id", DEV(28, 0, 20, CAP(20, 9, 1, 0)), EDGES(HEADER(20, 0, 0, 0)), OK(1, 8)},
	{"version 0", IOM(28, 0, 20, CAP(20, 1, 0, 0)), EDGES(HEADER(20, 0, 0, 0)), OK(1, 8)},
	{"payload of 16 bytes", REG(48, 0, 32, CAP(32, 2, 1, 0)),
	 EDGES(HEADER(32, 0, 0, 0), PAYLOAD(32, 0, 16, 0, 8)), OK(1, 16)},
	{"payload of 39 bytes", DEV(63, 0, 24, CAP(24, 2, 1, 0)),
	 EDGES(HEADER(24, 0, 0, 0), PAYLOAD(24, 0, 39, 0, 8)), OK(1, 39)},
	{"payload of 42 bytes", DEV(66, 0, 24, CAP(24, 2, 2, 0)),
	 EDGES(HEADER(24, 0, 0, 0), PAYLOAD(24, 0, 42, 0, 8)), OK(1, 42)},
	{"no areas", REG(48, 0, 32, CAP(32, 1, 1, 0)),
	 EDGES(HEADER(32, 0, 0, 0), PAYLOAD(32, 0, 12, 0, 8), PAYLOAD(32, 0, 16, 0, 12)),
	 OK(1, 16)},
	{"two areas", REG(80, 0, 32, COUNTED(32, 1, 1, 0, 2)),
	 EDGES(HEADER(32, 0, 0, 0), PAYLOAD(32, 0, 12, 0, 8), PAYLOAD(32, 0, 48, 0, 12)),
	 OK(1, 48)},
	{"no string", DEV(36, 0, 24, CAP(24, 3, 1, 0)),
	 EDGES(HEADER(24, 0, 0, 0), PAYLOAD(24, 0, 12, 0, 8)), OK(1, 12)},
	{"string of 5", DEV(41, 0, 24, COUNTED(24, 3, 1, 0, 5)),
	 EDGES(HEADER(24, 0, 0, 0), PAYLOAD(24, 0, 12, 0, 8), PAYLOAD(24, 0, 17, 0, 12)),
	 OK(1, 17)},
	{"Linux 6.1 iommu",
	 IOM(116, 0, 24, CAP(24, 2, 1, 56), CAP(56, 3, 1, 68), COUNTED(68, 1, 1, 0, 2)),
	 EDGES(HEADER(24, 0, 0, 0), PAYLOAD(24, 0, 32, 0, 8), HEADER(56, 24, 1, 32),
	       PAYLOAD(56, 24, 12, 1, 40), HEADER(68, 56, 2, 44), PAYLOAD(68, 56, 12, 2, 52),
	       PAYLOAD(68, 56, 48, 2, 56)),
	 OK(3, 92)},
	{"backward", REG(72, 0, 48, CAP(48, 2, 1, 32), CAP(32, 2, 1, 64), CAP(64, 9, 1, 0)),
	 EDGES(HEADER(48, 0, 0, 0), PAYLOAD(48, 0, 16, 0, 8), HEADER(32, 48, 1, 16),
	       PAYLOAD(32, 48, 16, 1, 24), HEADER(64, 32, 2, 32)),
	 OK(3, 40)},
};

/* The exact bytes of one capability's payload and what is read from them. */
struct store {
	uint8_t at;
	uint8_t width;
	uint64_t value;
};

struct decode_row {
	const char *name;
	enum info_kind kind;
	uint16_t id;
	uint16_t version;
	struct store stores[10];
	bool decoded;
	uint32_t count;
	uint64_t hash;
	uint64_t field[INFO_FIELDS];
};

#define HAS(kind_, id_, version_, ...)                                                             \
	.kind = INFO_##kind_, .id = (id_), .version = (version_), .stores = {__VA_ARGS__}
#define FIELDS(...)		.decoded = true, .field = {__VA_ARGS__}
#define ELEMENTS(count_, hash_) .decoded = true, .count = (count_), .hash = (hash_)
#define UNDECODED		.decoded = false

#define STORE(at_, width_, value_)                                                                 \
	{                                                                                          \
		at_, width_, value_                                                                \
	}
#define BASE(last)                                                                                 \
	STORE(8, 8, 1), STORE(16, 8, 2), STORE(24, 2, 3), STORE(26, 2, 4), STORE(28, 2, 5),        \
		STORE(30, 1, 6), STORE(31, 1, 7), STORE(32, 4, last)
#define GROUP                                                                                      \
	STORE(8, 8, 1), STORE(16, 8, 2), STORE(24, 8, 3), STORE(32, 2, 4), STORE(34, 2, 5),        \
		STORE(36, 2, 6), STORE(38, 1, 7), STORE(39, 1, 99), STORE(40, 2, 8)

/* Bytes that no store names are 0xa5; hashes were computed apart, from the text of parser.h. */
static const struct decode_row decode_rows[] = {
	{"ZPCI_BASE version 0", HAS(DEVICE, 1, 0, BASE(8)), UNDECODED},
	{"ZPCI_BASE version 1", HAS(DEVICE, 1, 1, BASE(8)), FIELDS(1, 2, 3, 4, 5, 6, 7)},
	{"ZPCI_BASE version 2", HAS(DEVICE, 1, 2, BASE(0xdeadbeef)),
	 FIELDS(1, 2, 3, 4, 5, 6, 7, 0xdeadbeef)},
	{"ZPCI_BASE version 3", HAS(DEVICE, 1, 3, BASE(8)), FIELDS(1, 2, 3, 4, 5, 6, 7, 8)},
	{"ZPCI_BASE, all ones",
	 HAS(DEVICE, 1, 1, {8, 8, UINT64_MAX}, {16, 8, UINT64_MAX}, {24, 8, UINT64_MAX}),
	 FIELDS(UINT64_MAX, UINT64_MAX, 0xffff, 0xffff, 0xffff, 0xff, 0xff)},
	{"ZPCI_GROUP version 1", HAS(DEVICE, 2, 1, GROUP), FIELDS(1, 2, 3, 4, 5, 6, 7)},
	{"ZPCI_GROUP version 2", HAS(DEVICE, 2, 2, GROUP), FIELDS(1, 2, 3, 4, 5, 6, 7, 8)},
	{"ZPCI_UTIL", HAS(DEVICE, 3, 1, {8, 4, 3}, {12, 1, 0xc1}, {13, 1, 0xc2}, {14, 1, 0xff}),
	 ELEMENTS(3, 0x83bba9dd45283e55)},
	{"ZPCI_UTIL, empty", HAS(DEVICE, 3, 1, {8, 4, 0}), ELEMENTS(0, 0xcbf29ce484222325)},
	{"ZPCI_PFIP", HAS(DEVICE, 4, 1, {8, 4, 1}, {12, 1, 0}), ELEMENTS(1, 0xf8bb92c91b3f5cc0)},
	{"ZPCI_PFIP version 9", HAS(DEVICE, 4, 9, {8, 4, 1}, {12, 1, 0}),
	 ELEMENTS(1, 0xf8bb92c91b3f5cc0)},
	{"PCI_ATOMIC_COMP", HAS(DEVICE, 5, 1, {8, 4, 7}, {12, 4, 1}), FIELDS(7)},
	{"SPARSE_MMAP", HAS(REGION, 1, 1, {8, 4, 1}, {12, 4, 77}, {16, 8, 0x1000}, {24, 8, 0x2000}),
	 ELEMENTS(1, 0x711086bcd545d1bf)},
	{"SPARSE_MMAP, two areas",
	 HAS(REGION, 1, 1, {8, 4, 2}, {16, 8, 1}, {24, 8, 2}, {32, 8, 3}, {40, 8, 4}),
	 ELEMENTS(2, 0x7ce31d6363cb5993)},
	{"SPARSE_MMAP, one empty area", HAS(REGION, 1, 1, {8, 4, 1}, {16, 8, 0}, {24, 8, 0}),
	 ELEMENTS(1, 0x860389c57a9c1205)},
	{"SPARSE_MMAP, no area", HAS(REGION, 1, 1, {8, 4, 0}), ELEMENTS(0, 0xcbf29ce484222325)},
	{"SPARSE_MMAP version 0", HAS(REGION, 1, 0, {8, 4, 1}), UNDECODED},
	{"TYPE", HAS(REGION, 2, 1, {8, 4, 0x80008086}, {12, 4, 3}), FIELDS(0x80008086, 3)},
	{"MSIX_MAPPABLE", HAS(REGION, 3, 1, {8, 4, 1}), FIELDS(0)},
	{"NVLINK2_SSATGT", HAS(REGION, 4, 1, {8, 8, 0xfedcba9876543210}),
	 FIELDS(0xfedcba9876543210)},
	{"NVLINK2_LNKSPD", HAS(REGION, 5, 1, {8, 4, 0x80000000}, {12, 4, 5}), FIELDS(0x80000000)},
	{"IOVA_RANGE",
	 HAS(IOMMU, 1, 1, {8, 4, 2}, {16, 8, 0}, {24, 8, 0xfedfffff}, {32, 8, 0xfef00000},
	     {40, 8, 0x7fffffffff}),
	 ELEMENTS(2, 0x99d22b9ed2ccc988)},
	{"MIGRATION",
	 HAS(IOMMU, 2, 1, {8, 4, 1}, {12, 4, 99}, {16, 8, 0x1000}, {24, 8, 0x10000000000}),
	 FIELDS(1, 0x1000, 0x10000000000)},
	{"DMA_AVAIL", HAS(IOMMU, 3, 1, {8, 4, 65535}, {12, 4, 9}), FIELDS(65535)},
	{"unknown id", HAS(IOMMU, 9, 1, {8, 4, 65535}), UNDECODED},
};

/* Where the readable bytes end, and the readings that all tests share. */
static uint8_t *guard;
static struct spec *spec;
static struct spec *other;

/* Room to build a buffer in; what a link puts past INFO_LEN_MAX lands in the slack. */
static uint8_t built[INFO_LEN_MAX + 64];

/* Copies @len bytes of @from to right before the guard page. */
static const uint8_t *at_guard(const uint8_t *from, size_t len)
{
	if (len == 0)
		return guard;
	return memcpy(guard - len, from, len);
}

static void put(uint32_t at, unsigned int width, uint64_t value)
{
	layout_store(built + at, width, value);
}

/* Builds @image in built[]; bytes that nothing names count up, so that none looks like another. */
static void build(const struct image *image)
{
	const struct layout_info *const layout = &layout_infos[image->kind];

	for (uint32_t i = 0; i < image->len + 64; i++)
		built[i] = (uint8_t)(i * 7 + 129);
	put(0, 4, image->argsz);
	put(4, 4, image->clear ? ~layout->caps_flag : layout->caps_flag);
	put(layout->cap_offset_at, 4, image->cap_offset);
	for (size_t i = 0; i < CAPS_MAX && image->caps[i].at; i++)
		put(image->caps[i].at + 8, 4, image->caps[i].count);
	for (size_t i = 0; i < CAPS_MAX && image->caps[i].at; i++) {
		put(image->caps[i].at, 2, image->caps[i].id);
		put(image->caps[i].at + 2, 2, image->caps[i].version);
		put(image->caps[i].at + 4, 4, image->caps[i].next);
	}
}

/* What holds of the answer to any bytes at all. */
static void assert_sound(const struct spec *read, size_t len, uint32_t argsz)
{
	uint32_t notes = read->notes & N(FLAG_WITHOUT_CHAIN);
	uint32_t from = 0;

	assert_int_equal(read->argsz, len < 4 ? 0 : argsz);
	assert_int_equal(read->bound, read->argsz < len ? read->argsz : len);
	assert_in_range(read->verdict, VERDICT_OK, VERDICT_REJECT);
	assert_int_equal(read->need, read->verdict == VERDICT_TRUNCATED ? argsz : 0);
	assert_true(read->verdict != VERDICT_TRUNCATED || read->need > len);
	assert_int_equal(read->rule != RULE_NONE, read->verdict == VERDICT_REJECT);
	assert_true(read->verdict == VERDICT_REJECT || (read->at == 0 && read->from == 0));
	assert_int_equal(read->verdict == VERDICT_OK && read->ncaps == 0, 0);
	assert_true(read->verdict != VERDICT_ABSENT || read->ncaps == 0);
	assert_true(read->visited >= 8 * read->ncaps);
	for (size_t i = 0; i < read->ncaps; i++) {
		assert_true((uint64_t)read->caps[i].cap.offset + 8 <= read->bound);
		assert_int_equal(read->caps[i].from, from);
		from = read->caps[i].cap.offset;
		notes |= read->caps[i].notes;
	}
	assert_int_equal(read->notes, notes);
}

/* Reads every shorter buffer, once with the reply's argsz and once with the length as argsz. */
static void read_all_truncations(enum info_kind kind, size_t len)
{
	const uint32_t argsz = (uint32_t)layout_load(built, 4);

	for (size_t cut = 0; cut < len; cut++) {
		put(0, 4, argsz);
		spec_read(at_guard(built, cut), cut, kind, spec);
		assert_sound(spec, cut, argsz);
		put(0, 4, cut);
		spec_read(at_guard(built, cut), cut, kind, spec);
		assert_sound(spec, cut, (uint32_t)cut);
	}
	put(0, 4, argsz);
}

/* The class that the design's list of odd notes gives, without NOTES_ODD. */
static enum buffer_class expected_class(enum verdict verdict, uint32_t notes)
{
	const uint32_t odd = N(FLAG_WITHOUT_CHAIN) | N(MISALIGNED) | N(NEWER_VERSION) |
			     N(VERSION_ZERO) | N(DUPLICATE_ID) | N(OVERLAP);

	if (verdict == VERDICT_TRUNCATED)
		return CLASS_TRUNCATED;
	if (verdict == VERDICT_REJECT)
		return CLASS_MALFORMED;
	return notes & odd ? CLASS_ODD : CLASS_PLAIN;
}

static void assert_delivered(const struct spec *read, const struct link *links, size_t ncaps)
{
	assert_int_equal(read->ncaps, ncaps);
	for (size_t i = 0; i < ncaps; i++) {
		assert_int_equal(read->caps[i].cap.offset, links[i].at);
		assert_int_equal(read->caps[i].cap.id, links[i].id);
		assert_int_equal(read->caps[i].cap.version, links[i].version);
		assert_int_equal(read->caps[i].from, i ? links[i - 1].at : 0);
	}
}

static void test_row(void **state)
{
	const struct row *const row = *state;
	const struct image *const image = &row->image;
	uint32_t notes = row->buffer_notes;

	build(image);
	spec_read(at_guard(built, image->len), image->len, image->kind, spec);
	assert_sound(spec, image->len, image->argsz);
	assert_string_equal(verdict_name(spec->verdict), verdict_name(row->verdict));
	assert_string_equal(rule_name(spec->rule), rule_name(row->rule));
	assert_int_equal(spec->at, row->at);
	assert_int_equal(spec->from, row->from);
	assert_int_equal(spec->visited, row->visited);
	assert_delivered(spec, image->caps, row->ncaps);
	for (size_t i = 0; i < row->ncaps; i++) {
		assert_int_equal(spec->caps[i].notes, row->cap_notes[i]);
		notes |= row->cap_notes[i];
	}
	assert_int_equal(spec->notes, notes);
	assert_int_equal(spec->class, expected_class(row->verdict, notes));
	read_all_truncations(image->kind, image->len);
}

static void assert_reject(enum rule rule, uint32_t at, uint32_t from)
{
	assert_string_equal(verdict_name(spec->verdict), "reject");
	assert_string_equal(rule_name(spec->rule), rule_name(rule));
	assert_int_equal(spec->at, at);
	assert_int_equal(spec->from, from);
}

/* R1 to R4 for a sample at one len and argsz. Returns whether a chain can be read. */
static bool assert_start(const struct image *image, uint32_t len, uint32_t argsz)
{
	const uint32_t minsz = image->kind == INFO_REGION ? 32 : 16;
	const uint32_t covers = image->kind == INFO_REGION ? 16 : 20;

	if (len < minsz) {
		assert_reject(RULE_SHORT_BUFFER, 0, 0);
	} else if (argsz < minsz) {
		assert_reject(RULE_SHORT_ARGSZ, 0, 0);
	} else if (image->clear) {
		assert_int_equal(spec->verdict, argsz > len ? VERDICT_TRUNCATED : VERDICT_ABSENT);
	} else if (len < covers || argsz < covers) {
		if (argsz > len)
			assert_int_equal(spec->verdict, VERDICT_TRUNCATED);
		else
			assert_reject(RULE_SHORT_ARGSZ, 0, 0);
	} else {
		return true;
	}
	assert_int_equal(spec->ncaps, 0);
	assert_int_equal(spec->visited, 0);
	return false;
}

/* The first edge past the bound decides. */
static void assert_edges(const struct sample *sample, uint32_t bound, uint32_t argsz)
{
	size_t i = 0;
	const struct edge *edge;

	while (sample->edges[i].end && sample->edges[i].end <= bound)
		i++;
	if (sample->edges[i].end == 0) {
		assert_int_equal(spec->verdict, sample->verdict);
		assert_int_equal(spec->visited, sample->visited);
		assert_delivered(spec, sample->image.caps, sample->ncaps);
		return;
	}
	edge = &sample->edges[i];
	if (edge->end <= argsz)
		assert_int_equal(spec->verdict, VERDICT_TRUNCATED);
	else if (edge->rule == RULE_HEADER_STRADDLE && edge->at >= bound)
		assert_reject(edge->from ? RULE_NEXT_OOB : RULE_OFFSET_OOB, edge->at, edge->from);
	else
		assert_reject(edge->rule, edge->at, edge->from);
	assert_int_equal(spec->visited, edge->visited);
	assert_delivered(spec, sample->image.caps, edge->ncaps);
}

static void test_sample(void **state)
{
	const struct sample *const sample = *state;
	const uint32_t full = sample->image.len;

	build(&sample->image);
	for (uint32_t len = 0; len <= full + 2; len++) {
		for (uint32_t step = 0; step <= full + 5; step++) {
			/* The last two steps are the far end of argsz. */
			const uint32_t argsz = step <= full + 3 ? step : UINT32_MAX - (step & 1);

			put(0, 4, argsz);
			spec_read(at_guard(built, len), len, sample->image.kind, spec);
			assert_sound(spec, len, argsz);
			if (assert_start(&sample->image, len, argsz))
				assert_edges(sample, len < argsz ? len : argsz, argsz);
		}
	}
}

static void test_decode(void **state)
{
	const struct decode_row *const row = *state;

	/* Every offset modulo 8 that a capability can have, and every alignment in memory. */
	for (uint32_t at = 32; at < 40; at++) {
		const uint32_t len = at + 64;
		const struct image image = {row->kind, len,   len,
					    at,	       false, {{at, row->id, row->version, 0, 0}}};
		const struct info_cap *cap;

		build(&image);
		memset(built + at + 8, 0xa5, 56);
		for (size_t i = 0; i < COUNT_OF(row->stores) && row->stores[i].at; i++)
			put(at + row->stores[i].at, row->stores[i].width, row->stores[i].value);
		spec_read(at_guard(built, len), len, row->kind, spec);
		assert_int_equal(spec->verdict, VERDICT_OK);
		assert_delivered(spec, image.caps, 1);
		cap = &spec->caps[0].cap;
		assert_int_equal(cap->decoded, row->decoded);
		assert_int_equal(cap->count, row->count);
		assert_true(cap->hash == row->hash);
		for (size_t i = 0; i < INFO_FIELDS; i++)
			assert_true(cap->field[i] == row->field[i]);
	}
}

/* Headers of unknown capabilities, @stride apart, each but the last linked to the one after it. */
static uint32_t build_run(uint32_t len, uint32_t stride, uint32_t last_next)
{
	const struct image bare = {INFO_IOMMU, len, len, 24, false, {}};
	uint32_t at = 24;

	build(&bare);
	for (; at + stride + 8 <= len; at += stride) {
		put(at, 4, 0xffff);
		put(at + 4, 4, at + stride);
	}
	put(at, 4, 0xffff);
	put(at + 4, 4, last_next);
	return at;
}

static void test_longest_chain(void **state)
{
	const uint32_t len = INFO_LEN_MAX;
	const uint32_t last = build_run(len, 8, 0);

	(void)state;
	assert_int_equal(last, len - 8);
	spec_read(at_guard(built, len), len, INFO_IOMMU, spec);
	assert_int_equal(spec->verdict, VERDICT_OK);
	assert_int_equal(spec->ncaps, 8189);
	assert_int_equal(spec->visited, 8189 * 8);
	assert_int_equal(spec->notes, N(UNKNOWN_ID));
	assert_int_equal(spec->class, CLASS_PLAIN);

	/* The same with its last capability linked to every place that matters. */
	put(last + 4, 4, last);
	spec_read(at_guard(built, len), len, INFO_IOMMU, spec);
	assert_reject(RULE_LOOP, last, last);
	put(last + 4, 4, 24);
	spec_read(at_guard(built, len), len, INFO_IOMMU, spec);
	assert_reject(RULE_LOOP, 24, last);
	put(last + 4, 4, len - 7);
	spec_read(at_guard(built, len), len, INFO_IOMMU, spec);
	assert_reject(RULE_HEADER_STRADDLE, len - 7, last);
	put(last + 4, 4, len);
	spec_read(at_guard(built, len), len, INFO_IOMMU, spec);
	assert_reject(RULE_NEXT_OOB, len, last);
	assert_int_equal(spec->ncaps, 8189);
}

/* Each next is the id and version of the capability it points to: headers every 4 bytes. */
static void test_densest_chain(void **state)
{
	const struct image bare = {INFO_IOMMU, INFO_LEN_MAX, INFO_LEN_MAX, 24, false, {}};

	(void)state;
	build(&bare);
	for (uint32_t at = 24; at < INFO_LEN_MAX - 4; at += 4)
		put(at, 4, at);
	put(INFO_LEN_MAX - 4, 4, 0);
	spec_read(at_guard(built, INFO_LEN_MAX), INFO_LEN_MAX, INFO_IOMMU, spec);
	assert_int_equal(spec->verdict, VERDICT_OK);
	assert_int_equal(spec->ncaps, (INFO_LEN_MAX - 8 - 24) / 4 + 1);
	assert_int_equal(spec->notes, N(UNKNOWN_ID) | N(ALIGN4) | N(OVERLAP));
	assert_int_equal(spec->caps[0].notes, N(UNKNOWN_ID));
	assert_int_equal(spec->caps[1].notes, N(UNKNOWN_ID) | N(ALIGN4) | N(OVERLAP));
}

/* A payload up to the last byte of the longest buffer, and one byte more. */
static void test_longest_payload(void **state)
{
	const struct image image = {INFO_DEVICE,  INFO_LEN_MAX,
				    INFO_LEN_MAX, 24,
				    false,	  {COUNTED(24, 3, 1, 0, INFO_LEN_MAX - 36)}};

	(void)state;
	build(&image);
	spec_read(at_guard(built, INFO_LEN_MAX), INFO_LEN_MAX, INFO_DEVICE, spec);
	assert_int_equal(spec->verdict, VERDICT_OK);
	assert_int_equal(spec->visited, INFO_LEN_MAX - 24);
	put(32, 4, INFO_LEN_MAX - 35);
	spec_read(at_guard(built, INFO_LEN_MAX), INFO_LEN_MAX, INFO_DEVICE, spec);
	assert_reject(RULE_PAYLOAD_OOB, 24, 0);
}

/* What a reading remembers of offsets and bytes must not reach the next one, of any size. */
static void test_readings_start_afresh(void **state)
{
	(void)state;
	for (uint32_t len = 32; len <= 4096; len += 8) {
		for (int twice = 0; twice < 2; twice++) {
			build_run(len, 8, 0);
			spec_read(at_guard(built, len), len, INFO_IOMMU, spec);
			assert_int_equal(spec->verdict, VERDICT_OK);
			assert_int_equal(spec->notes, N(UNKNOWN_ID));
			assert_int_equal(spec->ncaps, (len - 24) / 8);
		}
	}
	build_run(INFO_LEN_MAX, 8, 0);
	spec_read(at_guard(built, INFO_LEN_MAX), INFO_LEN_MAX, INFO_IOMMU, spec);
	build_run(64, 8, 0);
	spec_read(at_guard(built, 64), 64, INFO_IOMMU, spec);
	build_run(INFO_LEN_MAX, 8, 0);
	spec_read(at_guard(built, INFO_LEN_MAX), INFO_LEN_MAX, INFO_IOMMU, spec);
	assert_int_equal(spec->verdict, VERDICT_OK);
	assert_int_equal(spec->notes, N(UNKNOWN_ID));
}

/* A second reading leaves the first one's answer as it was. */
static void test_two_readings(void **state)
{
	const uint32_t last = build_run(256, 8, 24);
	struct spec_cap kept[29];
	struct spec before;

	(void)state;
	spec_read(at_guard(built, 256), 256, INFO_IOMMU, spec);
	assert_int_equal(spec->ncaps, COUNT_OF(kept));
	memcpy(&before, spec, sizeof(before));
	memcpy(kept, spec->caps, sizeof(kept));

	build_run(512, 16, 0);
	spec_read(at_guard(built, 512), 512, INFO_IOMMU, other);
	assert_int_equal(other->verdict, VERDICT_OK);
	assert_ptr_not_equal(other->caps, spec->caps);
	assert_memory_equal(spec, &before, sizeof(before));
	assert_memory_equal(spec->caps, kept, sizeof(kept));
	assert_reject(RULE_LOOP, 24, last);
}

static void test_free_nothing(void **state)
{
	(void)state;
	spec_free(NULL);
}

static uint32_t random_state = 0x2545f491;

static uint32_t random_below(uint32_t end)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % end;
}

/* Mostly sound links, ids, versions and counts after a mostly sound start, and a few that are not.
 */
static void build_noise(enum info_kind kind, uint32_t len)
{
	const uint32_t argsz = random_below(2) ? len : len - 32 + random_below(96);
	const uint32_t first = layout_infos[kind].end + random_below(8);
	const uint32_t cap_offset = random_below(8) ? first : random_below(len + 4);
	const struct image bare = {kind, len, argsz, cap_offset, false, {}};
	uint32_t next;

	build(&bare);
	for (uint32_t at = first; at + 8 <= len; at = next) {
		next = at + 8 + 4 * random_below(12) + !random_below(8);
		put(at + 8, 4, random_below(4));
		put(at, 2, random_below(7));
		put(at + 2, 2, random_below(4));
		put(at + 4, 4, random_below(5) ? next : random_below(len + 16));
		if (!random_below(4))
			put(at + 4, 4, 0);
	}
}

static void assert_same(const struct spec *one, const struct spec *two)
{
	assert_int_equal(one->verdict, two->verdict);
	assert_int_equal(one->rule, two->rule);
	assert_int_equal(one->at, two->at);
	assert_int_equal(one->from, two->from);
	assert_int_equal(one->notes, two->notes);
	assert_int_equal(one->class, two->class);
	assert_int_equal(one->visited, two->visited);
	assert_int_equal(one->ncaps, two->ncaps);
	for (size_t i = 0; i < one->ncaps; i++) {
		assert_int_equal(one->caps[i].notes, two->caps[i].notes);
		assert_int_equal(one->caps[i].cap.count, two->caps[i].cap.count);
		assert_true(one->caps[i].cap.hash == two->caps[i].cap.hash);
		assert_memory_equal(one->caps[i].cap.field, two->caps[i].cap.field,
				    sizeof(one->caps[i].cap.field));
	}
}

/* Also: bytes at and past the bound are not this reply's, so they change nothing. */
static void test_noise(void **state)
{
	size_t verdicts[VERDICTS] = {0};

	(void)state;
	for (int i = 0; i < 60000; i++) {
		const enum info_kind kind = (enum info_kind)(i % INFO_KINDS);
		const uint32_t len = 32 + random_below(160);
		uint32_t argsz;

		build_noise(kind, len);
		argsz = (uint32_t)layout_load(built, 4);
		spec_read(at_guard(built, len), len, kind, spec);
		assert_sound(spec, len, argsz);
		verdicts[spec->verdict]++;
		if (argsz >= 32 && argsz < len)
			memset(built + argsz, 0x5a, len - argsz);
		spec_read(at_guard(built, len), len, kind, other);
		assert_sound(other, len, argsz);
		assert_same(spec, other);
		if (i % 16 == 0)
			read_all_truncations(kind, len);
	}
	/* Noise that only ever ended one way would prove little. */
	assert_true(verdicts[VERDICT_OK] > 3000);
	assert_true(verdicts[VERDICT_TRUNCATED] > 3000);
	assert_true(verdicts[VERDICT_REJECT] > 3000);
}

static int set_up(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *const window = mmap(NULL, INFO_LEN_MAX + page, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	if (window == MAP_FAILED || mprotect(window + INFO_LEN_MAX, page, PROT_NONE))
		return -1;
	guard = window + INFO_LEN_MAX;
	spec = spec_new();
	other = spec_new();
	return spec && other ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	spec_free(spec);
	spec_free(other);
	return 0;
}

static struct CMUnitTest row_test(const char *name, CMUnitTestFunction test, const void *row)
{
	/* cmocka's state is not const; the tests only read it. */
	return (struct CMUnitTest){
		.name = name, .test_func = test, .initial_state = (void *)(uintptr_t)row};
}

int main(void)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(test_longest_chain),
		cmocka_unit_test(test_densest_chain),
		cmocka_unit_test(test_longest_payload),
		cmocka_unit_test(test_readings_start_afresh),
		cmocka_unit_test(test_two_readings),
		cmocka_unit_test(test_free_nothing),
		cmocka_unit_test(test_noise),
	};
	static struct CMUnitTest tests[COUNT_OF(rows) + COUNT_OF(samples) + COUNT_OF(decode_rows) +
				       COUNT_OF(single)];
	size_t n = 0;

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		tests[n++] = row_test(rows[i].name, test_row, &rows[i]);
	for (size_t i = 0; i < COUNT_OF(samples); i++)
		tests[n++] = row_test(samples[i].name, test_sample, &samples[i]);
	for (size_t i = 0; i < COUNT_OF(decode_rows); i++)
		tests[n++] = row_test(decode_rows[i].name, test_decode, &decode_rows[i]);
	memcpy(tests + n, single, sizeof(single));
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
