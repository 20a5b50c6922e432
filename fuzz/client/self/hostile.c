/* SPDX-License-Identifier: MIT */
/*
 * A client that tries what `capchain run` must not let it do, or must not wait for without end.
 * scripts/clients/rights_test.py says what each mode has to come out as. Static, as self.c is.
 *
 * Usage: hostile MODE [WORD]. What a mode tried, and how it ended, is a line each; exit status 0.
 */
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "open.h"

#define SYSFS "/sys/bus/pci/devices/" ADDRESS

static void say(const char *what, long result)
{
	printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "done");
	fflush(stdout);
}

static struct device asked(uint32_t index)
{
	union {
		struct vfio_region_info info;
		uint8_t bytes[256];
	} room = {.info = {.argsz = sizeof(room), .index = index}};
	const struct device d = open_device();

	ioctl(d.device, VFIO_DEVICE_GET_REGION_INFO, &room);
	return d;
}

/* As a daemon that drops its rights does: nobody's ids, and no group. */
static void drop(void)
{
	if (setgroups(0, NULL) || setgid(65534) || setuid(65534)) {
		perror("rights cannot be dropped");
		exit(8);
	}
}

/* Reads and writes the file @path by every way that leads out of a folder of the device. */
static void files(const char *path)
{
	char around[512];
	int fd;

	snprintf(around, sizeof(around), SYSFS "/../../../../..%s", path);
	say("open, directly", open(path, O_RDONLY));
	say("open, around", open(around, O_RDONLY));
	say("write, around", open(around, O_WRONLY));
	snprintf(around, sizeof(around), SYSFS "/driver/../../../../../../../../..%s", path);
	say("open, by a link", open(around, O_RDONLY));
	say("access, around", access(around, R_OK));
	fd = open("/sys/bus", O_RDONLY | O_DIRECTORY);
	snprintf(around, sizeof(around), "../../../../../..%s", path);
	say("openat, around", openat(fd, around, O_RDONLY));
	say("write the device's vendor", open(SYSFS "/vendor", O_WRONLY));
	say("access to write it", access(SYSFS "/vendor", W_OK));
	say("read it", open(SYSFS "/vendor", O_RDONLY));
	say("new file beside it", open(SYSFS "/new", O_WRONLY | O_CREAT, 0666));
	/* And the device is there for everybody. */
	asked(0);
}

static void dropped_files(const char *path)
{
	asked(0);
	drop();
	files(path);
}

/* Every way that the device's files are named. */
static void relative(const char *word)
{
	int fd;

	(void)word;
	say("chdir", chdir("/dev"));
	fd = open("vfio/vfio", O_RDWR);
	say("open", fd);
	say("is the container", ioctl(fd, VFIO_GET_API_VERSION));
	fd = openat(open("/dev", O_PATH), "./vfio//26", O_RDWR);
	say("openat", fd);
	say("chdir", chdir("/"));
	say("in sysfs", open("sys/bus/pci/devices/" ADDRESS "/vendor", O_RDONLY));
	say("dots", open("/dev/../proc/../dev/./vfio/../vfio/vfio", O_RDWR));
	say("creat", (long)syscall(SYS_creat, "/dev/vfio/vfio", 0600));
	say("another group", open("/dev/vfio/27", O_RDWR));
	say("iommufd", open("/dev/iommu", O_RDWR));
	say("cdev", open("dev/vfio/devices/vfio0", O_RDWR));
	asked(0);
}

/* An ioctl of VFIO's letter: this driver would answer EINVAL to one that it does not know. */
static void real_ioctl(const char *path)
{
	say("ioctl", ioctl(open(path, O_RDONLY), VFIO_GET_API_VERSION));
	say("on nothing", ioctl(900, VFIO_GET_API_VERSION));
	asked(0);
}

static void uring(const char *word)
{
	uint64_t params[16] = {0};

	(void)word;
	say("io_uring_setup", syscall(SYS_io_uring_setup, 4, params));
	asked(0);
}

/* getpid() by the 32-bit way in. */
static void old_call(const char *word)
{
	long result = 20;

	(void)word;
	__asm__ volatile("int $0x80" : "+a"(result) : : "memory");
	say("a 32-bit call", result);
	asked(0);
}

static void spin(void)
{
	for (volatile bool on = true; on;)
		;
}

/* Another VFIO call between the INFO and the walk that does not end. */
static void hangs_after(const char *word)
{
	struct vfio_irq_info irq = {.argsz = sizeof(irq)};
	const struct device d = asked(0);

	(void)word;
	ioctl(d.device, VFIO_DEVICE_GET_IRQ_INFO, &irq);
	spin();
}

static void *ask_and_wait(void *arg)
{
	asked(0);
	for (;;)
		pause();
	return arg;
}

/* After more threads that asked than a table of fixed size has room for. */
static void hangs_last(const char *word)
{
	pthread_t thread;

	(void)word;
	for (int i = 0; i < 60; i++)
		pthread_create(&thread, NULL, ask_and_wait, NULL);
	usleep(300000);
	asked(1);
	spin();
}

static void sleeps(const char *word)
{
	(void)word;
	asked(0);
	for (;;)
		pause();
}

/* Calls that are seen, none of them an INFO. */
static void calls(const char *word)
{
	(void)word;
	asked(0);
	for (;;)
		access(SYSFS, F_OK);
}

static void waits_first(const char *word)
{
	(void)word;
	for (;;)
		pause();
}

/* The whole of region @word, as its number says. */
static void maps(const char *word)
{
	const struct device d = asked((uint32_t)atoi(word));

	say("mmap",
	    (long)mmap(NULL, 0x20000, PROT_READ, MAP_SHARED, d.device, (off_t)atoi(word) << 40));
}

/* What INFO calls return, @word of them. */
static void errors(const char *word)
{
	const struct device d = open_device();

	for (int i = atoi(word); i > 0; i--) {
		struct vfio_region_info info = {.argsz = sizeof(info)};

		say("region", ioctl(d.device, VFIO_DEVICE_GET_REGION_INFO, &info));
	}
}

static void leaves(const char *word)
{
	(void)word;
	asked(0);
	if (fork() == 0)
		for (;;)
			pause();
	printf("%d\n", (int)getpid());
	fflush(stdout);
	for (;;)
		pause();
}

static const struct {
	const char *name;
	void (*run)(const char *word);
} modes[] = {
	{"files", files},
	{"dropped-files", dropped_files},
	{"relative", relative},
	{"real-ioctl", real_ioctl},
	{"uring", uring},
	{"old-call", old_call},
	{"hangs-after", hangs_after},
	{"hangs-last", hangs_last},
	{"sleeps", sleeps},
	{"calls", calls},
	{"waits-first", waits_first},
	{"maps", maps},
	{"errors", errors},
	{"leaves", leaves},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc >= 2 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(argv[1], modes[i].name)) {
			modes[i].run(argc > 2 ? argv[2] : "");
			return 0;
		}
	fprintf(stderr, "usage: hostile MODE [WORD]\n");
	return 2;
}
