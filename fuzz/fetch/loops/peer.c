/* SPDX-License-Identifier: MIT */
/*
 * Clients of vfio-user servers. rust-vmm's, before its pull request 172, asks again where argsz is
 * above 32 and then takes the second reply, of which it wants the length that it asked for. QEMU
 * 10's refuses a cap_offset outside the reply, and else asks as QEMU does. Both abstain where they
 * would fault: README, "Contributing".
 */
#include "fetch_loops.h"

static struct info_answer vfio_user_run(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint8_t *info = fetch_zalloc(fetch, REGION_INFO);
	uint32_t argsz;

	(void)first;
	if (loop_ask(fetch, info, kind, REGION_INFO))
		return loop_give_up(fetch, info, "refused");
	argsz = overlay_argsz(info);
	if (argsz <= REGION_INFO)
		return fetch_hand(fetch, info);
	fetch_free(fetch, info);
	info = fetch_zalloc(fetch, argsz);
	if (loop_ask(fetch, info, kind, argsz))
		return loop_give_up(fetch, info, "refused");
	if (overlay_argsz(info) == argsz)
		return fetch_hand(fetch, info);
	fetch_free(fetch, info);
	return answer(VERDICT_ABSTAIN);
}

const struct fetch_loop fetch_vfio_user_loop = {
	.name = "vfio-user",
	.summary = "rust-vmm's vfio-user client: two calls of the first argsz",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_PEER,
	.walk = "vfio-user",
	.kinds = KIND_BIT(INFO_REGION),
	.run = vfio_user_run,
};

static bool is_outside(const uint8_t *info, enum info_kind kind)
{
	const uint32_t cap_offset = overlay_cap_offset(info, kind);

	return loop_has_caps(info, kind) &&
	       (cap_offset < REGION_INFO || cap_offset > overlay_argsz(info));
}

static struct info_answer qemu_vfio_user_run(struct fetch *fetch, enum info_kind kind,
					     uint32_t first)
{
	uint32_t argsz = REGION_INFO;
	uint8_t *info = fetch_zalloc(fetch, argsz);

	(void)first;
	for (;;) {
		if (loop_ask(fetch, info, kind, argsz) || is_outside(info, kind))
			return loop_give_up(fetch, info, "einval");
		if (overlay_argsz(info) <= argsz)
			return fetch_hand(fetch, info);
		argsz = overlay_argsz(info);
		info = fetch_realloc(fetch, info, argsz);
	}
}

const struct fetch_loop fetch_qemu_vfio_user_loop = {
	.name = "qemu-vfio-user",
	.summary = "QEMU 10's vfio-user client: refuses cap_offset 0 with the flag",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_PEER,
	.walk = "qemu-vfio-user",
	.kinds = KIND_BIT(INFO_REGION),
	.run = qemu_vfio_user_run,
};
