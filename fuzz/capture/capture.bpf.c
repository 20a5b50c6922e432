/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Watches INFO ioctls: what the caller passed in, and what it got. Two sets of hooks, of which one
 * is loaded: vfio.ko's own functions, which cost nobody else anything and know the device and the
 * kernel's chain; or the entry and exit of every system call, where there is no vfio.ko to hook. It
 * reads memory of other processes and writes none.
 *
 * Reads stop at the argsz that was passed in: the one that comes back may be larger than the
 * buffer.
 */
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "core.h"
#include "record.h"

#define PAGE		4096
#define EEXIST		17
/* No INFO struct is longer. */
#define FIXED		32
#define DEVICE_CAPS	(1 << 7)
#define REGION_CAPS	(1 << 3)
#define IOMMU_CAPS	(1 << 1)
#define SYSCALL_IOCTL	16
#define SYSCALL_IOCTL32 54
#define TS_COMPAT	2

/* For tests on a machine without VFIO: an ioctl of any file that stands for IOMMU_GET_INFO. */
const volatile unsigned int stand_in = 0;

struct capture_counts counts;

/* Processes are told apart: some are not asked about. */
const volatile bool by_process = false;

/* Bytes as words, with one more for what the last one lacks. */
#define WORD  8
#define WORDS (CAPTURE_MAX / WORD)
typedef __u8 buffer[CAPTURE_MAX + WORD];

/* 128 bits of what was seen. */
struct digest {
	__u64 one, two;
};

/* A call that has begun, by thread. */
struct pending {
	__u64 arg;
	__u32 cmd;
	__u32 fd;
	__u32 argsz;
	__u32 size;
	__u32 chain;
	__u32 chain_at;
	struct digest caps;
};
/* Nearly all are short, and the less is copied. */
#define SHORT 256
struct short_call {
	struct pending call;
	__u8 before[SHORT];
};
struct long_call {
	struct pending call;
	buffer before;
};

/* What a program works with. */
struct room {
	struct long_call begun;
	buffer before, after;
	struct capture_record record;
	__u8 bytes[2 * CAPTURE_MAX];
};

/* A thread that dies inside a call leaves its entry to be reused. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct short_call);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, __u64);
	__type(value, struct long_call);
} long_calls SEC(".maps");

/* A room for each program: while one is interrupted, another may run on its CPU, but not the same. */
enum program {
	BEGINS_DEVICE,
	ENDS_DEVICE,
	BEGINS_CONTAINER,
	ENDS_CONTAINER,
	MAKES_CHAIN,
	PROGRAMS
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PROGRAMS);
	__type(key, __u32);
	__type(value, struct room);
} rooms SEC(".maps");

/* Replies that were sent; one that is forgotten is sent once more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct digest);
	__type(value, __u8);
} sent SEC(".maps");

/* Processes that are not asked about, as the loader says. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct capture_process);
	__type(value, __u8);
} unwanted SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 24);
} ring SEC(".maps");

#define COUNT(what) __sync_fetch_and_add(&counts.what, 1)

static __always_inline bool is_info(__u32 cmd)
{
	return cmd == DEVICE_GET_INFO || cmd == DEVICE_GET_REGION_INFO || cmd == IOMMU_GET_INFO ||
	       (stand_in && cmd == stand_in);
}

/*
 * Reads up to @size of the caller's bytes: all, or, where a page behind the first was never touched
 * and so cannot be read here, those of the first. Returns how many.
 */
static __always_inline __u32 read_user(__u8 *to, __u32 size, __u64 from)
{
	__u32 first = PAGE - (from & (PAGE - 1));

	if (size > CAPTURE_MAX)
		size = CAPTURE_MAX;
	barrier_var(size);
	if (size > CAPTURE_MAX)
		return 0;
	if (!bpf_probe_read_user(to, size, (const void *)from))
		return size;
	if (first > size)
		first = size;
	barrier_var(first);
	if (first > CAPTURE_MAX)
		return 0;
	return bpf_probe_read_user(to, first, (const void *)from) ? 0 : first;
}

