/* SPDX-License-Identifier: MIT */
/*
 * The client that puts `capchain serve` to the test: one mode a verdict, and one for each fault of a client's
 * messages. It shares nothing with the server but the kernel's structs. scripts/clients/serve_test.py says what each
 * mode has to come out as.
 *
 * Usage: peer_client SOCKET MODE [N]. Exit status: 0, of a mode that checks something only where all held.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Says which check failed, and ends. */
#define HOLDS(what)                                                                                \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			fprintf(stderr, "peer_client: line %d: %s (%m)\n", __LINE__, #what);       \
			exit(8);                                                                   \
		}                                                                                  \
	} while (0)

#define VERSION_JSON "{\"capabilities\":{\"max_msg_fds\":16}}"
#define CONFIG	     7u

enum { VERSION = 1, MAP, UNMAP, INFO, REGION, IO_FDS, IRQ, SET_IRQS, READ, WRITE, RESET = 13 };

struct header {
	uint16_t id, command;
	uint32_t size, flags, error;
};

/* What was sent last, and what came. */
static struct {
	int fd;
	struct header header;
	uint8_t bytes[1 << 17];
	uint32_t size;
	int file;
} peer;

/* @fd beside it, where that is not -1. */
static void send_all(const void *bytes, size_t size, int fd)
{
	char room[CMSG_SPACE(sizeof(fd))] = {0};
	struct iovec data = {(void *)(uintptr_t)bytes, size};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

	if (fd >= 0) {
		struct cmsghdr *head;

		message.msg_control = room;
		message.msg_controllen = sizeof(room);
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	}
	HOLDS(sendmsg(peer.fd, &message, MSG_NOSIGNAL) == (ssize_t)size);
}

static void say_with(uint16_t command, uint32_t flags, const void *payload, size_t size, int fd)
{
	static uint8_t bytes[1 << 17];

	peer.header = (struct header){(uint16_t)(peer.header.id + 1), command,
				      (uint32_t)(sizeof(peer.header) + size), flags, 0};
	memcpy(bytes, &peer.header, sizeof(peer.header));
	memcpy(bytes + sizeof(peer.header), payload, size);
	send_all(bytes, sizeof(peer.header) + size, fd);
}

static void read_all(void *ret_bytes, size_t size)
{
	char room[CMSG_SPACE(16 * sizeof(int))];

	for (size_t have = 0; have < size;) {
		struct iovec data = {(uint8_t *)ret_bytes + have, size - have};
		struct msghdr message = {.msg_iov = &data,
					 .msg_iovlen = 1,
					 .msg_control = room,
					 .msg_controllen = sizeof(room)};
		const ssize_t got = recvmsg(peer.fd, &message, 0);
		const struct cmsghdr *const head = CMSG_FIRSTHDR(&message);

		if (got == 0)
			exit(7);
		HOLDS(got > 0);
		if (head)
			memcpy(&peer.file, CMSG_DATA(head), sizeof(peer.file));
		have += (size_t)got;
	}
}

/* Returns 0 or the error of the reply. */
static int hear(void)
{
	struct header header;

	read_all(&header, sizeof(header));
	HOLDS(header.size >= sizeof(header) && header.size - sizeof(header) <= sizeof(peer.bytes));
	peer.size = header.size - (uint32_t)sizeof(header);
	read_all(peer.bytes, peer.size);
	HOLDS(header.id == peer.header.id && header.command == peer.header.command);
	HOLDS((header.flags & 0xf) == 1);
	return header.flags & 0x20 ? (int)header.error : 0;
}

static int call(uint16_t command, const void *payload, size_t size)
{
	say_with(command, 0, payload, size, -1);
	return hear();
}

static int version(void)
{
	static const char bytes[] = "\0\0\0\0" VERSION_JSON;

	return call(VERSION, bytes, sizeof(bytes));
}

/* The reply is in peer.bytes; its argsz is returned, 0 where there is none. */
static uint32_t ask(uint32_t index, uint32_t argsz)
{
	const struct vfio_region_info info = {.argsz = argsz, .index = index};

	if (call(REGION, &info, sizeof(info)))
		return 0;
	memcpy(&argsz, peer.bytes, sizeof(argsz));
	return argsz;
}

