/* SPDX-License-Identifier: MIT */
/*
 * The client that puts `capchain run` to the test. Every mode does one thing that real clients do,
 * or that a client could do to a careless supervisor; scripts/test/run_test.py says what each has
 * to come out as. The program is static: nothing but the kernel's interface is under test.
 *
 * Usage: self MODE [N]. Exit status: 0, of a mode that checks something only where all held; 9 no
 * device.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "open.h"

#define SYSFS "/sys/bus/pci/devices/" ADDRESS

/* Says which check failed, and ends. */
#define HOLDS(what)                                                                                \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			fprintf(stderr, "self: line %d: %s (%m)\n", __LINE__, #what);              \
			exit(8);                                                                   \
		}                                                                                  \
	} while (0)

/* With room for the chain of a good reply. */
static int ask(int device, uint32_t index)
{
	union {
		struct vfio_region_info info;
		uint8_t bytes[256];
	} room = {.info = {.argsz = sizeof(room), .index = index}};

	return ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &room);
}

/* Asks with argsz @n, in a buffer of as many bytes 0xa5, and prints what stands there after. */
static void tell(int fd, unsigned long request, unsigned long n, uint32_t index, size_t index_at)
{
	const uint32_t argsz = (uint32_t)n;
	uint8_t *const bytes = malloc(n);

	HOLDS(bytes && n >= index_at + sizeof(index));
	memset(bytes, 0xa5, n);
	memcpy(bytes, &argsz, sizeof(argsz));
	if (index_at)
		memcpy(bytes + index_at, &index, sizeof(index));
	HOLDS(ioctl(fd, request, bytes) == 0);
	for (unsigned long i = 0; i < n; i++)
		printf("%02x", bytes[i]);
	putchar('\n');
}

static void tells_device(struct device d, unsigned long n)
{
	tell(d.device, VFIO_DEVICE_GET_INFO, n, 0, 0);
}

/* The region's index is what @n has above its 32 bits of argsz. */
static void tells_region(struct device d, unsigned long n)
{
	tell(d.device, VFIO_DEVICE_GET_REGION_INFO, n & UINT32_MAX, (uint32_t)(n >> 32),
	     offsetof(struct vfio_region_info, index));
}

static void tells_iommu(struct device d, unsigned long n)
{
	tell(d.container, VFIO_IOMMU_GET_INFO, n, 0, 0);
}

static bool fails(int result, int error)
{
	return result == -1 && errno == error;
}

