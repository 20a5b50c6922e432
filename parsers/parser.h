/* SPDX-License-Identifier: MIT */
/*
 * The contract between a parser and whatever runs it.
 *
 * A parser is one program's way of reading a VFIO INFO buffer, restated as a function: it gets a
 * raw pointer, the length the caller owns and the kind of INFO struct, and answers how it ended.
 * Each capability it takes from the chain it hands over with walk_deliver(). It may follow raw
 * pointers into the buffer as carelessly as the program it stands for; it must not write to the
 * buffer, must not call libc's malloc, must hold no lock or file, and must keep no INFO bytes on
 * its stack: memory for copies and tables comes from walk_alloc(), and a read "as the kernel reads
 * user memory" is walk_copy_in(). It may be stopped at any load and never resumed.
 *
 * Nothing here depends on who runs the parser: the walk_* functions are the host's.
 */
#ifndef PARSERS_PARSER_H
#define PARSERS_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A row of a table, for macros that are one: the releases of clang-format lay out a macro that begins
 * with a brace each in a way of its own.
 */
/* clang-format off */
#define INFO_ROW(...) {__VA_ARGS__}
/* clang-format on */

/* The longest INFO buffer, in bytes, that a host hands to a parser. */
#define INFO_LEN_MAX 65536u

/* The most parsers that a host runs side by side. */
#define INFO_PARSERS_MAX 128

/*
 * Which INFO struct a buffer starts with. Those that an ioctl fills come first: what knows ioctls
 * knows these alone. CONTRIBUTING.md says what another kind costs.
 */
enum info_kind {
	INFO_DEVICE,
	INFO_REGION,
	INFO_IOMMU,
	INFO_IOCTL_KINDS,
	INFO_PCI = INFO_IOCTL_KINDS,
	INFO_PCIE,
	INFO_KINDS
};

/* How a walk ended: what a parser says, then what only its host can see. */
enum verdict {
	VERDICT_OK,
	VERDICT_ABSENT,
	VERDICT_TRUNCATED,
	VERDICT_REJECT,
	VERDICT_ABSTAIN,
	VERDICT_OOB,
	VERDICT_STALE,
	VERDICT_RUNAWAY,
	VERDICT_WROTE,
	VERDICT_CRASH,
	VERDICTS
};

/* Room for the scalar payload fields of one capability; the widest has 8. */
#define INFO_FIELDS 12

/*
 * One delivered capability. @offset counts from the start of the INFO buffer. Where @decoded is
 * false nothing after it counts. @field holds the scalar payload fields in the order of
 * layout.h, without reserved and pad fields and without the element count; fields that the
 * capability's version lacks are zero. @count elements (areas, ranges, string bytes) are kept as
 * @hash alone: start at INFO_HASH_START, then info_hash() over each element's values in order.
 */
struct info_cap {
	uint32_t offset;
	uint16_t id;
	uint16_t version;
	bool decoded;
	uint32_t count;
	uint64_t hash;
	uint64_t field[INFO_FIELDS];
};

#define INFO_HASH_START 0xcbf29ce484222325u

/* Folds one 64-bit value into a running hash of elements. */
static inline uint64_t info_hash(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
	return hash ^ (hash >> 32);
}

/* Bytes of the longest reason, its NUL included. */
#define INFO_REASON_MAX 64

/*
 * A parser's answer: one of VERDICT_OK .. VERDICT_ABSTAIN. @need is the argsz to ask for next, only with
 * VERDICT_TRUNCATED. @reason is a static string, only with VERDICT_REJECT: NULL, or lower case letters, digits
 * and dashes, the name of a rule (RULES.md, section 2) where one fits. What is none of this is no answer: it
 * is named `no-such-verdict` or `no-such-reason`, and breaks the parser's promise.
 */
struct info_answer {
	enum verdict verdict;
	uint32_t need;
	const char *reason;
};

static inline struct info_answer answer(enum verdict verdict)
{
	const struct info_answer made = {verdict, 0, NULL};

	return made;
}

