/* SPDX-License-Identifier: MIT */
/*
 * Holds parsers/include/bounded.h to the reference: hold() reads one buffer with both, without the sandbox,
 * and fails the cmocka test that runs unless they say the same of it:
 *
 *   verdict    status, rule name, argsz, bound, and the link that could not be followed
 *   chain      every capability by vb_next(), again after vb_rewind(), and by vb_find()
 *   payloads   every vb_get_*() call on every capability, also where it has to refuse
 *   steps      vb_step() by hand ends as vb_begin() does, in time
 *
 * Each buffer ends where an unreadable page begins, at any alignment, so one load past len is a
 * SIGSEGV. A test that defines VB_LOAD and HOLD_INFO before it includes this file has the same
 * comparison through its own accessor.
 *
 * When hold() fails, it prints the buffer and both answers. Find out from RULES.md, section 2,
 * which of the two misreads a rule, never by comparing the code.
 */
#ifndef FUZZ_PARSERS_BOUNDED_HOLD_H
#define FUZZ_PARSERS_BOUNDED_HOLD_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../parsers/include/bounded.h"
#include "../../parsers/layout.h"
#include "../judge/spec.h"
#include "../sandbox/result.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* What vb_begin() is given: the buffer itself. */
#ifndef HOLD_INFO
#define HOLD_INFO subject.bytes
#endif

/* The buffer that is held, where buffers end, its reference and the vb_step() calls it took. */
static struct {
	const uint8_t *bytes;
	size_t len;
	enum info_kind kind;
	uint8_t *guard;
	struct spec *spec;
	uint32_t steps;
} subject;

static const enum vb_kind vb_kinds[INFO_IOCTL_KINDS] = {
	[INFO_DEVICE] = VB_DEVICE,
	[INFO_REGION] = VB_REGION,
	[INFO_IOMMU] = VB_IOMMU,
};

static const enum vb_status status_of_verdict[VERDICT_REJECT] = {
	[VERDICT_OK] = VB_OK,
	[VERDICT_ABSENT] = VB_ABSENT,
	[VERDICT_TRUNCATED] = VB_TRUNCATED,
};

static const enum vb_status status_of_rule[RULE_COUNT] = {
	[RULE_SHORT_BUFFER] = VB_SHORT_BUFFER,
	[RULE_SHORT_ARGSZ] = VB_SHORT_ARGSZ,
	[RULE_INTO_HEADER] = VB_INTO_HEADER,
	[RULE_OFFSET_OOB] = VB_OFFSET_OOB,
	[RULE_NEXT_OOB] = VB_NEXT_OOB,
	[RULE_HEADER_STRADDLE] = VB_HEADER_STRADDLE,
	[RULE_LOOP] = VB_LOOP,
	[RULE_COUNT_OVERFLOW] = VB_COUNT_OVERFLOW,
	[RULE_PAYLOAD_OOB] = VB_PAYLOAD_OOB,
};

/* Results are filled with this before a call, to see whether it wrote them. */
static const uint8_t unwritten[256] = {[0 ... 255] = 0xa5};

static inline bool is_unwritten(const void *result, size_t size)
{
	return memcmp(result, unwritten, size) == 0;
}

/*
 * One capability's scalar payload by its own call: 1 with the fields in the order of info_cap, 0
 * where the call refused, -1 where it refused and wrote its result all the same. @... puts what it
 * got into field[slot++].
 */
#define TAKE(name, call, type, ...)                                                                \
	static inline int take_##name(const struct vb_chain *chain, const struct vb_cap *cap,      \
				      uint64_t *field)                                             \
	{                                                                                          \
		size_t slot = 0;                                                                   \
		type got;                                                                          \
                                                                                                   \
		memcpy(&got, unwritten, sizeof(got));                                              \
		if (!call(chain, cap, &got))                                                       \
			return is_unwritten(&got, sizeof(got)) ? 0 : -1;                           \
		__VA_ARGS__                                                                        \
		return slot != 0;                                                                  \
	}
#define TAKE_VALUE(name) field[slot++] = got.name;
#define TAKE_SPACE(name)
#define TAKE_FIELD(cap, name, at, width, role, version) TAKE_##role(name)

