/* SPDX-License-Identifier: MIT */
/*
 * The members of the kernel's structs that capture looks at. libbpf finds out from the BTF of the
 * running kernel where they are, so one program runs on every kernel that has them.
 */
#ifndef FUZZ_CAPTURE_CORE_H
#define FUZZ_CAPTURE_CORE_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pt_regs {
	unsigned long bx, cx, dx, si, di, orig_ax;
};
struct qstr {
	const unsigned char *name;
};
struct dentry {
	struct qstr d_name;
};
struct path {
	struct dentry *dentry;
};
struct module {
	char name[56];
};
struct file_operations {
	struct module *owner;
};
struct file {
	const struct file_operations *f_op;
	struct path f_path;
	void *private_data;
};
struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};
struct files_struct {
	struct fdtable *fdt;
};
struct thread_info {
	unsigned int status;
};
struct mm_struct;
struct task_struct {
	struct thread_info thread_info;
	struct files_struct *files;
	struct mm_struct *mm;
	struct task_struct *group_leader;
	unsigned long long start_time;
};
struct kobject {
	const char *name;
};
struct device {
	struct kobject kobj;
};
struct vfio_device {
	struct device *dev;
};
/* Linux 6.6: what a device's file has as its own. */
struct vfio_device_file {
	struct vfio_device *device;
};
/* What a container is, the driver of its IOMMU says. */
struct vfio_iommu_driver_ops {
	const char *name;
};
struct vfio_iommu_driver {
	const struct vfio_iommu_driver_ops *ops;
};
struct vfio_container {
	struct vfio_iommu_driver *iommu_driver;
};
struct vfio_info_cap {
	void *buf;
	unsigned long size;
};

#pragma clang attribute pop

#endif