static inline struct info_answer answer_truncated(uint32_t need)
{
	const struct info_answer made = {VERDICT_TRUNCATED, need, NULL};

	return made;
}

static inline struct info_answer answer_reject(const char *reason)
{
	const struct info_answer made = {VERDICT_REJECT, 0, reason};

	return made;
}

/*
 * What a parser promises. trusting: it is right on plain buffers. safe: the same, and never a fault on
 * any buffer; what is not plain it may refuse. hardened: a safe and right answer on every buffer. The
 * numbers are part of the contract.
 */
enum info_trust { INFO_TRUSTING, INFO_HARDENED, INFO_SAFE, INFO_TRUSTS };

/*
 * Who chose the bytes that the program reads: the kernel, a peer process (vfio-user), a device or what
 * emulates one, or a file. Only the kernel is trusted by contract.
 */
enum info_source {
	INFO_FROM_KERNEL,
	INFO_FROM_PEER,
	INFO_FROM_DEVICE,
	INFO_FROM_FILE,
	INFO_SOURCES
};

/*
 * list: reads to the end of the chain; lookup: looks for ids, each lookup stops at its match; outcome: what it
 * takes it does not hand over, as one that fills a struct of its program's, so its verdict alone is held.
 */
enum info_style { INFO_LIST, INFO_LOOKUP, INFO_OUTCOME, INFO_STYLES };

/*
 * Elements that a program leaves out by intent, and is right: areas without bytes (where none is left it may
 * leave out the capability), and all ranges and areas but the largest. Ids that it leaves out are not in .ids.
 */
enum info_drops { INFO_DROPS_EMPTY = 1 << 0, INFO_DROPS_SMALLER = 1 << 1 };

/*
 * What a parser claims stays as it was when a buffer is changed in a way that should change
 * nothing; fuzz/judge/relations.h says how each is put to the test. A hardened parser that names none
 * claims all, another one from outside this tree that names none a second reading.
 */
enum info_claim {
	INFO_CLAIM_SLACK = 1 << 0,  /* bytes after the chain */
	INFO_CLAIM_SHIFT = 1 << 1,  /* where the chain stands, by multiples of 8 bytes */
	INFO_CLAIM_ORDER = 1 << 2,  /* the order in memory; the links stay */
	INFO_CLAIM_CUT = 1 << 3,    /* a shorter buffer never delivers more */
	INFO_CLAIM_UNREAD = 1 << 4, /* bytes that a right reading has no use for */
	INFO_CLAIM_AGAIN = 1 << 5,  /* a second reading */
	INFO_CLAIM_ALL = (1 << 6) - 1,
};

/*
 * Sets of capability ids, one bit an id. INFO_ID() takes ids 1 to 62. INFO_ALL_IDS stands for
 * every id there is, also those past 62.
 */
#define INFO_ID(id)  (UINT64_C(1) << (id))
#define INFO_ALL_IDS UINT64_MAX

static inline bool info_has_id(uint64_t set, uint16_t id)
{
	return set == INFO_ALL_IDS || (id < 63 && (set & INFO_ID(id)));
}

/* What a parser reads of one kind: @ids it delivers (0: does not read this kind), @decodes of them.
 */
struct info_reads {
	enum info_style style;
	uint64_t ids;
	uint64_t decodes;
};

/* What the parser asks of the host while it walks. Opaque to parsers. */
struct walk;