/* Nanoseconds of CPU time of this thread. */
static uint64_t cpu(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void compute(unsigned long ms)
{
	const uint64_t end = cpu() + ms * 1000000;

	while (cpu() < end)
		;
}

static void calls(struct device d, unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		HOLDS(ask(d.device, 0) == 0);
}

/* Asks for as long as the reply names more than it was given. */
static void grows(struct device d, unsigned long n)
{
	struct vfio_region_info *info = malloc(n);
	uint32_t argsz = sizeof(*info);

	do {
		info->argsz = argsz;
		info->index = 0;
		HOLDS(ioctl(d.device, VFIO_DEVICE_GET_REGION_INFO, info) == 0);
		if (info->argsz <= argsz)
			return;
		argsz = info->argsz;
		HOLDS(argsz <= n);
	} while (true);
}

static void no_region(struct device d, unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		HOLDS(fails(ask(d.device, (uint32_t)(9 + i)), EINVAL));
}

static void hangs(struct device d, unsigned long n)
{
	calls(d, n);
	for (volatile bool on = true; on;)
		;
}

static void *hang_thread(void *arg)
{
	hangs(*(const struct device *)arg, 1);
	return NULL;
}

static void *walks_on(void *arg)
{
	for (volatile bool on = true; on;)
		;
	return arg;
}

/* The main thread waits, the walk is another's. */
static void thread_hangs(struct device d, unsigned long n)
{
	pthread_t thread;

	HOLDS(pthread_create(&thread, NULL, hang_thread, &d) == 0);
	calls(d, n);
	/* A call that is seen, and not of the thread that hangs. */
	for (;;) {
		HOLDS(access(SYSFS, F_OK) == 0);
		usleep(1000);
	}
}

/* One thread asks, and another walks what it got. */
static void hands_over(struct device d, unsigned long n)
{
	pthread_t thread;

	calls(d, n);
	HOLDS(pthread_create(&thread, NULL, walks_on, NULL) == 0);
	pthread_join(thread, NULL);
}

static void dies_of(struct device d, unsigned long n)
{
	calls(d, 1);
	raise((int)n);
}

static void exits_with(struct device d, unsigned long n)
{
	calls(d, 1);
	exit((int)n);
}

static void sleeps(struct device d, unsigned long n)
{
	calls(d, 1);
	usleep((useconds_t)n * 1000);
}

/* Work that no reply is the cause of: the device was mapped in between. */
static void computes(struct device d, unsigned long n)
{
	compute(n);
	calls(d, 1);
	HOLDS(mmap(NULL, 4096, PROT_READ, MAP_SHARED, d.device, 0) != MAP_FAILED);
	compute(n);
}

static void maps(struct device d, unsigned long n)
{
	calls(d, 1);
	HOLDS(mmap(NULL, 0x20000, PROT_READ, MAP_SHARED, d.device, (off_t)n << 40) != MAP_FAILED);
}

/* The areas of region-areas-overlap, one after the other, as a program does that trusts them. */
static void maps_areas(struct device d, unsigned long n)
{
	calls(d, n);
	HOLDS(mmap(NULL, 0x3000, PROT_READ, MAP_SHARED, d.device, 0) != MAP_FAILED);
	HOLDS(mmap(NULL, 0x2000, PROT_READ, MAP_SHARED, d.device, 0x2000) != MAP_FAILED);
}

static void forks(struct device d, unsigned long n)
{
	int status;
	pid_t pid;

	for (unsigned long i = 0; i < n; i++) {
		pid = fork();
		HOLDS(pid >= 0);
		if (pid == 0) {
			const struct device own = open_device();

			calls(own, 2);
			calls(d, 2);
			_exit(7);
		}
		HOLDS(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7);
	}
	/* One stays behind, in a session of its own, and must not outlive the run. */
	pid = fork();
	if (pid == 0) {
		setsid();
		for (;;)
			pause();
	}
	printf("%d\n", (int)pid);
}

/* A child that hangs while its parent waits for it. */
static void child_hangs(struct device d, unsigned long n)
{
	const pid_t pid = fork();
	int status;

	if (pid == 0)
		hangs(d, n);
	waitpid(pid, &status, 0);
}

static void dups(struct device d, unsigned long n)
{
	const int copy = dup(d.device), high = dup2(d.device, (int)n), kept = d.device;
	const uint16_t vendor = 0x8086;
	uint16_t read_back = 0;

	HOLDS(copy >= 0 && high == (int)n);
	HOLDS(pread(copy, &read_back, 2, (off_t)VFIO_PCI_CONFIG_REGION_INDEX << 40) == 2);
	HOLDS(read_back == vendor);
	HOLDS(close(kept) == 0);
	HOLDS(fails(ask(kept, 0), EBADF));
	HOLDS(ask(copy, 0) == 0 && ask(high, 0) == 0);
	/* The number now is something else, and then something else again. */
	HOLDS(open("/dev/null", O_RDWR) == kept && fails(ask(kept, 0), ENOTTY));
	HOLDS(dup2(d.container, kept) == kept && fails(ask(kept, 0), ENOTTY));
	HOLDS(dup2(copy, kept) == kept && ask(kept, 0) == 0);
	HOLDS(close(copy) == 0 && close(high) == 0 && ask(kept, 0) == 0);
	HOLDS(fails(ask(-1, 0), EBADF) && fails(ask(copy, 0), EBADF));
}

static void bad_pointers(struct device d, unsigned long n)
{
	uint8_t *const pages =
		mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct vfio_region_info *const edge = (void *)(pages + 4096 - 32);
	uint32_t *const cut = (void *)(pages + 4096 - 8);
	const uint64_t wild[] = {0, 1, 0xdeadbeef000, UINT64_MAX - 3, UINT64_MAX};

	HOLDS(pages != MAP_FAILED && munmap(pages + 4096, 4096) == 0);
	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		HOLDS(fails(ioctl(d.device, VFIO_DEVICE_GET_REGION_INFO, wild[i]), EFAULT));
		HOLDS(fails(ioctl(d.device, VFIO_DEVICE_GET_INFO, wild[i]), EFAULT));
		HOLDS(fails(ioctl(d.device, VFIO_DEVICE_GET_IRQ_INFO, wild[i]), EFAULT));
		HOLDS(fails(ioctl(d.container, VFIO_IOMMU_GET_INFO, wild[i]), EFAULT));
		HOLDS(fails(ioctl(d.group, VFIO_GROUP_GET_STATUS, wild[i]), EFAULT));
		HOLDS(fails(ioctl(d.group, VFIO_GROUP_GET_DEVICE_FD, wild[i]), EFAULT));
		HOLDS(fails((int)syscall(SYS_open, wild[i], O_RDONLY), EFAULT));
		HOLDS(fails((int)syscall(SYS_stat, SYSFS, wild[i]), EFAULT));
		HOLDS(fails((int)syscall(SYS_readlink, SYSFS "/driver", wild[i], 64), EFAULT));
		HOLDS(ioctl(d.device, VFIO_DEVICE_RESET, wild[i]) == 0);
	}
	/* A struct that ends with the page is there; one that passes it is not. */
	edge->argsz = 32;
	edge->index = 0;
	HOLDS(ioctl(d.device, VFIO_DEVICE_GET_REGION_INFO, edge) == 0);
	cut[0] = 32;
	HOLDS(fails(ioctl(d.device, VFIO_DEVICE_GET_REGION_INFO, cut), EFAULT));
	/* And one that may only be read. */
	edge->argsz = 32;
	HOLDS(mprotect(pages, 4096, PROT_READ) == 0);
	HOLDS(fails(ioctl(d.device, VFIO_DEVICE_GET_REGION_INFO, edge), EFAULT));
	calls(d, n);
}