static __always_inline void stir(struct digest *digest, __u64 word)
{
	digest->one = (digest->one ^ word) * 0x9e3779b97f4a7c15ull;
	digest->one ^= digest->one >> 29;
	digest->two = (digest->two + word) * 0xd6e8feb86659fd93ull;
	digest->two ^= digest->two >> 32;
}

static __always_inline __u64 word_at(const __u8 *bytes, __u32 word)
{
	barrier_var(word);
	return word < WORDS ? *(const __u64 *)(bytes + word * WORD) : 0;
}

/* Puts 0 behind @size bytes, so that the last word is theirs. */
static __always_inline void end_bytes(__u8 *bytes, __u32 size)
{
	barrier_var(size);
	if (size <= CAPTURE_MAX)
		*(__u64 *)(bytes + size) = 0;
}

/* What the kernel did to a buffer: @ends behind the last word that changed. */
struct change {
	struct room *room;
	struct digest digest;
	__u32 ends;
	__u32 chain_at;
	struct digest caps;
};

static long stir_bytes(__u32 word, void *context)
{
	struct change *const change = context;

	stir(&change->caps, word_at(change->room->after, word));
	return 0;
}

static long compare_word(__u32 word, void *context)
{
	struct change *const change = context;
	const __u64 after = word_at(change->room->after, word);
	const __u64 changed = after ^ word_at(change->room->before, word);

	stir(&change->digest, after);
	stir(&change->digest, changed);
	if (changed)
		change->ends = (word + 1) * WORD;
	return 0;
}

/* The digest of the @size bytes that room->after has. */
static __always_inline struct digest digest_of(struct room *room, __u32 size)
{
	struct change change = {.room = room};

	bpf_loop((size + WORD - 1) / WORD, stir_bytes, &change, 0);
	return change.caps;
}

static __always_inline struct capture_process this_process(void)
{
	struct task_struct *const task = (void *)bpf_get_current_task();
	struct capture_process process = {
		.started = BPF_CORE_READ(task, group_leader, start_time),
		.memory = (__u64)BPF_CORE_READ(task, mm),
	};

	return process;
}

static __always_inline struct room *room_of(enum program program)
{
	const __u32 key = program;

	return bpf_map_lookup_elem(&rooms, &key);
}

static __always_inline struct pending *call_of(__u64 thread, const __u8 **ret_before)
{
	struct short_call *const brief = bpf_map_lookup_elem(&calls, &thread);
	struct long_call *call;

	if (brief) {
		*ret_before = brief->before;
		return &brief->call;
	}
	call = bpf_map_lookup_elem(&long_calls, &thread);
	if (!call)
		return 0;
	*ret_before = call->before;
	return &call->call;
}

static __always_inline void forget(__u64 thread)
{
	if (bpf_map_delete_elem(&calls, &thread))
		bpf_map_delete_elem(&long_calls, &thread);
}

static __always_inline void begin(enum program program, __u32 fd, __u32 cmd, __u64 arg)
{
	const __u64 thread = bpf_get_current_pid_tgid();
	struct room *const room = room_of(program);
	struct pending *call;

	if (!room)
		return;
	call = &room->begun.call;
	COUNT(seen);
	if (bpf_probe_read_user(&call->argsz, sizeof(call->argsz), (const void *)arg)) {
		COUNT(unreadable);
		return;
	}
	call->arg = arg;
	call->cmd = cmd;
	call->fd = fd;
	call->chain = call->chain_at = 0;
	call->size = read_user(room->begun.before, call->argsz, arg);
	if (call->size <= SHORT)
		bpf_map_update_elem(&calls, &thread, &room->begun, BPF_ANY);
	else
		bpf_map_update_elem(&long_calls, &thread, &room->begun, BPF_ANY);
}

static __always_inline void read_device(struct file *file, char to[48])
{
	void *const own = BPF_CORE_READ(file, private_data);
	struct vfio_device *device = own;

	to[0] = '\0';
	if (!bpf_core_type_exists(struct vfio_device))
		return;
	if (bpf_core_type_exists(struct vfio_device_file))
		device = BPF_CORE_READ((struct vfio_device_file *)own, device);
	bpf_probe_read_kernel_str(to, 48, BPF_CORE_READ(device, dev, kobj.name));
}