static struct vfio_region_info region(uint32_t index)
{
	struct vfio_region_info info;
	const uint32_t need = ask(index, sizeof(info));

	HOLDS(need >= sizeof(info));
	if (need > sizeof(info))
		ask(index, need);
	memcpy(&info, peer.bytes, sizeof(info));
	return info;
}

static void *map(uint64_t offset, uint64_t size)
{
	void *const at =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, peer.file, (off_t)offset);

	HOLDS(at != MAP_FAILED);
	return at;
}

/* The areas of a SPARSE_MMAP at 32, as the good reply has them. */
static void map_areas(void)
{
	const struct vfio_region_info info = region(0);
	uint32_t count;

	memcpy(&count, peer.bytes + 40, sizeof(count));
	for (uint32_t i = 0; i < count; i++) {
		struct vfio_region_sparse_mmap_area area;

		memcpy(&area, peer.bytes + 48 + i * sizeof(area), sizeof(area));
		map(info.offset + area.offset, area.size);
	}
}

static void read_config(uint64_t offset, uint32_t count, void *ret_bytes)
{
	const struct {
		uint64_t offset;
		uint32_t region, count;
	} what = {offset, CONFIG, count};

	HOLDS(call(READ, &what, sizeof(what)) == 0 && peer.size == sizeof(what) + count);
	HOLDS(memcmp(peer.bytes, &what, sizeof(what)) == 0);
	memcpy(ret_bytes, peer.bytes + sizeof(what), count);
}

static void write_config(uint64_t offset, uint32_t value)
{
	const struct {
		uint64_t offset;
		uint32_t region, count, value, none;
	} what = {offset, CONFIG, sizeof(value), value, 0};

	HOLDS(call(WRITE, &what, 20) == 0 && peer.size == 16);
}

/* Every command once, with what a device of this kind answers. */
static void good(unsigned long n)
{
	const struct vfio_device_info device = {.argsz = 16};
	const struct vfio_irq_info irq = {.argsz = sizeof(irq), .index = 2};
	const struct vfio_irq_set set = {.argsz = sizeof(set), .flags = 0x21, .index = 2};
	const uint32_t io_fds[4] = {16};
	struct {
		uint32_t argsz, flags;
		uint64_t offset, address, size;
	} memory = {32, 3, 0, 0x100000, 0x1000};
	const uint64_t unmap[3] = {24, 0x100000, 0x1000};
	const int file = memfd_create("memory", 0);
	uint32_t value;

	HOLDS(call(INFO, &device, 16) == 0 && peer.size == 16 && peer.bytes[8] == 9);
	HOLDS(file >= 0 && ftruncate(file, 0x1000) == 0);
	say_with(MAP, 0, &memory, sizeof(memory), file);
	HOLDS(hear() == 0 && peer.size == 0);
	map_areas();
	HOLDS(call(IO_FDS, io_fds, sizeof(io_fds)) == 0 && peer.size == 16);
	HOLDS(call(IRQ, &irq, sizeof(irq)) == 0 && peer.size == sizeof(irq) && peer.bytes[12] == 5);
	HOLDS(call(SET_IRQS, &set, sizeof(set)) == 0 && peer.size == 0);
	read_config(0, sizeof(value), &value);
	HOLDS(value == 0x10d38086);
	/* Ids stay, and a BAR says its size. */
	write_config(0, 0);
	write_config(0x10, UINT32_MAX);
	read_config(0, sizeof(value), &value);
	HOLDS(value == 0x10d38086);
	read_config(0x10, sizeof(value), &value);
	HOLDS(value == 0xfffe0000);
	HOLDS(call(UNMAP, unmap, sizeof(unmap)) == 0 && peer.size == sizeof(unmap));
	HOLDS(call(RESET, NULL, 0) == 0);
	/* Nobody waits for this one. */
	for (unsigned long i = 0; i < n; i++)
		say_with(RESET, 0x10, NULL, 0, -1);
}