TAKE(base, vb_get_zpci_base, struct vb_zpci_base, LAYOUT_ZPCI_BASE(TAKE_FIELD))
TAKE(group, vb_get_zpci_group, struct vb_zpci_group, LAYOUT_ZPCI_GROUP(TAKE_FIELD))
TAKE(atomic, vb_get_atomic, vb_u32, field[slot++] = got;)
TAKE(type, vb_get_type, struct vb_type, LAYOUT_TYPE(TAKE_FIELD))
TAKE(tgt, vb_get_nvlink2_tgt, vb_u64, field[slot++] = got;)
TAKE(speed, vb_get_nvlink2_speed, vb_u32, field[slot++] = got;)
TAKE(migration, vb_get_migration, struct vb_migration, LAYOUT_MIGRATION(TAKE_FIELD))
TAKE(avail, vb_get_dma_avail, vb_u32, field[slot++] = got;)

static const struct scalar_call {
	enum info_kind kind;
	uint16_t id;
	int (*take)(const struct vb_chain *chain, const struct vb_cap *cap, uint64_t *ret_field);
} scalar_calls[] = {
	{INFO_DEVICE, CAP_ID_ZPCI_BASE, take_base},
	{INFO_DEVICE, CAP_ID_ZPCI_GROUP, take_group},
	{INFO_DEVICE, CAP_ID_PCI_ATOMIC_COMP, take_atomic},
	{INFO_REGION, CAP_ID_TYPE, take_type},
	{INFO_REGION, CAP_ID_NVLINK2_SSATGT, take_tgt},
	{INFO_REGION, CAP_ID_NVLINK2_LNKSPD, take_speed},
	{INFO_IOMMU, CAP_ID_MIGRATION, take_migration},
	{INFO_IOMMU, CAP_ID_DMA_AVAIL, take_avail},
};

/* The same of element @i; its values are folded into @hash. */
#define TAKE_ELEMENT(name, call, type, folded)                                                     \
	static inline int take_##name(const struct vb_chain *chain, const struct vb_cap *cap,      \
				      uint32_t i, uint64_t *hash)                                  \
	{                                                                                          \
		type got;                                                                          \
                                                                                                   \
		memcpy(&got, unwritten, sizeof(got));                                              \
		if (!call(chain, cap, i, &got))                                                    \
			return is_unwritten(&got, sizeof(got)) ? 0 : -1;                           \
		*hash = folded;                                                                    \
		return 1;                                                                          \
	}

TAKE_ELEMENT(area, vb_get_area, struct vb_area, info_hash(info_hash(*hash, got.offset), got.size))
TAKE_ELEMENT(range, vb_get_range, struct vb_range, info_hash(info_hash(*hash, got.start), got.end))
TAKE_ELEMENT(byte, vb_get_zpci_byte, vb_u8, info_hash(*hash, got))

static const struct element_call {
	enum info_kind kind;
	uint16_t ids[2];
	int (*take)(const struct vb_chain *chain, const struct vb_cap *cap, uint32_t i,
		    uint64_t *hash);
} element_calls[] = {
	{INFO_DEVICE, {CAP_ID_ZPCI_UTIL, CAP_ID_ZPCI_PFIP}, take_byte},
	{INFO_REGION, {CAP_ID_SPARSE_MMAP, CAP_ID_SPARSE_MMAP}, take_area},
	{INFO_IOMMU, {CAP_ID_IOVA_RANGE, CAP_ID_IOVA_RANGE}, take_range},
};

/* Each *_differs() says what differs, or NULL. */

static inline const char *scalars_differ(const struct vb_chain *chain, const struct vb_cap *cap,
					 const struct info_cap *want)
{
	uint64_t field[INFO_FIELDS] = {0};

	for (size_t i = 0; i < COUNT_OF(scalar_calls); i++) {
		const struct scalar_call *const call = &scalar_calls[i];
		const int due = call->kind == subject.kind && call->id == want->id && want->decoded;

		if (call->take(chain, cap, field) != due)
			return "whether a vb_get call answers";
	}
	return memcmp(field, want->field, sizeof(field)) ? "a payload field" : NULL;
}

static inline const char *elements_differ(const struct vb_chain *chain, const struct vb_cap *cap,
					  const struct info_cap *want)
{
	const struct layout_cap *const layout = layout_cap(subject.kind, want->id);
	uint64_t hash = want->decoded && layout->elements ? INFO_HASH_START : 0;

	for (size_t i = 0; i < COUNT_OF(element_calls); i++) {
		const struct element_call *const call = &element_calls[i];
		const bool due = call->kind == subject.kind && want->decoded &&
				 (call->ids[0] == want->id || call->ids[1] == want->id);
		const uint32_t count = due ? want->count : 0;

		for (uint32_t j = 0; j < count; j++)
			if (call->take(chain, cap, j, &hash) != 1)
				return "whether an element is there";
		if (call->take(chain, cap, count, &hash) || call->take(chain, cap, ~0u, &hash))
			return "whether there are more elements";
	}
	return hash != want->hash ? "an element" : NULL;
}