/* What no client has to know, but what the kernel would say. */
static void refusals(struct device d, unsigned long n)
{
	struct vfio_region_info info = {.argsz = sizeof(info) - 1};
	struct vfio_irq_info irq = {.argsz = sizeof(irq), .index = (uint32_t)n};

	HOLDS(fails(ioctl(d.device, VFIO_DEVICE_GET_REGION_INFO, &info), EINVAL));
	HOLDS(fails(ask(d.device, 9), EINVAL));
	HOLDS(fails(ioctl(d.device, VFIO_DEVICE_GET_IRQ_INFO, &irq), EINVAL));
	HOLDS(fails(ioctl(d.group, VFIO_GROUP_GET_DEVICE_FD, "0000:00:1f.0"), ENODEV));
	HOLDS(fails(ioctl(d.group, VFIO_IOMMU_GET_INFO, &info), ENOTTY));
	HOLDS(fails(ioctl(d.device, VFIO_DEVICE_FEATURE, &info), ENOTTY));
	HOLDS(fails(ioctl(d.container, VFIO_DEVICE_GET_INFO, &info), ENOTTY));
	HOLDS(ioctl(d.container, VFIO_CHECK_EXTENSION, VFIO_NOIOMMU_IOMMU) == 0);
	calls(d, 1);
}

/* Children that ask without end, killed in the midst of it. */
static void dies(struct device d, unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		const pid_t pid = fork();
		int status;

		if (pid == 0)
			for (;;) {
				const struct device own = open_device();

				ioctl(own.device, VFIO_DEVICE_RESET);
				close(own.device);
				close(own.group);
				close(own.container);
			}
		usleep((useconds_t)(i * 37 % 1000));
		HOLDS(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
	}
	calls(d, 1);
}

