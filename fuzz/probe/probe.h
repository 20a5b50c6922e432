/* SPDX-License-Identifier: MIT */
/*
 * Asks one INFO ioctl of a live device at every argsz from 0 past its need, and holds the replies
 * to what a kernel has to keep (promises.h). It knows nothing of files: device.c asks real
 * devices, broken.c stands for one, sound or with one fault.
 *
 * Each argsz is asked four times, with two fills of the caller's buffer. So every byte is told
 * apart: left as it was, written with the same value each time, or neither, which is how leaked
 * memory shows. Leaked memory that happens to be the same each time, zeros above all, shows only
 * where no field owns the byte. When probe_test.c fails, a fault of broken.c is no longer seen.
 */
#ifndef FUZZ_PROBE_PROBE_H
#define FUZZ_PROBE_PROBE_H

#include "../judge/judge.h"
#include "promises.h"

/*
 * Bytes of the caller's buffer, before the ioctl: in witnesses and in corpus/captured, the first.
 */
#define PROBE_FILL	 0xa5
#define PROBE_OTHER_FILL 0x5a

/* Replies that want more are not swept. */
#define PROBE_NEED_MAX 4096u

/* How far past the need, and bytes behind argsz that have to stay as they are. */
#define PROBE_PAST  72u
#define PROBE_SLACK 64u

const char *probe_rule_name(enum probe_rule rule);
const char *probe_rule_words(enum probe_rule rule);

/* What is asked: @index is of a region. */
struct probe_subject {
	enum info_kind kind;
	uint32_t index;
};

/*
 * @ask: the ioctl of @subject on the buffer at @info, whose argsz (and index) are set; 0 or -errno.
 * @config: NULL, or reads the first 256 bytes of configuration space, where the device has one, and adds the
 *	ioctls that it makes for that to @made
 * @is_peer: a vfio-user server answers. It may clear CAPS in a reply that is too short for the chain, and write
 *	zeros behind its fixed fields, as libvfio-user does, where a kernel sets the flag and writes nothing
 */
struct probe_device {
	int (*ask)(struct probe_device *device, const struct probe_subject *subject, uint8_t *info);
	bool (*config)(struct probe_device *device, uint8_t *ret_config, uint64_t *made);
	bool is_peer;
};

/*
 * One rule that a subject broke: at how many argsz, and the first of them, with the reply of it:
 * @len bytes at @info, 0xa5 where the kernel wrote nothing.
 */
struct probe_violation {
	enum probe_rule rule;
	uint32_t count;
	uint32_t argsz;
	char words[160];
	uint8_t *info;
	size_t len;
};

/**
 * struct probe_result - what a sweep found; for probe_free()
 * @answered: 0, or the -errno of a subject that is not there: it answers at no argsz
 * @calls: ioctls made
 * @need: argsz that the whole reply takes
 * @ncaps: capabilities in it
 * @violations: by rule; those with a count
 * @reply: the whole reply, at argsz @need
 */
struct probe_result {
	int answered;
	uint64_t calls;
	uint32_t need;
	size_t ncaps;
	struct probe_violation violations[PROBE_RULE_COUNT];
	uint8_t *reply;
	void *sweep;
};

/*
 * Sweeps @subject. @judge is over `bounded` alone. Returns 0, or -ENOMEM.
 */
int probe_sweep(struct probe_device *device, const struct probe_subject *subject,
		struct judge *judge, struct probe_result *ret_result);
void probe_free(struct probe_result *result);

/* Rules that were broken. */
size_t probe_broken(const struct probe_result *result);

/*
 * The reply at @argsz as caller's bytes, of a sweep that is not freed; NULL where it was refused.
 */
const uint8_t *probe_reply(const struct probe_result *result, uint32_t argsz);

/*
 * A stand-in: a device with PROBE_FAKE_REGIONS regions and an IOMMU that answers as Linux 6.12
 * does, or breaks @fault (PROBE_RULE_COUNT: none; PROBE_BOUNDED is not for a device to break). One
 * at a time.
 */
#define PROBE_FAKE_REGIONS 4
struct probe_device *probe_fake(enum probe_rule fault);

/*
 * A real device: a PCI address or other name of a device that is bound to a VFIO driver, or
 * /dev/vfio/devices/vfioN. Its group's container has a type1 IOMMU, or where @iommufd is /dev/iommu
 * in its place. Returns NULL with one line in @ret_error. @ret_iommu: whether there is a container
 * to ask.
 */
struct probe_device *probe_vfio_open(const char *name, bool iommufd, bool *ret_iommu,
				     char *ret_error, size_t error_size);

struct probe_name {
	char text[64];
};

/* The names of the devices in group @number, by /sys; at most @max. Returns how many. */
size_t probe_group(unsigned int number, struct probe_name *ret_names, size_t max);

#endif