/**
 * struct info_parser - one way to read INFO buffers
 * @name: unique, lower case with dashes, of a program's own reader with its version (qemu@7.2); stands in
 *	verdicts, buckets and file names
 * @summary: one line for lists
 * @trust: what the parser promises
 * @source: who writes what it reads
 * @claims: INFO_CLAIM_* bits; 0: all of a hardened parser, none of another (INFO_CLAIM_AGAIN where
 *	it is from outside). One that is not hardened is held to them on plain buffers
 * @fixed_size: bytes of the fixed buffer its program uses, or 0. Such a parser reads, and is judged
 *	on, a zero-padded buffer of that size; a longer input is cut, its argsz left as it is
 * @reads: per kind, what it delivers and decodes
 * @read: reads @len bytes at @info; any alignment, @len 0 to INFO_LEN_MAX
 * @open: NULL, or for a parser that not every build and machine has: asked before the first walk of
 *	a process, outside of any. Returns NULL, or one line that says why it cannot be used here;
 *	then it abstains. It costs a system call a walk, so targets run it on a share of buffers,
 *	and what has to be the same everywhere (lines of verdicts, signatures) leaves it out
 * @ahead: NULL, or told of the @count buffers that it will most likely be asked to read next, of
 *	@kind and of lens[i] bytes, so that many can be read at once. An answer stays that of the
 *	bytes that @read gets. With @count 0 the next of them will not be asked for
 * @newest: the newest version of anything that its program knows: what came later it decodes as
 *	that, without the fields that were added since, and is right. 0: every version there is
 * @drops: per kind, INFO_DROPS_* bits of what it leaves out of what it decodes
 */
struct info_parser {
	const char *name;
	const char *summary;
	enum info_trust trust;
	enum info_source source;
	uint32_t claims;
	uint32_t fixed_size;
	struct info_reads reads[INFO_KINDS];
	struct info_answer (*read)(struct walk *walk, const void *info, uint32_t len,
				   enum info_kind kind);
	const char *(*open)(void);
	void (*ahead)(enum info_kind kind, size_t count, const uint8_t *const infos[],
		      const uint32_t lens[]);
	uint32_t newest;
	uint32_t drops[INFO_KINDS];
};

/* Hands one capability to the host, in the order in which the program takes them. */
void walk_deliver(struct walk *walk, const struct info_cap *cap);

/*
 * Takes back the capability with @id that was delivered last, if there is one: for a program in
 * which a later one replaces an earlier one.
 */
void walk_forget(struct walk *walk, uint16_t id);

/*
 * Scratch memory for copies and tables: @size bytes, 16-byte aligned, every byte 0xc7, gone when
 * the walk ends. Returns NULL for 0 bytes and for an absurd size (above 1 MiB), as malloc might.
 * A store past its end ends the walk with VERDICT_WROTE, a load with VERDICT_OOB; a walk that asks
 * for too many of them ends with VERDICT_RUNAWAY.
 */
void *walk_alloc(struct walk *walk, size_t size);

/*
 * Copies @size bytes at @offset of the INFO buffer to @dst, as copy_from_user() would: one read of
 * the caller's bytes, any alignment. Returns 0, or -1 where the range is not wholly inside the
 * buffer; then nothing was copied and the parser answers reject "efault".
 */
int walk_copy_in(struct walk *walk, void *dst, uint32_t offset, size_t size);

/*
 * Says that the parser read @size bytes at @offset, for one whose loads no hook sees: it tells all of them, or
 * none, and is then taken to read everything.
 */
void walk_tell_load(struct walk *walk, uint32_t offset, uint32_t size);

/*
 * Ends the walk as @signal would, which the program dies of outside of the buffer: a store through
 * the null pointer that a failed allocation left, for one. A real signal is the same verdict, and
 * a hundred times as slow.
 */
__attribute__((noreturn)) void walk_crash(struct walk *walk, int signal);

/*
 * Keeps @len bytes at @text as what the parser says of why it is about to end by a signal: a panic's
 * message and place, for one.
 */
void walk_panicked(const char *text, size_t len);

/*
 * Every registered parser, sorted by name; parsers/registry.h is the one list. An adapter from
 * outside joins it before main(), and nothing changes it after that.
 */
extern const struct info_parser *const *info_parsers;
extern size_t info_parser_count;

/* What an adapter outside this tree defines: see parsers/own/. */
extern const struct info_parser capchain_parser;

#ifdef __cplusplus
}
#endif

#endif
