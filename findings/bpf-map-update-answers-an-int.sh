#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A BPF program that compares the answer of bpf_map_update_elem() with -EEXIST is wrong on Linux 6.1.
# The helper is declared as long, and libbpf's header says so too; on x86-64 its errors compare as 64
# bits on newer kernels. On 6.1 the verifier calls the map's own function, which returns an int, and
# the upper half of the register is 0: the answer is 0xffffffef, which is no negative long, and is not
# -EEXIST. No verifier or compiler warns; a program that counts what a map had already counts
# nothing. A cast to int is right on both.
#
# Seen: Debian 12, linux-image-6.1.0-57-amd64 6.1.192-3, in a guest, 2026-12-01:
#	equal in: 32 bits alone
# and on Linux 6.18 the same program said: equal in: 64 bits
# It needs a C compiler with a static libc, and qemu-system-x86_64; no KVM, no root.
#
# Needs apt-get, dpkg-deb and a network. Exit status: 0 as seen; 1 it has changed; 77 the archive
# no longer has that version.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

get() {
	local package
	for package; do
		apt-get -qq download "$package" 2>/dev/null || {
			echo "the archive has no $package"
			exit 77
		}
	done
	for package in *.deb; do dpkg-deb -x "$package" . && rm "$package"; done
}

changed() {
	echo "changed: $*"
	exit 1
}

get linux-image-6.1.0-57-amd64=6.1.192-3

cat >init.c <<'C'
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <linux/reboot.h>
#include <sys/reboot.h>
#include <sys/syscall.h>

#define BPF(command, ...) \
	((int)syscall(SYS_bpf, command, &(union bpf_attr){__VA_ARGS__}, sizeof(union bpf_attr)))
#define INSN(code_, dst, src, off_, imm_) \
	{.code = (code_), .dst_reg = (dst), .src_reg = (src), .off = (off_), .imm = (imm_)}
/* bpf_map_update_elem(map, key, key, BPF_NOEXIST), where the key is on the stack. */
#define UPDATE(fd) \
	INSN(BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_FD, 0, fd), INSN(0, 0, 0, 0, 0), \
	INSN(BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0), INSN(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -8), \
	INSN(BPF_ALU64 | BPF_MOV | BPF_X, 3, 2, 0, 0), \
	INSN(BPF_ALU64 | BPF_MOV | BPF_K, 4, 0, 0, BPF_NOEXIST), \
	INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_update_elem)

int main(void)
{
	static char said[4096];
	const int keys = BPF(BPF_MAP_CREATE, .map_type = BPF_MAP_TYPE_HASH, .key_size = 8,
			     .value_size = 8, .max_entries = 4);
	/* 1: the answer is -EEXIST in 64 bits; 2: in its lower 32; 0: it is another. */
	const struct bpf_insn program[] = {
		INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -8, 7),
		UPDATE(keys),
		UPDATE(keys),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, 6, 0, 0, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, 6, 0, 3, -17),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 2),
		INSN(BPF_JMP32 | BPF_JEQ | BPF_K, 6, 0, 1, -17),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	const int fd = BPF(BPF_PROG_LOAD, .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
			   .insns = (uintptr_t)program, .insn_cnt = sizeof(program) / sizeof(program[0]),
			   .license = (uintptr_t)"GPL", .log_buf = (uintptr_t)said,
			   .log_size = sizeof(said), .log_level = 1);
	union bpf_attr run = {.test = {.prog_fd = (uint32_t)fd, .data_in = (uintptr_t)said,
				       .data_size_in = 64}};

	if (fd < 0)
		printf("%s\n", said);
	else if (syscall(SYS_bpf, BPF_PROG_TEST_RUN, &run, sizeof(run)) == 0)
		printf("equal in: %s\n", run.test.retval == 1 ? "64 bits" :
					  run.test.retval == 2 ? "32 bits alone" : "neither");
	fflush(stdout);
	if (getpid() == 1)
		reboot(LINUX_REBOOT_CMD_RESTART);
	return 0;
}
C
cc -O1 -static init.c -o init

# entry NAME MODE: one of an initramfs, whose bytes are those of file NAME.
entry() {
	printf '070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\0' \
		1 "0x$2" 0 0 1 0 "$(stat -c %s "$1")" 0 0 0 0 $((${#1} + 1)) 0 "$1" >>initrd
	truncate -s %4 initrd
	cat "$1" >>initrd
	truncate -s %4 initrd
}

: >TRAILER!!!
entry init 81ed
entry TRAILER!!! 0

qemu-system-x86_64 -m 512 -nographic -no-reboot -net none -kernel boot/vmlinuz-6.1.0-57-amd64 \
	-initrd initrd -append "console=ttyS0 quiet panic=-1" </dev/null >said 2>&1 || changed "$(tail -n 1 said)"
answer=$(grep -ao 'equal in: [a-z0-9 ]*' said) || changed "the guest says nothing"
echo "$answer"
[ "$answer" = "equal in: 32 bits alone" ] || changed "it compares otherwise"