/* How many of the reply's bytes have to go up: none behind them changed, or is part of what it says. */
static __always_inline __u32 reply_ends(const struct room *room, const struct pending *call,
					const struct change *change)
{
	const __u32 flags = *(const __u32 *)(room->after + 4);
	const __u32 caps_flag = call->cmd == DEVICE_GET_INFO	      ? DEVICE_CAPS
				: call->cmd == DEVICE_GET_REGION_INFO ? REGION_CAPS
								      : IOMMU_CAPS;
	__u32 ends = FIXED;

	/* Where its chain ends, the kernel says, or nobody. */
	if (flags & caps_flag)
		ends = call->chain ? call->chain_at + call->chain : call->size;
	if (ends < change->ends)
		ends = change->ends;
	return ends < call->size ? ends : call->size;
}

/* Reads both sides of the call into the room. Whether that could be done. */
static __always_inline bool read_both(struct room *room, const struct pending *call,
				      const __u8 *before)
{
	__u32 size = call->size;

	barrier_var(size);
	if (size > CAPTURE_MAX)
		return false;
	bpf_probe_read_kernel(room->before, size, before);
	/* After the call, as much as could be read before it. */
	if (bpf_probe_read_user(room->after, size, (const void *)call->arg))
		return false;
	end_bytes(room->before, size);
	end_bytes(room->after, size);
	return true;
}

/* Whether the caller got what the kernel had put together; as much of it as there is room for. */
static __always_inline bool chain_differs(struct room *room, const struct pending *call)
{
	const __u32 at = call->chain_at;
	__u32 size = call->chain;
	struct digest digest;

	if (!size || at + size > call->size)
		return false;
	barrier_var(size);
	if (size > CAPTURE_MAX)
		return false;
	/* It has been compared, so its room is free. */
	if (bpf_probe_read_user(room->after, size, (const void *)(call->arg + at)))
		return true;
	end_bytes(room->after, size);
	digest = digest_of(room, size);
	return digest.one != call->caps.one || digest.two != call->caps.two;
}

static __always_inline void send(struct room *room, __u32 ends)
{
	barrier_var(ends);
	if (ends > CAPTURE_MAX)
		return;
	room->record.sent = ends;
	bpf_probe_read_kernel(room->bytes, ends, room->before);
	bpf_probe_read_kernel(room->bytes + ends, ends, room->after);
	if (bpf_ringbuf_output(&ring, &room->record, sizeof(room->record) + 2 * ends, 0))
		COUNT(dropped);
	else
		COUNT(sent);
}

/* Whether it was sent before; notes it if not. */
static __always_inline bool is_known(struct room *room, struct digest *digest)
{
	const __u8 yes = 1;

	stir(digest, (__u64)room->record.cmd << 32 | room->record.argsz);
	stir(digest, (__u64)room->record.chain_end << 32 | room->record.size);
	stir(digest, room->record.device_fd << 1 | room->record.chain_differs);
	for (__u32 i = 0; i < sizeof(room->record.device) / WORD; i++)
		stir(digest, ((__u64 *)room->record.device)[i]);
	/* Who is asked about depends on the program. */
	if (by_process) {
		stir(digest, room->record.process.started);
		stir(digest, room->record.process.memory);
	}
	/* It is an int, and Linux 6.1 leaves the upper half of it 0. */
	return (int)bpf_map_update_elem(&sent, digest, &yes, BPF_NOEXIST) == -EEXIST;
}

