/* SPDX-License-Identifier: MIT */
/* Config space, regions, and the files of /dev/vfio and sysfs that clients look for. */
#include "fake.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/major.h>
#include <linux/openat2.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "nameless.h"

/* Of misc devices, that of /dev/vfio/vfio: no header of the UAPI has it. */
#define VFIO_MINOR 196

#define BAR0	  0xfebc0000u
#define BAR0_SIZE 0x20000u
#define BAR1	  0xfebe0000u
#define BAR1_SIZE 0x1000u
#define CONFIG	  ((off_t)VFIO_PCI_CONFIG_REGION_INDEX << FAKE_REGION_SHIFT)

uint64_t fake_region_size(uint32_t index)
{
	return index == VFIO_PCI_BAR0_REGION_INDEX     ? BAR0_SIZE
	       : index == VFIO_PCI_BAR1_REGION_INDEX   ? BAR1_SIZE
	       : index == VFIO_PCI_CONFIG_REGION_INDEX ? 4096
						       : 0;
}

uint32_t fake_region_flags(uint32_t index)
{
	const uint32_t access = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;

	return index <= VFIO_PCI_BAR1_REGION_INDEX     ? access | VFIO_REGION_INFO_FLAG_MMAP
	       : index == VFIO_PCI_CONFIG_REGION_INDEX ? access
						       : 0;
}

/* Config space, field by field: at, width, value. IDs are laid over it. */
static const struct {
	uint8_t at;
	uint8_t width;
	uint32_t value;
} config[] = {
	{PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER},
	{PCI_STATUS, 2, PCI_STATUS_CAP_LIST},
	{PCI_CLASS_DEVICE, 2, 0x0200},
	{PCI_BASE_ADDRESS_0, 4, BAR0},
	{PCI_BASE_ADDRESS_1, 4, BAR1},
	{PCI_CAPABILITY_LIST, 1, FAKE_PM_AT},
	{PCI_INTERRUPT_PIN, 1, 1},
	{FAKE_PM_AT, 1, PCI_CAP_ID_PM},
	{FAKE_PM_AT + PCI_CAP_LIST_NEXT, 1, FAKE_MSIX_AT},
	{FAKE_PM_AT + PCI_PM_PMC, 2, 3},
	/* DPDK walks the chain of the MSI-X BAR alone, QEMU makes its second lookup there. */
	{FAKE_MSIX_AT, 1, PCI_CAP_ID_MSIX},
	{FAKE_MSIX_AT + PCI_CAP_LIST_NEXT, 1, FAKE_EXP_AT},
	{FAKE_MSIX_AT + PCI_MSIX_FLAGS, 2, FAKE_IRQS - 1},
	{FAKE_MSIX_AT + PCI_MSIX_TABLE, 4, 0x1000},
	{FAKE_MSIX_AT + PCI_MSIX_PBA, 4, 0x2000},
	{FAKE_EXP_AT, 1, PCI_CAP_ID_EXP},
	{FAKE_EXP_AT + PCI_EXP_FLAGS, 2, 2},
};

static bool poke(int fd, off_t at, uint32_t value, size_t width)
{
	return pwrite(fd, &value, width, at) == (ssize_t)width;
}

bool fake_fill(int fd, struct fake_ids ids)
{
	bool fine = ftruncate(fd, (off_t)(FAKE_REGIONS + 1) << FAKE_REGION_SHIFT) == 0;

	for (size_t i = 0; i < sizeof(config) / sizeof(config[0]); i++)
		fine &= poke(fd, CONFIG + config[i].at, config[i].value, config[i].width);
	fine &= poke(fd, CONFIG + PCI_VENDOR_ID, ids.vendor, 2);
	fine &= poke(fd, CONFIG + PCI_DEVICE_ID, ids.device, 2);
	/* net_vmxnet3 of DPDK takes only a device that offers revision 1 of itself and of UPT. */
	fine &= poke(fd, (off_t)1 << FAKE_REGION_SHIFT, 1, 4);
	fine &= poke(fd, ((off_t)1 << FAKE_REGION_SHIFT) + 8, 1, 4);
	return fine;
}