static inline bool same_cap(const struct vb_cap *cap, const struct info_cap *want)
{
	const struct layout_cap *const layout = layout_cap(subject.kind, want->id);
	uint16_t version = 0;

	if (want->decoded)
		version = want->version < layout->newest ? want->version : layout->newest;
	return cap->offset == want->offset && cap->id == want->id &&
	       cap->version == want->version && cap->layout == version && cap->count == want->count;
}

/* The offset that a truncated reading could not follow, which the reference does not keep. */
static inline uint32_t cut_link(void)
{
	const struct layout_info *const info = &layout_infos[subject.kind];
	const struct spec *const spec = subject.spec;

	if (spec->ncaps)
		return (uint32_t)layout_load(
			subject.bytes + spec->caps[spec->ncaps - 1].cap.offset + CAP_HEADER_next,
			4);
	if (!(layout_load(subject.bytes + INFO_AT_DEVICE_flags, 4) & info->caps_flag) ||
	    spec->bound < info->first.at + 4)
		return 0;
	return (uint32_t)layout_load(subject.bytes + info->first.at, 4);
}

static inline const char *verdict_differs(const struct vb_chain *chain)
{
	const struct spec *const spec = subject.spec;
	const bool reject = spec->verdict == VERDICT_REJECT;
	const bool cut = spec->verdict == VERDICT_TRUNCATED;
	const uint32_t last = spec->ncaps ? spec->caps[spec->ncaps - 1].cap.offset : 0;

	if (chain->status !=
	    (reject ? status_of_rule[spec->rule] : status_of_verdict[spec->verdict]))
		return "the verdict";
	if (strcmp(vb_name(chain->status),
		   reject ? rule_name(spec->rule) : verdict_name(spec->verdict)) != 0)
		return "the verdict's name";
	/* A buffer too short to read has no argsz for bounded.h, nor a bound. */
	if (spec->rule != RULE_SHORT_BUFFER &&
	    (chain->argsz != spec->argsz || chain->bound != spec->bound))
		return "argsz or bound";
	if (cut && (chain->argsz != spec->need || spec->need <= subject.len))
		return "the size to ask for";
	if (chain->count != spec->ncaps)
		return "the number of capabilities";
	if ((reject || cut) && chain->at != (cut ? cut_link() : spec->at))
		return "at";
	if ((reject || cut) && chain->from != (cut ? last : spec->from))
		return "from";
	return NULL;
}

static inline const char *caps_differ(struct vb_chain *chain, bool payloads)
{
	const struct spec *const spec = subject.spec;
	const char *differs = NULL;
	struct vb_cap cap;

	for (size_t i = 0; i < spec->ncaps && !differs; i++) {
		const struct info_cap *const want = &spec->caps[i].cap;

		if (!vb_next(chain, &cap))
			return "vb_next, which ends early";
		if (!same_cap(&cap, want))
			return "a capability";
		if (payloads)
			differs = scalars_differ(chain, &cap, want);
		if (payloads && !differs)
			differs = elements_differ(chain, &cap, want);
	}
	if (differs)
		return differs;
	memcpy(&cap, unwritten, sizeof(cap));
	return vb_next(chain, &cap) || !is_unwritten(&cap, sizeof(cap)) ? "vb_next, which goes on"
									: NULL;
}

static inline const char *find_differs(struct vb_chain *chain, uint16_t id)
{
	const struct spec *const spec = subject.spec;
	struct vb_cap cap;
	size_t i = 0;
	int found;

	while (i < spec->ncaps && spec->caps[i].cap.id != id)
		i++;
	memcpy(&cap, unwritten, sizeof(cap));
	found = vb_find(chain, id, &cap);
	if (i == spec->ncaps)
		return found || !is_unwritten(&cap, sizeof(cap)) ? "vb_find of no match" : NULL;
	return !found || !same_cap(&cap, &spec->caps[i].cap) ? "vb_find" : NULL;
}