/* @file: of the call, NULL for a stand-in. */
static __always_inline void end(enum program program, struct file *file, bool device_fd, long ret)
{
	const __u64 thread = bpf_get_current_pid_tgid();
	struct room *const room = room_of(program);
	const __u8 *before;
	struct pending *const call = call_of(thread, &before);
	struct change change = {.room = room};
	__u32 ends;

	if (!call || !room)
		return;
	if (ret) {
		COUNT(failed);
		goto done;
	}
	if (by_process) {
		room->record.process = this_process();
		if (bpf_map_lookup_elem(&unwanted, &room->record.process)) {
			COUNT(unwanted);
			goto done;
		}
	}
	room->record.cmd = call->cmd;
	room->record.argsz = call->argsz;
	room->record.size = call->size;
	room->record.cut = call->size < call->argsz && call->size < CAPTURE_MAX;
	room->record.device_fd = device_fd;
	__builtin_memset(room->record.device, 0, sizeof(room->record.device));
	if (file && device_fd)
		read_device(file, room->record.device);
	if (!read_both(room, call, before)) {
		COUNT(unreadable);
		goto done;
	}
	bpf_loop((call->size + WORD - 1) / WORD, compare_word, &change, 0);
	ends = reply_ends(room, call, &change);
	room->record.chain_end = call->chain ? call->chain_at + call->chain : 0;
	room->record.chain_differs = chain_differs(room, call);
	if (call->chain && !read_both(room, call, before)) {
		COUNT(unreadable);
		goto done;
	}
	if (is_known(room, &change.digest)) {
		COUNT(repeated);
		goto done;
	}
	room->record.pid = thread >> 32;
	bpf_get_current_comm(room->record.comm, sizeof(room->record.comm));
	send(room, ends);
done:
	forget(thread);
}

/*
 * On pseries a container answers 0x3b70 with another struct, of no chain: VFIO_IOMMU_SPAPR_TCE_GET_INFO. Its
 * driver's name is iommu-vfio-powerpc, that of type1 vfio-iommu-type1.
 */
static __always_inline bool is_spapr(struct file *file)
{
	struct vfio_container *const container = BPF_CORE_READ(file, private_data);
	char name[8] = "";

	if (!bpf_core_type_exists(struct vfio_container))
		return false;
	bpf_probe_read_kernel_str(name, sizeof(name),
				  BPF_CORE_READ(container, iommu_driver, ops, name));
	return name[0] == 'i' && name[1] == 'o' && name[5] == '-';
}

/* vfio.ko's functions. A device's 0x3b70 is GET_PCI_HOT_RESET_INFO. */
SEC("fentry/vfio_device_fops_unl_ioctl")
int BPF_PROG(device_begins, struct file *file, unsigned int cmd, unsigned long arg)
{
	if (cmd == IOMMU_GET_INFO)
		COUNT(others);
	else if (is_info(cmd))
		begin(BEGINS_DEVICE, 0, cmd, arg);
	return 0;
}

SEC("fexit/vfio_device_fops_unl_ioctl")
int BPF_PROG(device_ends, struct file *file, unsigned int cmd, unsigned long arg, long ret)
{
	if (is_info(cmd))
		end(ENDS_DEVICE, file, true, ret);
	return 0;
}

SEC("fentry/vfio_fops_unl_ioctl")
int BPF_PROG(container_begins, struct file *file, unsigned int cmd, unsigned long arg)
{
	if (cmd == IOMMU_GET_INFO && is_spapr(file))
		COUNT(others);
	else if (cmd == IOMMU_GET_INFO)
		begin(BEGINS_CONTAINER, 0, cmd, arg);
	return 0;
}

SEC("fexit/vfio_fops_unl_ioctl")
int BPF_PROG(container_ends, struct file *file, unsigned int cmd, unsigned long arg, long ret)
{
	if (cmd == IOMMU_GET_INFO)
		end(ENDS_CONTAINER, file, false, ret);
	return 0;
}

/* The kernel's own chain, as it goes to the caller. */
SEC("fexit/vfio_info_cap_shift")
int BPF_PROG(chain_made, struct vfio_info_cap *caps, unsigned long offset)
{
	const __u64 thread = bpf_get_current_pid_tgid();
	struct room *const room = room_of(MAKES_CHAIN);
	const __u8 *before;
	struct pending *const call = call_of(thread, &before);
	__u32 size = BPF_CORE_READ(caps, size);

	if (!call || !room)
		return 0;
	barrier_var(size);
	if (size > CAPTURE_MAX ||
	    bpf_probe_read_kernel(room->after, size, BPF_CORE_READ(caps, buf)))
		return 0;
	end_bytes(room->after, size);
	call->caps = digest_of(room, size);
	call->chain = size;
	call->chain_at = offset;
	return 0;
}