static void paths(struct device d, unsigned long n)
{
	struct open_how how = {.flags = O_RDONLY};
	const int folder = open(SYSFS "/", O_RDONLY | O_DIRECTORY);
	DIR *const devices = opendir("/sys/bus/pci/devices");
	const struct dirent *entry;
	char text[PATH_MAX];
	struct statx x;
	struct stat s;
	unsigned int seen = 0;

	HOLDS(devices && folder >= 0);
	while ((entry = readdir(devices)))
		seen += !strcmp(entry->d_name, ADDRESS);
	HOLDS(seen == 1 && closedir(devices) == 0);
	HOLDS(stat(SYSFS, &s) == 0 && S_ISDIR(s.st_mode));
	HOLDS(lstat(SYSFS "/driver", &s) == 0 && S_ISLNK(s.st_mode));
	HOLDS(syscall(SYS_stat, SYSFS "/vendor", &s) == 0 && s.st_size == 7);
	HOLDS(syscall(SYS_lstat, SYSFS "/driver", &s) == 0 && S_ISLNK(s.st_mode));
	HOLDS(statx(AT_FDCWD, SYSFS "//vendor", 0, STATX_SIZE, &x) == 0 && x.stx_size == 7);
	HOLDS(statx(folder, "vendor", 0, STATX_SIZE, &x) == 0 && x.stx_size == 7);
	HOLDS(access(SYSFS "/resource", R_OK) == 0 && access(SYSFS "/rom", F_OK) == -1);
	HOLDS(syscall(SYS_faccessat2, AT_FDCWD, SYSFS "/class", R_OK, 0) == 0);
	HOLDS(readlink(SYSFS "/driver", text, 8) == 8 && !memcmp(text, "../../..", 8));
	HOLDS(fails((int)syscall(SYS_readlink, SYSFS "/driver", text, 0), EINVAL));
	HOLDS(realpath(SYSFS "/iommu_group", text) && strstr(text, "/iommu_groups/26"));
	HOLDS(syscall(SYS_openat2, AT_FDCWD, SYSFS "/vendor", &how, sizeof(how)) >= 0);
	HOLDS(openat(folder, "vendor", O_RDONLY) >= 0);
	HOLDS(fcntl(open(SYSFS "/vendor", O_RDONLY | O_CLOEXEC), F_GETFD) == FD_CLOEXEC);
	HOLDS(fcntl(open(SYSFS "/vendor", O_RDONLY), F_GETFD) == 0);
	/* All else is as it is. */
	HOLDS(stat("/", &s) == 0 && s.st_ino != 0 && access("/dev/null", W_OK) == 0);
	HOLDS(readlink("/proc/self/exe", text, sizeof(text)) > 0);
	HOLDS(access("/sys/bus/pci/devices/0000:ff:1f.7", F_OK) == -1 && errno == ENOENT);
	calls(d, n);
}

static void costs(struct device d, unsigned long n)
{
	struct timespec start, end;

	calls(d, 1000);
	clock_gettime(CLOCK_MONOTONIC, &start);
	calls(d, n);
	clock_gettime(CLOCK_MONOTONIC, &end);
	fprintf(stderr, "%.1f us a call\n",
		((double)(end.tv_sec - start.tv_sec) * 1e6 +
		 (double)(end.tv_nsec - start.tv_nsec) / 1e3) /
			(double)n);
}

static void asks_nothing(struct device d, unsigned long n)
{
	HOLDS(ioctl(d.device, VFIO_DEVICE_RESET) == 0 && n < UINT_MAX);
}

static const struct {
	const char *name;
	void (*run)(struct device d, unsigned long n);
} modes[] = {
	{"calls", calls},
	{"grows", grows},
	{"no-region", no_region},
	{"hangs", hangs},
	{"thread-hangs", thread_hangs},
	{"hands-over", hands_over},
	{"child-hangs", child_hangs},
	{"dies-of", dies_of},
	{"exits-with", exits_with},
	{"sleeps", sleeps},
	{"computes", computes},
	{"maps", maps},
	{"maps-areas", maps_areas},
	{"forks", forks},
	{"dups", dups},
	{"bad-pointers", bad_pointers},
	{"refusals", refusals},
	{"dies", dies},
	{"paths", paths},
	{"costs", costs},
	{"asks-nothing", asks_nothing},
	{"tells-device", tells_device},
	{"tells-region", tells_region},
	{"tells-iommu", tells_iommu},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc >= 2 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(argv[1], modes[i].name)) {
			modes[i].run(open_device(), argc > 2 ? strtoul(argv[2], NULL, 10) : 1);
			return 0;
		}
	fprintf(stderr, "usage: self MODE [N]\n");
	return 2;
}
