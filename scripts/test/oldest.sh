# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
# What of setup.sh knows that a tool is too old. It has the compilers, and here, which is this folder.

# The minimum versions of the project, all of them. Nobody looks at a number: the tool is tried. Each is
# the oldest that is known to pass, Debian 12's.
# package | tool | try | oldest version known to pass | what an older one may not do
oldest() {
	cat <<TXT
clang|${clang[0]}|clang_hooks|14|call hooks at loads and stores
gcc|${gcc[0]}|gcc_hooks|12|call hooks at loads by -fsanitize=thread
make|make|make_order|4.3|order goals and set variables of one
python3|/usr/bin/python3|python_takes|3.11|run the scripts
afl++|AFL++|afl_options|4.04c|compile a persistent target and take a length, a seed and an end
libcmocka-dev|cmocka|cmocka_calls|1.1.5|run groups of tests by name
clang-format|clang-format|lays_out|14|lay code out by the style
libbpf-dev|libbpf|libbpf_calls|1.1|load skeletons, run programs and read ring buffers
bpftool|bpftool|bpftool_skeleton|7.1|make a skeleton of a given name
qemu-user|qemu-i386|runs_i386|7.2|run a program of 91 bytes
TXT
}

# Tries: each has a tool that is here do what no old one can, and says what it says.

# calls HOOK COMPILER FLAG...: that compiler puts the hook before a load of two bytes.
calls() {
	local hook=$1
	shift
	"$@" -O2 -S -o - -x c - <<<'int f(short *p) { return *p; }' | grep -o "$hook"
}

clang_hooks() {
	calls __sanitizer_cov_load2 "${clang[@]}" -fsanitize-coverage=func,trace-loads,trace-stores \
		-fsanitize=address -fsanitize-address-use-after-return=never
}

gcc_hooks() {
	calls __tsan_read2 "${gcc[@]}" -fsanitize=thread
}

# C on standard input, where nothing is declared by being called.
compiles() {
	compiler -Werror=implicit-function-declaration -Werror=int-conversion -fsyntax-only -x c -
}

libbpf_calls() {
	compiles <<-'C'
		#include <bpf/bpf.h>
		#include <bpf/libbpf.h>
		int main(void)
		{
			return !libbpf_major_version() || bpf_prog_test_run_opts(0, 0) ||
				bpf_object__open_skeleton(0, 0) || bpf_program__set_autoload(0, 0) ||
				ring_buffer__consume(ring_buffer__new(0, 0, 0, 0));
		}
	C
}

cmocka_calls() {
	compiles <<-'C'
		#include <stdarg.h>
		#include <stddef.h>
		#include <stdint.h>
		#include <setjmp.h>
		#include <cmocka.h>
		static void test(void **state) { assert_ptr_not_equal(state, NULL); skip(); }
		static const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test, NULL, NULL)};
		int main(void) { return cmocka_run_group_tests_name("tests", tests, NULL, NULL); }
	C
}

# Of an object that clang makes; without one it is not asked.
bpftool_skeleton() {
	local object status=0
	object=$(mktemp) || return
	if "${clang[@]}" -g -target bpf -c -o "$object" -x c - <<<'volatile const int value;'; then
		PATH=$PATH:/usr/sbin:/sbin bpftool gen skeleton "$object" name probe_bpf >/dev/null
		status=$?
	fi
	rm -f "$object"
	return $status
}

# Its usage, which follows words that it takes, names none of these as wrong.
afl_options() {
	AFL_QUIET=1 afl-clang-fast -fsyntax-only -D_GNU_SOURCE "$here/../fuzz/target/main_afl.c" &&
		! afl-fuzz -G 4096 -V 1 -E 1 -s 1 -c 0 -p explore 2>&1 | grep 'invalid option'
}

python_takes() {
	/usr/bin/python3 -I -c 'import functools, glob, os
functools.cache, os.waitstatus_to_exitcode, "".removeprefix
glob.glob("*", root_dir="/")'
}

# Under the make that runs this, and not with its flags.
make_order() {
	env -u MAKEFLAGS -u MFLAGS make -f - <<-'MAKE'
		all: VALUE := $(or ,$(if x,value))
		all: | first ; @[ $(VALUE) = value ]
		first: ; @:
	MAKE
}

# The style's own result, of what versions differ in.
lays_out() {
	local text laid
	text=$(
		tr @ '\t' <<-'C'
			static const struct row rows[] = {
			@{"name", 1},
			@{"longer name", 2},
			};

			static int call(struct row *row, const char *name)
			{
			@json_array_foreach (rows, i, row)
			@@if (!name)
			@@@return (int)sizeof(*row);
			@return 0;
			}
		C
	)
	laid=$(clang-format --style="file:$here/../.clang-format" <<<"$text") &&
		{ [ "$laid" = "$text" ] || ! echo "its lines are others"; }
}

runs_i386() {
	"$here/test/i386.sh"
}

# last_word TEXT: the line of it that tells why.
last_word() {
	grep -im 1 error <<<"$1" || tail -n 1 <<<"$1"
}

# too_old PACKAGE: whether what is here of it fails its try; sets what to the line that says so.
too_old() {
	local package tool try version cannot said
	while IFS='|' read -r package tool try version cannot; do
		[ "$package" = "$1" ] || continue
		said=$("$try" 2>&1 </dev/null) && return 1
		said=$(last_word "$said")
		what="the $tool here cannot $cannot, as $version does${said:+: $said}"
		return
	done <<<"$(oldest)"
	return 1
}
