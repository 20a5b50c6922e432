#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs a 32-bit x86 program, whatever this kernel makes of such programs: see usage() below.
set -u

usage() {
	cat <<'TXT'
usage: scripts/test/i386.sh [PROGRAM [ARG...]]

Runs PROGRAM, built for i386, as it is where this kernel runs such programs, and under qemu-i386
(Debian package qemu-user) where it does not. Without PROGRAM it prints which: `native` or the
emulator's name.

A kernel is asked by starting a program of 91 bytes that needs no compiler and no libc. One that
refuses it, or ends it by a signal at its first system call, does not run i386 programs.

exit status:
  0  or what PROGRAM ended with
  2  wrong usage
  77 neither this kernel nor an emulator runs it; one line says so
TXT
}

# write_program FILE: exit(0), as an i386 program.
write_program() {
	{
		printf '\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0'
		# An executable for machine 3, which starts behind the headers.
		printf '\x02\0\x03\0\x01\0\0\0\x54\x80\x04\x08\x34\0\0\0\0\0\0\0\0\0\0\0'
		printf '\x34\0\x20\0\x01\0\0\0\0\0\0\0'
		# One segment: the whole file, to be read and executed.
		printf '\x01\0\0\0\0\0\0\0\0\x80\x04\x08\0\x80\x04\x08'
		printf '\x5b\0\0\0\x5b\0\0\0\x05\0\0\0\0\x10\0\0'
		# xor %eax,%eax; inc %eax; xor %ebx,%ebx; int $0x80
		printf '\x31\xc0\x40\x31\xdb\xcd\x80'
	} >"$1" && chmod +x "$1"
}

# kernel_runs FILE: no only where it is the kernel that will not. A folder where nothing may be
# executed says nothing about it.
kernel_runs() {
	local said status
	said=$( (LC_ALL=C exec "$1") 2>&1 </dev/null)
	status=$?
	case $status,$said in
	*'Exec format error'*) return 1 ;;
	esac
	[ $status -le 128 ]
}

# emulator FILE: the one that is here, and runs that.
emulator() {
	local name said
	for name in qemu-i386 qemu-i386-static; do
		command -v $name >/dev/null || continue
		if said=$("$name" "$1" 2>&1 </dev/null); then
			command -v $name
			return
		fi
		echo "this kernel does not run i386 programs, and neither does $name: ${said##*$'\n'}" >&2
		return 77
	done
	echo "this kernel does not run i386 programs, and no qemu-i386 is here (Debian package qemu-user)" >&2
	return 77
}

main() {
	local folder by=native
	case ${1-} in
	-h | --help)
		usage
		return
		;;
	-*)
		usage >&2
		return 2
		;;
	esac
	folder=$(mktemp -d) || return 1
	write_program "$folder/exit" && kernel_runs "$folder/exit" || by=$(emulator "$folder/exit") || by=
	rm -rf "$folder"
	case $by,$# in
	,*) return 77 ;;
	*,0) basename "$by" ;;
	native,*) exec "$@" ;;
	*) exec "$by" "$@" ;;
	esac
}

# Its test takes the functions one by one.
[ "${BASH_SOURCE[0]}" != "$0" ] || main "$@"