/* The file that is open as @fd, if it is VFIO's. */
static __always_inline struct file *vfio_file(__u32 fd)
{
	struct task_struct *const task = (void *)bpf_get_current_task();
	struct fdtable *const table = BPF_CORE_READ(task, files, fdt);
	struct file **const files = BPF_CORE_READ(table, fd);
	struct file *file = 0;
	struct module *owner;
	char name[8] = "";

	if (fd >= BPF_CORE_READ(table, max_fds) ||
	    bpf_probe_read_kernel(&file, sizeof(file), files + fd) || !file)
		return 0;
	owner = BPF_CORE_READ(file, f_op, owner);
	/* Built in, it has no owner; then the name of its file has to do. */
	if (owner)
		bpf_probe_read_kernel_str(name, sizeof(name), owner->name);
	else
		bpf_probe_read_kernel_str(name, sizeof(name),
					  BPF_CORE_READ(file, f_path.dentry, d_name.name));
	if (name[0] == '[')
		return name[1] == 'v' && name[2] == 'f' && name[3] == 'i' && name[4] == 'o' ? file
											    : 0;
	/* iommufd, or built in "iommu", answers as a container does. */
	if (name[0] == 'i' && name[1] == 'o' && name[2] == 'm' && name[3] == 'm' && name[4] == 'u')
		return file;
	return name[0] == 'v' && name[1] == 'f' && name[2] == 'i' && name[3] == 'o' ? file : 0;
}

/* "[vfio-device]", or of a cdev "vfio0"; a container is "vfio". */
static __always_inline bool is_device(struct file *file)
{
	char name[8] = "";

	bpf_probe_read_kernel_str(name, sizeof(name),
				  BPF_CORE_READ(file, f_path.dentry, d_name.name));
	return name[0] == '[' || (name[4] >= '0' && name[4] <= '9');
}

/* 32-bit programs have another table of calls, and their arguments in other registers. */
static __always_inline bool arguments(struct pt_regs *regs, long id, __u32 *ret_fd, __u32 *ret_cmd,
				      __u64 *ret_arg)
{
	struct task_struct *task;
	bool compat;

	/* Nearly every call is another one, and pays for each read here. */
	if (id != SYSCALL_IOCTL && id != SYSCALL_IOCTL32)
		return false;
	task = (void *)bpf_get_current_task();
	compat = BPF_CORE_READ(task, thread_info.status) & TS_COMPAT;
	if (id != (compat ? SYSCALL_IOCTL32 : SYSCALL_IOCTL))
		return false;
	*ret_cmd = compat ? BPF_CORE_READ(regs, cx) : BPF_CORE_READ(regs, si);
	if (!is_info(*ret_cmd))
		return false;
	*ret_fd = compat ? BPF_CORE_READ(regs, bx) : BPF_CORE_READ(regs, di);
	*ret_arg = compat ? (__u32)BPF_CORE_READ(regs, dx) : BPF_CORE_READ(regs, dx);
	return true;
}

SEC("raw_tp/sys_enter")
int call_begins(struct bpf_raw_tracepoint_args *context)
{
	__u32 fd, cmd;
	__u64 arg;

	if (arguments((struct pt_regs *)context->args[0], (long)context->args[1], &fd, &cmd, &arg))
		begin(BEGINS_DEVICE, fd, cmd, arg);
	return 0;
}

SEC("raw_tp/sys_exit")
int call_ends(struct bpf_raw_tracepoint_args *context)
{
	struct pt_regs *const regs = (struct pt_regs *)context->args[0];
	struct file *file;
	__u32 fd, cmd;
	__u64 arg;

	if (!arguments(regs, BPF_CORE_READ(regs, orig_ax), &fd, &cmd, &arg))
		return 0;
	if (stand_in && cmd == stand_in) {
		end(ENDS_DEVICE, 0, false, (long)context->args[1]);
		return 0;
	}
	file = vfio_file(fd);
	if (!file || (cmd == IOMMU_GET_INFO) == is_device(file) ||
	    (cmd == IOMMU_GET_INFO && is_spapr(file))) {
		const __u64 thread = bpf_get_current_pid_tgid();

		COUNT(others);
		forget(thread);
		return 0;
	}
	end(ENDS_DEVICE, file, cmd != IOMMU_GET_INFO, (long)context->args[1]);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
