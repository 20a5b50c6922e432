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
#define SYSCALL_IOCTL	16
#define SYSCALL_IOCTL32 54
#define TS_COMPAT	2

/* For tests on a machine without VFIO: an ioctl of any file that stands for IOMMU_GET_INFO. */
const volatile unsigned int stand_in = 0;

struct capture_counts counts;

/* A call that has begun, by thread. */
struct pending {
	__u64 arg;
	__u32 cmd;
	__u32 fd;
	__u32 argsz;
	__u32 size;
	__u32 chain;
	__u32 chain_at;
	__u8 before[CAPTURE_MAX];
	__u8 caps[CAPTURE_MAX];
};

struct whole {
	struct capture_record record;
	__u8 bytes[3 * CAPTURE_MAX];
};

/* A thread that dies inside a call leaves its entry to be reused. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct pending);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pending);
} begun SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct whole);
} ended SEC(".maps");

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

static __always_inline void begin(__u32 fd, __u32 cmd, __u64 arg)
{
	const __u64 thread = bpf_get_current_pid_tgid();
	const __u32 zero = 0;
	struct pending *const pending = bpf_map_lookup_elem(&begun, &zero);

	if (!pending)
		return;
	COUNT(seen);
	if (bpf_probe_read_user(&pending->argsz, sizeof(pending->argsz), (const void *)arg)) {
		COUNT(unreadable);
		return;
	}
	pending->arg = arg;
	pending->cmd = cmd;
	pending->fd = fd;
	pending->chain = pending->chain_at = 0;
	pending->size = read_user(pending->before, pending->argsz, arg);
	bpf_map_update_elem(&calls, &thread, pending, BPF_ANY);
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

/* @file: of the call, NULL for a stand-in. */
static __always_inline void end(struct file *file, bool device_fd, long ret)
{
	const __u64 thread = bpf_get_current_pid_tgid();
	const __u32 zero = 0;
	struct pending *const pending = bpf_map_lookup_elem(&calls, &thread);
	struct whole *const whole = bpf_map_lookup_elem(&ended, &zero);
	__u32 size, chain;

	if (!pending || !whole)
		return;
	if (ret) {
		COUNT(failed);
		goto forget;
	}
	whole->record.cmd = pending->cmd;
	whole->record.argsz = pending->argsz;
	whole->record.chain_at = pending->chain_at;
	whole->record.device_fd = device_fd;
	whole->record.pid = thread >> 32;
	bpf_get_current_comm(whole->record.comm, sizeof(whole->record.comm));
	whole->record.device[0] = '\0';
	if (file && device_fd)
		read_device(file, whole->record.device);
	/* After the call, as much as could be read before it. */
	size = pending->size;
	barrier_var(size);
	if (size > CAPTURE_MAX)
		goto forget;
	bpf_probe_read_kernel(whole->bytes, size, pending->before);
	if (bpf_probe_read_user(whole->bytes + size, size, (const void *)pending->arg)) {
		COUNT(unreadable);
		goto forget;
	}
	whole->record.size = size;
	whole->record.cut = size < pending->argsz && size < CAPTURE_MAX;
	chain = pending->chain;
	barrier_var(chain);
	if (chain > CAPTURE_MAX)
		goto forget;
	bpf_probe_read_kernel(whole->bytes + 2 * size, chain, pending->caps);
	whole->record.chain = chain;
	if (bpf_ringbuf_output(&ring, whole, sizeof(whole->record) + 2 * size + chain, 0))
		COUNT(dropped);
	else
		COUNT(sent);
forget:
	bpf_map_delete_elem(&calls, &thread);
}

/* vfio.ko's functions. A device's 0x3b70 is GET_PCI_HOT_RESET_INFO. */
SEC("fentry/vfio_device_fops_unl_ioctl")
int BPF_PROG(device_begins, struct file *file, unsigned int cmd, unsigned long arg)
{
	if (cmd == IOMMU_GET_INFO)
		COUNT(others);
	else if (is_info(cmd))
		begin(0, cmd, arg);
	return 0;
}

SEC("fexit/vfio_device_fops_unl_ioctl")
int BPF_PROG(device_ends, struct file *file, unsigned int cmd, unsigned long arg, long ret)
{
	if (is_info(cmd))
		end(file, true, ret);
	return 0;
}

SEC("fentry/vfio_fops_unl_ioctl")
int BPF_PROG(container_begins, struct file *file, unsigned int cmd, unsigned long arg)
{
	if (cmd == IOMMU_GET_INFO)
		begin(0, cmd, arg);
	return 0;
}

SEC("fexit/vfio_fops_unl_ioctl")
int BPF_PROG(container_ends, struct file *file, unsigned int cmd, unsigned long arg, long ret)
{
	if (cmd == IOMMU_GET_INFO)
		end(file, false, ret);
	return 0;
}

/* The kernel's own chain, as it goes to the caller. */
SEC("fexit/vfio_info_cap_shift")
int BPF_PROG(chain_made, struct vfio_info_cap *caps, unsigned long offset)
{
	const __u64 thread = bpf_get_current_pid_tgid();
	struct pending *const pending = bpf_map_lookup_elem(&calls, &thread);
	__u32 size = BPF_CORE_READ(caps, size);

	if (!pending)
		return 0;
	barrier_var(size);
	if (size > CAPTURE_MAX ||
	    bpf_probe_read_kernel(pending->caps, size, BPF_CORE_READ(caps, buf)))
		return 0;
	pending->chain = size;
	pending->chain_at = offset;
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
		begin(fd, cmd, arg);
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
		end(0, false, (long)context->args[1]);
		return 0;
	}
	file = vfio_file(fd);
	if (!file || (cmd == IOMMU_GET_INFO) == is_device(file)) {
		const __u64 thread = bpf_get_current_pid_tgid();

		COUNT(others);
		bpf_map_delete_elem(&calls, &thread);
		return 0;
	}
	end(file, cmd != IOMMU_GET_INFO, (long)context->args[1]);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