/* Known ids and one more, the first and the last of the chain, and the largest there is. */
static inline const char *finds_differ(struct vb_chain *chain)
{
	const struct spec *const spec = subject.spec;
	const char *differs = find_differs(chain, UINT16_MAX);

	for (uint16_t id = 0; id <= 6 && !differs; id++)
		differs = find_differs(chain, id);
	if (spec->ncaps && !differs)
		differs = find_differs(chain, spec->caps[spec->ncaps - 1].cap.id);
	if (spec->ncaps && !differs)
		differs = find_differs(chain, spec->caps[0].cap.id);
	return differs;
}

/*
 * Drives vb_step() as a BPF program would, with two promises that keep every call below in time:
 * VB_STEPS() is an upper bound, and steps are linear in the capabilities.
 */
static inline const char *steps_differ(struct vb_chain *chain)
{
	int ended = vb_start(chain, HOLD_INFO, subject.len, vb_kinds[subject.kind]);
	const uint64_t linear = 5 * (uint64_t)subject.spec->ncaps + 8;
	const uint64_t promised = VB_STEPS(chain->bound);
	const uint64_t most = linear < promised ? linear : promised;
	struct vb_chain before;

	for (subject.steps = 0; !ended && subject.steps < most; subject.steps++)
		ended = vb_step(chain);
	if (!ended)
		return "the number of steps";
	before = *chain;
	if (vb_step(chain) != 1 || memcmp(chain, &before, sizeof(before)) != 0)
		return "a step after the last";
	return NULL;
}

static inline const char *reading_differs(void)
{
	struct vb_chain stepped;
	struct vb_chain chain;
	const char *differs;

	memcpy(&stepped, unwritten, sizeof(stepped));
	memcpy(&chain, unwritten, sizeof(chain));
	differs = steps_differ(&stepped);
	if (differs)
		return differs;
	if (vb_begin(&chain, HOLD_INFO, subject.len, vb_kinds[subject.kind]) != chain.status ||
	    memcmp(&chain, &stepped, sizeof(chain)) != 0)
		return "vb_begin and vb_step by hand";
	differs = verdict_differs(&chain);
	if (!differs)
		differs = caps_differ(&chain, true);
	if (!differs)
		differs = finds_differ(&chain);
	if (differs)
		return differs;
	/* From the middle of the chain as well as from its end. */
	vb_rewind(&chain);
	vb_next(&chain, &(struct vb_cap){0});
	vb_rewind(&chain);
	return caps_differ(&chain, false);
}

static inline void print_held(const struct vb_chain *chain)
{
	const struct spec *const spec = subject.spec;

	print_error("kind %s, len %zu, argsz %" PRIu32 "\n", info_kind_name(subject.kind),
		    subject.len, spec->argsz);
	print_error("spec.c:    %s %s at %" PRIu32 " from %" PRIu32 ", %zu capabilities\n",
		    verdict_name(spec->verdict), rule_name(spec->rule), spec->at, spec->from,
		    spec->ncaps);
	print_error("bounded.h: %s at %" PRIu32 " from %" PRIu32 ", %" PRIu32 " capabilities, %u "
		    "steps",
		    chain->status <= VB_PAYLOAD_OOB ? vb_name(chain->status) : "no status",
		    chain->at, chain->from, chain->count, subject.steps);
	for (size_t i = 0; i < subject.len && i < 512; i++)
		print_error("%s%02x", i % 16 ? " " : "\n", subject.bytes[i]);
	print_error("\n");
}

/* Holds @len bytes (0 to INFO_LEN_MAX) at @info. */
static inline void hold(const uint8_t *info, size_t len, enum info_kind kind)
{
	const char *differs;
	struct vb_chain chain;

	subject.bytes = memcpy(subject.guard - len, info, len);
	subject.len = len;
	subject.kind = kind;
	spec_read(subject.bytes, len, kind, subject.spec);
	differs = reading_differs();
	if (!differs)
		return;
	/* Only vb_step() is sure to come back here. */
	memset(&chain, 0, sizeof(chain));
	steps_differ(&chain);
	print_held(&chain);
	fail_msg("%s differs", differs);
}

/* cmocka's group set-up and tear-down. */

static inline int hold_open(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *const window = mmap(NULL, INFO_LEN_MAX + page, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	if (window == MAP_FAILED || mprotect(window + INFO_LEN_MAX, page, PROT_NONE))
		return -1;
	subject.guard = window + INFO_LEN_MAX;
	subject.spec = spec_new();
	return subject.spec ? 0 : -1;
}

static inline int hold_close(void **state)
{
	(void)state;
	spec_free(subject.spec);
	return 0;
}

#endif
