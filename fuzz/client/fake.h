/* SPDX-License-Identifier: MIT */
/*
 * The fake device: what a client of VFIO finds where there is none. A container, a group and a
 * device that are nameless files, and a folder with the few files of /dev and /sys that name them.
 *
 * The device's is sparse, region i at i << 40 as in vfio-pci, so reads, writes, mappings,
 * dups and closes of it are the client's own system calls. Registers are memory: nothing answers a
 * doorbell, and every client walks its chains before it needs one that does.
 */
#ifndef FUZZ_CLIENT_FAKE_H
#define FUZZ_CLIENT_FAKE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FAKE_ADDRESS	  "0000:00:1e.0"
#define FAKE_REGION_SHIFT 40
#define FAKE_REGIONS	  9u
#define FAKE_IRQS	  5u

enum fake_kind { FAKE_NONE, FAKE_CONTAINER, FAKE_GROUP, FAKE_DEVICE, FAKES };

/**
 * struct fake - the device and its files
 * @root: folder that stands for / in the paths it holds
 * @fds, @inodes: of each kind but FAKE_NONE, its file and what tells it from every other file
 */
struct fake {
	char root[PATH_MAX];
	int fds[FAKES];
	struct {
		dev_t dev;
		ino_t ino;
	} inodes[FAKES];
};

/* What a client sees in PCI config space and in sysfs. */
struct fake_ids {
	uint16_t vendor;
	uint16_t device;
};

/*
 * Makes it; the folder is under $TMPDIR or /tmp. Returns 0, or -errno and in *@ret_failed what could
 * not be made; fake_close() then too. One fake lives at a time.
 */
int fake_open(struct fake_ids ids, struct fake *ret_fake, const char **ret_failed);
void fake_close(struct fake *fake);

/* A new open file of @kind, close-on-exec, or -errno. */
int fake_fd(const struct fake *fake, enum fake_kind kind, int flags);

/* What the client's file descriptor @fd is. */
enum fake_kind fake_of(const struct fake *fake, pid_t tid, int fd);

/*
 * Where @path, absolute, lives in the fake's folder: true with it in @ret_real, and what it opens
 * as in
 * @ret_kind. / and /dev are the client's own: what else they hold is real.
 */
bool fake_path(const struct fake *fake, const char *path, char ret_real[PATH_MAX],
	       enum fake_kind *ret_kind);

/* Size in bytes and VFIO_REGION_INFO_FLAG_* of region @index. */
uint64_t fake_region_size(uint32_t index);
uint32_t fake_region_flags(uint32_t index);

#endif
