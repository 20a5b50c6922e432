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

#include "remote.h"

#define FAKE_ADDRESS	  "0000:00:1e.0"
#define FAKE_GROUP_NAME	  "26"
#define FAKE_DEVICES	  "/sys/bus/pci/devices"
#define FAKE_REGION_SHIFT 40
#define FAKE_REGIONS	  9u
#define FAKE_IRQS	  5u
/* Where the capabilities of config space stand. */
#define FAKE_PM_AT	  0x40u
#define FAKE_MSIX_AT	  0x50u
#define FAKE_EXP_AT	  0x60u

enum fake_kind { FAKE_NONE, FAKE_CONTAINER, FAKE_GROUP, FAKE_DEVICE, FAKES };

/* What tells a file from every other. */
struct inode {
	uint32_t major, minor;
	uint64_t ino;
};

/**
 * struct fake - the device and its files
 * @root, @root_fd: folder that stands for / in the paths it holds, by its real path
 * @fds, @inodes: of each kind but FAKE_NONE, its file
 * @names: of the container and the group, the file in the folder that is opened in its name
 */
struct fake {
	char root[PATH_MAX];
	int root_fd;
	int fds[FAKES];
	struct inode inodes[FAKES];
	struct inode names[FAKES];
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

/*
 * Makes the empty file @fd the device: its config space and registers, and holes elsewhere. False with errno.
 */
bool fake_fill(int fd, struct fake_ids ids);

/* A new open file of @kind, close-on-exec, or -errno. */
int fake_fd(const struct fake *fake, enum fake_kind kind, int flags);

/*
 * What file descriptor @fd of the client's is, FAKE_NONE another's. Returns 0, or -EBADF where it is
 * not open.
 */
int fake_of(const struct fake *fake, const struct caller *caller, int fd, enum fake_kind *ret_kind);

/* Whether @fd, which may be O_PATH, is a VFIO or IOMMUFD device of this machine, by its name or number. */
bool fake_is_real(int fd);

/*
 * PLACE_HERE: in the fake's folder. PLACE_EMPTY: VFIO's, and the fake has no such file.
 * PLACE_ELSEWHERE: the client's own, as / and /dev are, whose other files are real.
 */
enum place { PLACE_HERE, PLACE_EMPTY, PLACE_ELSEWHERE };

/*
 * Where @path, absolute, leads with the fake's folder as root, and
 * what it opens as in *@ret_kind. One that comes by real folders is made the shortest way there.
 */
enum place fake_place(const struct fake *fake, char *path, enum fake_kind *ret_kind);

/*
 * Opens @path below the fake's folder, which no link and no `..` leaves, with this thread's rights.
 * Of @flags those that change no file count. Returns a descriptor, close-on-exec, or -errno.
 */
int fake_at(const struct fake *fake, const char *path, uint64_t flags);

/* Size in bytes and VFIO_REGION_INFO_FLAG_* of region @index. */
uint64_t fake_region_size(uint32_t index);
uint32_t fake_region_flags(uint32_t index);

#endif