/* Asks nobody but this kernel: a file system of the client's own may wait for the client. */
static bool inode_of(int fd, const char *path, struct inode *ret)
{
	struct statx what;

	if (statx(fd, path, AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &what))
		return false;
	*ret = (struct inode){what.stx_dev_major, what.stx_dev_minor, what.stx_ino};
	return true;
}

static bool is_same(const struct inode *a, const struct inode *b)
{
	return a->ino == b->ino && a->major == b->major && a->minor == b->minor;
}

static int make_fds(struct fake *fake, struct fake_ids ids)
{
	static const char *const names[FAKES] = {NULL, "vfio-container", "vfio-group",
						 "vfio-device"};

	for (enum fake_kind kind = FAKE_CONTAINER; kind < FAKES; kind++) {
		const int fd = nameless_file(names[kind]);

		if (fd < 0)
			return fd;
		fake->fds[kind] = fd;
		if (!inode_of(fd, "", &fake->inodes[kind]) ||
		    (kind == FAKE_DEVICE && !fake_fill(fd, ids)))
			return -errno;
	}
	return 0;
}

/* A file, folder (NULL) or symbolic link (after `->`) of the tree. */
struct entry {
	const char *path;
	const char *text;
};

static bool make_entry(const struct fake *fake, const struct entry *entry)
{
	char path[PATH_MAX + 128];
	FILE *file;

	snprintf(path, sizeof(path), "%s%s", fake->root, entry->path);
	for (char *slash = path + strlen(fake->root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			return false;
		*slash = '/';
	}
	if (!entry->text)
		return mkdir(path, 0755) == 0 || errno == EEXIST;
	if (strncmp(entry->text, "->", 2) == 0)
		return symlink(entry->text + 2, path) == 0;
	file = fopen(path, "we");
	if (!file)
		return false;
	fputs(entry->text, file);
	return fclose(file) == 0;
}

#define PCI_LINE "0x%016x 0x%016x 0x%016x\n"
#define NO_LINE	 "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"

static bool make_tree(const struct fake *fake, struct fake_ids ids)
{
	char vendor[16], device[16], resource[1024];
	const struct entry entries[] = {
		{"/dev/vfio/vfio", ""},
		{"/dev/vfio/" FAKE_GROUP_NAME, ""},
		{"/sys/kernel/iommu_groups/" FAKE_GROUP_NAME "/devices", NULL},
		{"/sys/bus/pci/drivers/vfio-pci", NULL},
		{"/sys/module/vfio", NULL},
		{"/sys/module/vfio_pci", NULL},
		{FAKE_DEVICES "/" FAKE_ADDRESS "/vendor", vendor},
		{FAKE_DEVICES "/" FAKE_ADDRESS "/device", device},
		{FAKE_DEVICES "/" FAKE_ADDRESS "/subsystem_vendor", vendor},
		{FAKE_DEVICES "/" FAKE_ADDRESS "/subsystem_device", device},
		{FAKE_DEVICES "/" FAKE_ADDRESS "/class", "0x020000\n"},
		{FAKE_DEVICES "/" FAKE_ADDRESS "/max_vfs", "0\n"},
		{FAKE_DEVICES "/" FAKE_ADDRESS "/numa_node", "0\n"},
		{FAKE_DEVICES "/" FAKE_ADDRESS "/resource", resource},
		{FAKE_DEVICES "/" FAKE_ADDRESS "/driver", "->../../../../bus/pci/drivers/vfio-pci"},
		{FAKE_DEVICES "/" FAKE_ADDRESS "/iommu_group",
		 "->../../../../kernel/iommu_groups/" FAKE_GROUP_NAME},
	};
	int at = snprintf(resource, sizeof(resource), PCI_LINE PCI_LINE, BAR0, BAR0 + BAR0_SIZE - 1,
			  0x40200u, BAR1, BAR1 + BAR1_SIZE - 1, 0x40200u);

	for (int line = 2; line < 13; line++)
		at += snprintf(resource + at, sizeof(resource) - (size_t)at, NO_LINE);
	snprintf(vendor, sizeof(vendor), "0x%04x\n", ids.vendor);
	snprintf(device, sizeof(device), "0x%04x\n", ids.device);
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		if (!make_entry(fake, &entries[i]))
			return false;
	return true;
}

static int make_folder(struct fake *fake)
{
	char made[PATH_MAX];
	struct stat what;

	snprintf(made, sizeof(made) - 128, "%s/capchain-run-XXXXXX", temporary_folder());
	if (!mkdtemp(made))
		return -errno;
	/* The name that the kernel has for it, which folders that are open are known by. */
	if (!realpath(made, fake->root)) {
		const int error = errno;

		rmdir(made);
		fake->root[0] = '\0';
		return -error;
	}
	fake->root_fd = open(fake->root, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fake->root_fd < 0 || fstat(fake->root_fd, &what))
		return -errno;
	return what.st_uid == geteuid() && chmod(fake->root, 0755) == 0 ? 0 : -errno;
}

/* Devices are everybody's. */
static bool name_files(struct fake *fake)
{
	return inode_of(fake->root_fd, "dev/vfio/vfio", &fake->names[FAKE_CONTAINER]) &&
	       inode_of(fake->root_fd, "dev/vfio/" FAKE_GROUP_NAME, &fake->names[FAKE_GROUP]) &&
	       fchmodat(fake->root_fd, "dev/vfio/vfio", 0666, 0) == 0 &&
	       fchmodat(fake->root_fd, "dev/vfio/" FAKE_GROUP_NAME, 0666, 0) == 0;
}

int fake_open(struct fake_ids ids, struct fake *ret_fake, const char **ret_failed)
{
	mode_t mask;
	int status;

	memset(ret_fake, 0, sizeof(*ret_fake));
	ret_fake->root_fd = -1;
	for (enum fake_kind kind = FAKE_NONE; kind < FAKES; kind++)
		ret_fake->fds[kind] = -1;
	*ret_failed = "a file with 10 TiB of holes, by memfd_create() or in TMPDIR";
	status = make_fds(ret_fake, ids);
	if (status)
		return status;
	*ret_failed = "a folder in TMPDIR or /tmp";
	status = make_folder(ret_fake);
	if (status)
		return status;
	*ret_failed = "files in TMPDIR or /tmp";
	/* Clients may run as somebody else, whatever our own files are like. */
	mask = umask(022);
	status = make_tree(ret_fake, ids) && name_files(ret_fake) ? 0 : -errno;
	umask(mask);
	return status;
}

static int remove_one(const char *path, const struct stat *what, int type, struct FTW *where)
{
	(void)what;
	(void)type;
	(void)where;
	remove(path);
	return 0;
}

void fake_close(struct fake *fake)
{
	for (enum fake_kind kind = FAKE_CONTAINER; kind < FAKES; kind++)
		if (fake->fds[kind] >= 0)
			close(fake->fds[kind]);
	if (fake->root_fd >= 0)
		close(fake->root_fd);
	if (fake->root[0])
		nftw(fake->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int fake_fd(const struct fake *fake, enum fake_kind kind, int flags)
{
	const int keeps = O_ACCMODE | O_NONBLOCK;
	char path[64];
	int fd;

	/* By its own name, so that each open has a file position of its own. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fake->fds[kind]);
	fd = open(path, (flags & keeps) | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int fake_of(const struct fake *fake, const struct caller *caller, int fd, enum fake_kind *ret_kind)
{
	char path[64];
	struct inode what;

	*ret_kind = FAKE_NONE;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)caller->tid, fd);
	if (!inode_of(AT_FDCWD, path, &what))
		return errno == ENOENT ? -EBADF : 0;
	if (!caller_waits(caller))
		return -EBADF;
	for (enum fake_kind kind = FAKE_CONTAINER; kind < FAKES; kind++)
		if (is_same(&what, &fake->inodes[kind]))
			*ret_kind = kind;
	return 0;
}

int fake_at(const struct fake *fake, const char *path, uint64_t flags)
{
	const uint64_t keeps =
		flags & O_PATH ? O_PATH | O_DIRECTORY | O_NOFOLLOW
			       : O_ACCMODE | O_APPEND | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK;
	const struct open_how how = {.flags = (flags & keeps) | O_CLOEXEC,
				     .resolve = RESOLVE_IN_ROOT};
	long fd;

	/* Where anybody renames or mounts meanwhile, a path with `..` has to be gone again. */
	for (int tries = 0; tries < 1000; tries++) {
		fd = syscall(SYS_openat2, fake->root_fd, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

/* @path without `.` and `..` as it is written; its links may lead elsewhere. */
static void straighten(char *path)
{
	size_t len = 0;

	for (const char *from = path; *from;) {
		const size_t word = strcspn(from, "/");

		if (word == 2 && !strncmp(from, "..", 2)) {
			while (len > 0 && path[--len] != '/')
				;
		} else if (word > 1 || (word == 1 && *from != '.')) {
			/* It starts with a slash, so there is one for each word. */
			path[len++] = '/';
			memmove(path + len, from, word);
			len += word;
		}
		from += word + (from[word] == '/');
	}
	path[len] = '\0';
}

static bool is_vfios(const char *path)
{
	return !strncmp(path, "/dev/vfio/", strlen("/dev/vfio/")) || !strcmp(path, "/dev/iommu");
}

bool fake_is_real(int fd)
{
	char path[64], leads[PATH_MAX];
	struct stat what;
	ssize_t len;

	if (fstat(fd, &what))
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, leads, sizeof(leads) - 1);
	leads[len < 0 ? 0 : len] = '\0';
	if (is_vfios(leads))
		return true;
	if (!S_ISCHR(what.st_mode))
		return false;
	if (what.st_rdev == makedev(MISC_MAJOR, VFIO_MINOR))
		return true;
	/* A node of any name: "…/misc/vfio", "…/vfio/26", "…/vfio-dev/vfio0" or "…/misc/iommu". */
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u", major(what.st_rdev),
		 minor(what.st_rdev));
	len = readlink(path, leads, sizeof(leads) - 1);
	leads[len < 0 ? 0 : len] = '\0';
	return strstr(leads, "/vfio") || strstr(leads, "/misc/iommu");
}

enum place fake_place(const struct fake *fake, char *path, enum fake_kind *ret_kind)
{
	struct inode found = {0}, root, dev;
	enum place place = PLACE_HERE;
	int fd = fake_at(fake, path, O_PATH | O_NOFOLLOW);

	*ret_kind = FAKE_NONE;
	if (fd < 0) {
		straighten(path);
		fd = fake_at(fake, path, O_PATH | O_NOFOLLOW);
	}
	if (fd < 0)
		return is_vfios(path) ? PLACE_EMPTY : PLACE_ELSEWHERE;
	if (!inode_of(fd, "", &found) || !inode_of(fake->root_fd, "", &root) ||
	    !inode_of(fake->root_fd, "dev", &dev) || is_same(&found, &root) ||
	    is_same(&found, &dev))
		place = PLACE_ELSEWHERE;
	for (enum fake_kind kind = FAKE_CONTAINER; kind <= FAKE_GROUP; kind++)
		if (is_same(&found, &fake->names[kind]))
			*ret_kind = kind;
	close(fd);
	return place;
}