static void calls(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		HOLDS(ask(0, 256));
}

static void exits_with(unsigned long n)
{
	calls(1);
	exit((int)n);
}

static void dies_of(unsigned long n)
{
	calls(1);
	raise((int)n);
}

/* Asks for as long as the reply names more than it was given. */
static void grows(unsigned long n)
{
	for (uint32_t argsz = 32, said; (said = ask(0, argsz)) > argsz && said <= n; argsz = said)
		;
}

static void hangs(unsigned long n)
{
	calls(1 + n);
	for (volatile bool on = true; on;)
		;
}

/* The thread is there before the reply, as one that waits for it. */
static volatile bool walks;
static void *walk(void *arg)
{
	while (!walks)
		usleep(1000);
	for (;;)
		;
	return arg;
}

static void thread_hangs(unsigned long n)
{
	pthread_t thread;

	HOLDS(pthread_create(&thread, NULL, walk, NULL) == 0);
	calls(1 + n);
	walks = true;
	pthread_join(thread, NULL);
}

/* Computes for n ms between any two messages. */
static void computes(unsigned long n)
{
	uint32_t value;

	calls(1);
	for (int i = 0; i < 3; i++) {
		struct timespec from, now;

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
		do
			clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
		while ((now.tv_sec - from.tv_sec) * 1000 + (now.tv_nsec - from.tv_nsec) / 1000000 <
		       (long)n);
		read_config(0, sizeof(value), &value);
	}
}

static void sleeps(unsigned long n)
{
	calls(1);
	usleep((useconds_t)n * 1000);
}

static void waits(unsigned long n)
{
	calls(1 + n);
	pause();
}

/* Asks for n times 64 KiB, and reads none of it: the server must not wait for it. */
static void floods(unsigned long n)
{
	const struct {
		uint64_t offset;
		uint32_t region, count;
	} what = {0, 0, 65536};

	calls(1);
	for (unsigned long i = 0; i < n; i++)
		say_with(READ, 0, &what, sizeof(what), -1);
	pause();
}

/* Half a message, and nothing more. */
static void trails_off(unsigned long n)
{
	calls(1 + n);
	send_all("\1\0\15", 3, -1);
	pause();
}

/* The whole region, whatever the reply says. */
static void maps(unsigned long n)
{
	const struct vfio_region_info info = region(0);

	map(info.offset + n, info.size);
}

/* A region that it was told nothing of. */
static void maps_untold(unsigned long n)
{
	calls(1);
	map((uint64_t)n << 40, 4096);
}

static void maps_areas(unsigned long n)
{
	(void)n;
	map_areas();
}

/* Writes to its region 0, where a file that is too short has nothing. */
static void touches(unsigned long n)
{
	const struct vfio_region_info info = region(0);

	*((volatile uint8_t *)map(info.offset, info.size) + n) = 1;
}

/* Takes what a header says of fds: none came. */
static void wants_file(unsigned long n)
{
	peer.file = -1;
	region(0);
	exit(peer.file < 0 ? (int)n : 0);
}

/* Prints the reply to an argsz of n, its error, and whether a descriptor came. */
static void tells(unsigned long n)
{
	const struct vfio_region_info info = {.argsz = (uint32_t)n};
	struct header header;

	peer.file = -1;
	say_with(REGION, 0, &info, sizeof(info), -1);
	read_all(&header, sizeof(header));
	read_all(peer.bytes, header.size - sizeof(header));
	printf("%d %u %x %u %d ", header.id - peer.header.id, header.command, header.flags,
	       header.error, peer.file >= 0);
	for (uint32_t i = 0; i < header.size - sizeof(header); i++)
		printf("%02x", peer.bytes[i]);
	putchar('\n');
}

