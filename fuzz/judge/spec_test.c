/* SPDX-License-Identifier: MIT */
/*
 * Tests of spec.c against answers worked out by hand from rules R1 to R14 of RULES.md: one buffer
 * and its whole answer each; the name starts with the rule it is about. Beside it:
 *
 *   spec_edge_test.c    one chain each, read at every len and every argsz around every edge
 *   spec_decode_test.c  payload fields, counts and hashes
 *   spec_chain_test.c   long chains, two readings at once, and 60000 buffers of noise
 *
 * Every reading is of a copy that ends where an unreadable page begins, and each row, each sample
 * and one chain of noise in 16 is read at every shorter length too: one load past len is a SIGSEGV.
 *
 * When a test fails, its name says which row. Read that rule in RULES.md; if the row is what the
 * rule says, spec.c is wrong. Add a row for every reading that anybody had to think about.
 */
#include "spec_build.h"

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
	{"R2 a whole chain of a known id",
	 .image = {INFO_REGION, 64, 64, 32, true, {COUNTED(32, 2, 1, 48, 7), CAP(48, 9, 1, 0)}},
	 ABSENT, .buffer_notes = N(CHAIN_WITHOUT_FLAG)},
	{"R2 a chain of an unknown id",
	 .image = {INFO_REGION, 64, 64, 32, true, {CAP(32, 9, 1, 0)}}, ABSENT},
	{"R2 a chain of an unknown id and a known one",
	 .image = {INFO_REGION, 64, 64, 32, true, {CAP(32, 9, 1, 40), CAP(40, 3, 1, 0)}}, ABSENT,
	 .buffer_notes = N(CHAIN_WITHOUT_FLAG)},
	{"R2 a chain that loops", .image = {INFO_REGION, 64, 64, 32, true, {CAP(32, 3, 1, 32)}},
	 ABSENT},
	{"R2 a chain past the reply", .image = {INFO_REGION, 64, 39, 32, true, {CAP(32, 3, 1, 0)}},
	 ABSENT},
	{"R2 a chain of a cut reply", .image = {INFO_REGION, 64, 65, 32, true, {CAP(32, 3, 1, 0)}},
	 CUT},
	{"R2 no room for cap_offset", CLEAR(DEVICE, 16, 16, 24), ABSENT},
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

	{"R10 SPARSE_MMAP", REG(64, 64, 32, COUNTED(32, 1, 1, 0, 1)), OK(1, 32),
	 CAP_NOTES(N(AREA_PAST_REGION))},
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
	{"R11 ZPCI_GROUP version 99 is read as version 2", DEV(66, 66, 24, CAP(24, 2, 99, 0)),
	 OK(1, 42), CAP_NOTES(N(NEWER_VERSION))},
	{"R11 ZPCI_GROUP version 99 needs the bytes of version 2",
	 DEV(65, 65, 24, CAP(24, 2, 99, 0)), BAD(PAYLOAD_OOB, 24, 0, 0, 8)},
	{"R11 largest version", REG(64, 64, 32, COUNTED(32, 1, 0xffff, 0, 1)), OK(1, 32),
	 CAP_NOTES(N(NEWER_VERSION) | N(AREA_PAST_REGION))},
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
	 DEV(80, 80, 24, CAP(24, 2, 99, 66), CAP(66, 9, 1, 0)), OK(2, 50),
	 CAP_NOTES(N(NEWER_VERSION), N(MISALIGNED) | N(UNKNOWN_ID))},
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
	 OK(3, 92), CAP_NOTES(0, 0, N(ALIGN4) | N(RANGES_UNSORTED) | N(RANGE_BACKWARDS))},
	{"Linux 6.12 IOMMU_GET_INFO",
	 IOM(120, 120, 24, CAP(24, 2, 1, 56), CAP(56, 3, 1, 72), COUNTED(72, 1, 1, 0, 2)),
	 OK(3, 92)},
	{"Linux 6.1 REGION_GET_INFO, argsz too small", REG(32, 40, 0), CUT},
	{"mbochs REGION_GET_INFO, argsz too small", REG(32, 48, 32), CUT},
	{"mbochs REGION_GET_INFO, payload missing", REG(40, 48, 32, CAP(32, 2, 1, 0)),
	 CUT_AFTER(0, 8)},
};

/* The class that RULES.md's table of odd notes gives, without NOTES_ODD. */
static enum buffer_class expected_class(enum verdict verdict, uint32_t notes)
{
	const uint32_t odd = N(FLAG_WITHOUT_CHAIN) | N(MISALIGNED) | N(NEWER_VERSION) |
			     N(VERSION_ZERO) | N(DUPLICATE_ID) | N(OVERLAP) | N(AREAS_OVERLAP);

	if (verdict == VERDICT_TRUNCATED)
		return CLASS_TRUNCATED;
	if (verdict == VERDICT_REJECT)
		return CLASS_MALFORMED;
	return notes & odd ? CLASS_ODD : CLASS_PLAIN;
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

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(rows)];

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		tests[i] = row_test(rows[i].name, test_row, &rows[i]);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
