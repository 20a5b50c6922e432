/* SPDX-License-Identifier: MIT */
/*
 * The space of small chains; see exhaust.h. Every choice is made into bytes once, when the space is
 * made; a buffer is then a few copies. A number is read as digits, one for each place that varies.
 *
 * When exhaust_test.c says that a buffer comes twice, two frames say the same of it: drop one.
 */
#include "exhaust.h"

#include <stdlib.h>
#include <string.h>

#include "../../parsers/layout.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Bytes of a slot, and of the longest fixed struct with what stands before the first slot. */
#define SLOT_MAX 40
#define HEAD_MAX 272

_Static_assert(HEAD_MAX + EXHAUST_CAPS_MAX * SLOT_MAX <= EXHAUST_LEN_MAX,
	       "the longest buffer fits");
#define INFO(kind, name, minsz, end, full, ...)                                                    \
	_Static_assert((full) + 8 <= HEAD_MAX, #name "'s struct is too long");
LAYOUT_KINDS(INFO)
#undef INFO

struct body {
	uint16_t id;
	uint16_t version;
	uint32_t count; /* what stands where a count does */
};

#define UNKNOWN_ID 77

#define BODIES 9
static const struct body bodies[INFO_IOCTL_KINDS][BODIES] = {
	[INFO_DEVICE] = {{CAP_ID_ZPCI_UTIL, 1, 0},
			 {CAP_ID_ZPCI_UTIL, 1, 28},
			 {CAP_ID_ZPCI_UTIL, 1, 29},
			 {CAP_ID_ZPCI_UTIL, 1, 0xffffffff},
			 {CAP_ID_ZPCI_UTIL, 2, 4},
			 {CAP_ID_ZPCI_BASE, 1, 0x1000},
			 {CAP_ID_ZPCI_BASE, 2, 0x1000},
			 {CAP_ID_PCI_ATOMIC_COMP, 0, 1},
			 {UNKNOWN_ID, 1, 0}},
	[INFO_REGION] = {{CAP_ID_SPARSE_MMAP, 1, 0},
			 {CAP_ID_SPARSE_MMAP, 1, 1},
			 {CAP_ID_SPARSE_MMAP, 1, 2},
			 {CAP_ID_SPARSE_MMAP, 1, 0x10000000},
			 {CAP_ID_SPARSE_MMAP, 2, 1},
			 {CAP_ID_TYPE, 1, 1},
			 {CAP_ID_MSIX_MAPPABLE, 1, 0},
			 {CAP_ID_TYPE, 0, 1},
			 {UNKNOWN_ID, 1, 0}},
	[INFO_IOMMU] = {{CAP_ID_IOVA_RANGE, 1, 0},
			{CAP_ID_IOVA_RANGE, 1, 1},
			{CAP_ID_IOVA_RANGE, 1, 2},
			{CAP_ID_IOVA_RANGE, 1, 0x10000000},
			{CAP_ID_IOVA_RANGE, 2, 1},
			{CAP_ID_MIGRATION, 1, 1},
			{CAP_ID_DMA_AVAIL, 1, 16},
			{CAP_ID_MIGRATION, 0, 1},
			{UNKNOWN_ID, 1, 0}},
};

/* Of another kind: every capability, each in its newest version, and an unknown one. */
static struct body other_body(enum info_kind kind, size_t i)
{
	for (size_t n = 0; n < layout_cap_count; n++)
		if (layout_caps[n].kind == kind && i-- == 0)
			return (struct body){layout_caps[n].id, layout_caps[n].newest, 0};
	return (struct body){UNKNOWN_ID, 1, 0};
}

static struct body body_of(enum info_kind kind, size_t i)
{
	return kind < INFO_IOCTL_KINDS ? bodies[kind][i] : other_body(kind, i);
}

/* Bytes from one slot to the next. */
static uint32_t slot_size(enum info_kind kind)
{
	return kind == INFO_DEVICE ? SLOT_MAX : 32;
}

/* 0, 8, two into the first slot, before the bound, len, argsz, far away; and the slots. */
#define LINKS_MAX   (8 + EXHAUST_CAPS_MAX)
#define CHOICES_MAX (BODIES * LINKS_MAX)

/* Where the first slot stands. */
enum base { BASE_FULL, BASE_ALIGN4, BASE_MISALIGNED };

/* A length: up to some place, and so many bytes more or fewer. */
enum place { TO_END, TO_LAST_SLOT, TO_MINSZ, TO_ZERO };

struct reach {
	enum place place;
	int64_t more;
};

#define WHOLE	   INFO_ROW(TO_END, 0)
#define MORE	   INFO_ROW(TO_END, 64)
#define IN_PAYLOAD INFO_ROW(TO_END, -12)
#define IN_HEADER  INFO_ROW(TO_LAST_SLOT, 4)
#define IN_OFFSET  INFO_ROW(TO_MINSZ, 2) /* of device and iommu: half of cap_offset */

/* What is there of base, flag and slots. */
static const struct {
	enum base base;
	bool caps;
	struct reach len;
	struct reach argsz;
} frames[] = {
	{BASE_FULL, true, WHOLE, WHOLE},
	{BASE_FULL, true, WHOLE, MORE},
	{BASE_FULL, true, WHOLE, IN_PAYLOAD},
	{BASE_FULL, true, WHOLE, IN_HEADER},
	{BASE_FULL, true, WHOLE, IN_OFFSET},
	{BASE_FULL, true, WHOLE, {TO_MINSZ, -1}},
	{BASE_FULL, true, WHOLE, {TO_ZERO, 0xffffffff}},
	{BASE_FULL, true, IN_PAYLOAD, WHOLE},
	{BASE_FULL, true, IN_PAYLOAD, IN_PAYLOAD},
	{BASE_FULL, true, IN_HEADER, WHOLE},
	{BASE_FULL, true, IN_HEADER, IN_HEADER},
	{BASE_FULL, true, IN_OFFSET, WHOLE},
	{BASE_FULL, true, {TO_MINSZ, 0}, {TO_MINSZ, 0}},
	{BASE_FULL, true, {TO_MINSZ, -1}, WHOLE},
	{BASE_FULL, false, WHOLE, WHOLE},
	{BASE_FULL, false, WHOLE, MORE},
	{BASE_ALIGN4, true, WHOLE, WHOLE},
	{BASE_ALIGN4, true, WHOLE, MORE},
	{BASE_ALIGN4, true, IN_PAYLOAD, WHOLE},
	{BASE_MISALIGNED, true, WHOLE, WHOLE},
	{BASE_MISALIGNED, true, IN_PAYLOAD, WHOLE},
};

_Static_assert(COUNT_OF(frames) <= EXHAUST_FRAMES_MAX, "each has its place in the space");

/* What is known of a frame while it is made. */
struct plan {
	enum info_kind kind;
	unsigned int nslots;
	bool caps;
	uint32_t base;
	uint32_t len;
	uint32_t argsz;
	uint32_t links[LINKS_MAX];
	size_t nlinks;
};

static uint32_t slot_at(const struct plan *plan, unsigned int slot)
{
	return plan->base + slot * slot_size(plan->kind);
}

static uint32_t base_of(enum info_kind kind, enum base base)
{
	const struct layout_info *const layout = &layout_infos[kind];

	switch (base) {
	case BASE_ALIGN4:
		/* Where kernels before 6.6 put it, or of a region, which ends on 8, after it. */
		return layout->end % 8 ? layout->end : layout->end + 4;
	case BASE_MISALIGNED:
		return layout->full + 2;
	default:
		return layout->full;
	}
}

static uint32_t reach_of(const struct plan *plan, const struct reach *reach)
{
	const uint32_t places[] = {
		[TO_END] = slot_at(plan, plan->nslots),
		[TO_LAST_SLOT] = slot_at(plan, plan->nslots ? plan->nslots - 1 : 0),
		[TO_MINSZ] = layout_infos[plan->kind].minsz,
		[TO_ZERO] = 0,
	};

	return (uint32_t)(places[reach->place] + reach->more);
}

static void add_link(struct plan *plan, uint32_t link)
{
	for (size_t i = 0; i < plan->nlinks; i++)
		if (plan->links[i] == link)
			return;
	plan->links[plan->nlinks++] = link;
}

static void plan_links(struct plan *plan)
{
	add_link(plan, 0);
	for (unsigned int slot = 0; slot < plan->nslots; slot++)
		add_link(plan, slot_at(plan, slot));
	add_link(plan, 8);
	add_link(plan, plan->base + 8);
	add_link(plan, plan->base + 2);
	add_link(plan, (plan->len < plan->argsz ? plan->len : plan->argsz) - 4);
	add_link(plan, plan->len);
	add_link(plan, plan->argsz);
	add_link(plan, 0xfffffff8);
}

/* Adds the picture at @bytes unless one looks the same. The room was made for all. */
static void add_picture(struct place_of_choice *place, const uint8_t *bytes)
{
	for (uint64_t i = 0; i < place->count; i++)
		if (memcmp(place->pictures + i * place->size, bytes, place->size) == 0)
			return;
	memcpy(place->pictures + place->count++ * place->size, bytes, place->size);
}

static bool make_room(struct place_of_choice *place, uint32_t at, uint32_t size, size_t choices)
{
	*place = (struct place_of_choice){.at = at, .size = size};
	place->pictures = malloc(choices * size);
	return place->pictures != NULL;
}

/* The fixed struct, with plausible values, and every cap_offset. */
static bool make_head(const struct plan *plan, struct place_of_choice *ret_place)
{
	static const uint32_t other_flags[INFO_IOCTL_KINDS] = {
		FLAG_DEVICE_PCI, FLAG_REGION_READ | FLAG_REGION_WRITE | FLAG_REGION_MMAP,
		FLAG_IOMMU_PGSIZES};
	const struct layout_info *const layout = &layout_infos[plan->kind];
	/* Up to the first slot; without one, all there is. */
	const uint32_t size = plan->nslots && plan->len > plan->base ? plan->base : plan->len;
	uint8_t head[HEAD_MAX] = {0};

	for (size_t i = 0; i < layout->nfields; i++)
		layout_store(head + layout->fields[i].at, layout->fields[i].width,
			     layout->usual[i]);
	layout_set(&layout->argsz, head, plan->argsz);
	layout_set(&layout->flags, head,
		   (plan->kind < INFO_IOCTL_KINDS ? other_flags[plan->kind] : 0) |
			   (plan->caps ? layout->caps_flag : 0));
	if (plan->kind == INFO_DEVICE)
		layout_store(head + INFO_AT_DEVICE_num_regions, 4, 9);
	if (plan->kind == INFO_REGION)
		layout_store(head + INFO_AT_REGION_size, 8, 0x10000);
	if (plan->kind == INFO_IOMMU)
		layout_store(head + INFO_AT_IOMMU_iova_pgsizes, 8, 0x1000);
	if (!make_room(ret_place, 0, size, plan->nlinks))
		return false;
	for (size_t i = 0; i < plan->nlinks; i++) {
		layout_set(&layout->first, head, plan->links[i]);
		add_picture(ret_place, head);
	}
	return true;
}

/* Slot @slot: every body with every next. Payloads differ from slot to slot. */
static bool make_slot(const struct plan *plan, unsigned int slot, struct place_of_choice *ret_place)
{
	const struct layout_info *const layout = &layout_infos[plan->kind];
	const uint32_t at = slot_at(plan, slot), size = slot_size(plan->kind);
	const uint64_t start = UINT64_C(0x1000) * (slot + 1);
	uint8_t bytes[SLOT_MAX] = {0};

	if (!make_room(ret_place, at, plan->len - at < size ? plan->len - at : size, CHOICES_MAX))
		return false;
	layout_store(bytes + 16, 8, start);
	/* An area's size, or a range's last address: the next slot's shares a page with it. */
	layout_store(bytes + 24, 8, plan->kind == INFO_IOMMU ? start + 0x1fff : 0x2000);
	for (size_t i = 0; i < BODIES * plan->nlinks; i++) {
		const struct body body = body_of(plan->kind, i % BODIES);

		layout_store(bytes + CAP_COUNT_AT, 4, body.count);
		layout_set(&layout->id, bytes, body.id);
		layout_set(&layout->version, bytes, body.version);
		layout_set(&layout->next, bytes, plan->links[i / BODIES]);
		add_picture(ret_place, bytes);
	}
	return true;
}

/* Adds what @plan says; false without memory. */
static bool add_frame(struct exhaust_space *space, const struct plan *plan)
{
	struct frame *const frame = &space->frames[space->nframes];

	*frame = (struct frame){.first = space->count, .len = plan->len, .count = 1};
	space->nframes++;
	if (!make_head(plan, &frame->places[frame->nplaces++]))
		return false;
	for (unsigned int slot = 0; slot < plan->nslots && slot_at(plan, slot) < plan->len; slot++)
		if (!make_slot(plan, slot, &frame->places[frame->nplaces++]))
			return false;
	for (unsigned int i = 0; i < frame->nplaces; i++)
		frame->count *= frame->places[i].count;
	space->count += frame->count;
	return true;
}

/*
 * Whether @plan has buffers of its own: without an argsz one that says it as long as it is, with slots it shows at least the first byte of the last, or
 * a frame with fewer slots says the same; without any, where they would stand says nothing.
 */
static bool is_new(const struct plan *plan, size_t i)
{
	if (!layout_infos[plan->kind].argsz.width && plan->argsz != plan->len)
		return false;
	/* Nor is there a flag that no byte says. */
	if (!layout_infos[plan->kind].flags.width && !plan->caps)
		return false;
	/* A struct that is shorter than what a frame cuts off wraps. */
	if (plan->len > EXHAUST_LEN_MAX)
		return false;
	if (plan->nslots)
		return plan->len > slot_at(plan, plan->nslots - 1);
	for (size_t other = 0; other < i; other++) {
		struct plan before = {.kind = plan->kind,
				      .base = base_of(plan->kind, frames[other].base)};

		before.len = reach_of(&before, &frames[other].len);
		before.argsz = reach_of(&before, &frames[other].argsz);
		if (before.len == plan->len && before.argsz == plan->argsz &&
		    frames[other].caps == plan->caps)
			return false;
	}
	return true;
}

struct exhaust_space *exhaust_space_new(enum info_kind kind, unsigned int caps)
{
	struct exhaust_space *const space = calloc(1, sizeof(*space));

	if (!space)
		return NULL;
	space->kind = kind;
	for (unsigned int nslots = 0; nslots <= caps; nslots++)
		for (size_t i = 0; i < COUNT_OF(frames); i++) {
			struct plan plan = {.kind = kind,
					    .nslots = nslots,
					    .caps = frames[i].caps,
					    .base = base_of(kind, frames[i].base)};

			plan.len = reach_of(&plan, &frames[i].len);
			plan.argsz = reach_of(&plan, &frames[i].argsz);
			if (!is_new(&plan, i))
				continue;
			plan_links(&plan);
			if (!add_frame(space, &plan)) {
				exhaust_space_free(space);
				return NULL;
			}
		}
	return space;
}

void exhaust_space_free(struct exhaust_space *space)
{
	for (size_t i = 0; space && i < space->nframes; i++)
		for (unsigned int place = 0; place < space->frames[i].nplaces; place++)
			free(space->frames[i].places[place].pictures);
	free(space);
}

uint64_t exhaust_space_count(const struct exhaust_space *space)
{
	return space->count;
}

/* The frame that number @index is in. */
static const struct frame *frame_of(const struct exhaust_space *space, uint64_t index)
{
	size_t low = 0, high = space->nframes;

	while (high - low > 1) {
		const size_t middle = (low + high) / 2;

		if (space->frames[middle].first <= index)
			low = middle;
		else
			high = middle;
	}
	return &space->frames[low];
}

size_t exhaust_buffer(const struct exhaust_space *space, uint64_t index, uint8_t *ret_info)
{
	const struct frame *const frame = frame_of(space, index);
	uint64_t rest = index - frame->first;

	for (unsigned int i = 0; i < frame->nplaces; i++) {
		const struct place_of_choice *const place = &frame->places[i];

		memcpy(ret_info + place->at, place->pictures + rest % place->count * place->size,
		       place->size);
		rest /= place->count;
	}
	return frame->len;
}