/* Messages that no client may send: what each is, its bytes behind the header, and the error that answers. */
static const struct {
	const char *mode;
	uint16_t command;
	uint32_t flags;
	uint32_t words[8];
	uint32_t size;
	bool fd;
	int error;
} faults[] = {
	{"says-short", REGION, 0, {32, 0, 0}, 28, false, EINVAL},
	{"says-long", IRQ, 0, {16, 0, 0, 0, 0}, 20, false, EINVAL},
	{"says-reply", RESET, 1, {0}, 0, false, 0},
	{"says-unknown", 99, 0, {0}, 0, false, ENOTSUP},
	{"says-version-twice", VERSION, 0, {0}, 4, false, EINVAL},
	{"says-fd", RESET, 0, {0}, 0, true, EINVAL},
	{"says-region", REGION, 0, {32, 0, 9}, 32, false, EINVAL},
	{"says-argsz", INFO, 0, {15}, 16, false, EINVAL},
	{"says-read-past", READ, 0, {4095, 0, CONFIG, 2}, 16, false, EINVAL},
	{"says-write-count", WRITE, 0, {0, 0, CONFIG, 5, 0}, 20, false, EINVAL},
	{"says-irqs", SET_IRQS, 0, {20, 0x21, 2, 4, 2}, 20, false, EINVAL},
	{"says-range", MAP, 0, {32, 3, 0, 0, ~0u, ~0u, 2, 0}, 32, false, EINVAL},
};

/* Each is answered, and the server goes on. */
static bool is_fault(const char *mode)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (strcmp(mode, faults[i].mode))
			continue;
		calls(1);
		say_with(faults[i].command, faults[i].flags, faults[i].words, faults[i].size,
			 faults[i].fd ? STDERR_FILENO : -1);
		if (faults[i].error)
			HOLDS(hear() == faults[i].error);
		calls(1);
		return true;
	}
	return false;
}

static void connect_to(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	peer.fd = socket(AF_UNIX, SOCK_STREAM, 0);
	HOLDS(connect(peer.fd, (const struct sockaddr *)&name, sizeof(name)) == 0);
}

/* The connection is over for who sends any of these; what comes after it is another. */
static void is_cut_off(const char *path, const void *bytes, size_t size)
{
	char byte;

	calls(1);
	send_all(bytes, size, -1);
	HOLDS(shutdown(peer.fd, SHUT_WR) == 0 && read(peer.fd, &byte, 1) == 0);
	close(peer.fd);
	connect_to(path);
	HOLDS(version() == 0);
	calls(1);
}

static const struct {
	const char *name;
	void (*run)(unsigned long n);
} modes[] = {
	{"good", good},
	{"calls", calls},
	{"exits-with", exits_with},
	{"dies-of", dies_of},
	{"grows", grows},
	{"hangs", hangs},
	{"thread-hangs", thread_hangs},
	{"computes", computes},
	{"sleeps", sleeps},
	{"waits", waits},
	{"maps", maps},
	{"maps-untold", maps_untold},
	{"maps-areas", maps_areas},
	{"touches", touches},
	{"wants-file", wants_file},
	{"tells", tells},
	{"floods", floods},
	{"trails-off", trails_off},
};

int main(int argc, char **argv)
{
	static const struct header huge = {1, RESET, UINT32_MAX, 0, 0}, tiny = {1, RESET, 15, 0, 0};
	const unsigned long n = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;

	HOLDS(argc > 2);
	connect_to(argv[1]);
	if (!strcmp(argv[2], "asks-nothing"))
		return version();
	if (!strcmp(argv[2], "says-early")) {
		HOLDS(call(RESET, NULL, 0) == EINVAL);
		connect_to(argv[1]);
		HOLDS(version() == 0);
		calls(1);
		return 0;
	}
	HOLDS(version() == 0);
	if (!strcmp(argv[2], "says-half"))
		return is_cut_off(argv[1], &huge, 7), 0;
	if (!strcmp(argv[2], "says-huge"))
		return is_cut_off(argv[1], &huge, sizeof(huge)), 0;
	if (!strcmp(argv[2], "says-tiny"))
		return is_cut_off(argv[1], &tiny, sizeof(tiny)), 0;
	if (is_fault(argv[2]))
		return 0;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(argv[2], modes[i].name))
			continue;
		modes[i].run(n);
		return 0;
	}
	fprintf(stderr, "peer_client: no mode %s\n", argv[2]);
	return 6;
}
