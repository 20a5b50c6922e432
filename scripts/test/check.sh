#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# make check: every test of the project. Prints one line a step with its seconds, and the log of a step
# that failed; at the end the five slowest steps; the last line counts passed, failed and skipped steps.
# A skipped step says why. Seconds decide nothing. Exit status: 0; 1 where a step failed or none ran, or
# in CI (CI=true) where one was skipped; 2 wrong usage; 3 there is no /proc.
#
# environment:
#   STEPS   a regular expression: beside the builds, only steps whose name it matches
set -u
case ${1:-} in
'') ;;
-h | --help)
	sed -n '3,/^set/s/^# \{0,1\}//p' "$0"
	exit
	;;
*)
	echo "check.sh takes no arguments, \`STEPS=REGEX make check\` runs some steps; see --help" >&2
	exit 2
	;;
esac
cd "$(dirname "$0")/../.." || exit 1
# Tests run themselves again and look at processes by it, and sanitizers at their own memory.
[ -d /proc/self/fd ] || {
	echo "make check: /proc is not mounted: mount -t proc proc /proc, or have the container mount it" >&2
	exit 3
}

build=build
logs=$build/check
# One more than there are CPUs, since some wait: for an engine's seconds, for a client, for a disk.
jobs=$(($(nproc) + 1))
mkdir -p "$logs"
rm -f "$logs/results" "$logs/seconds"
touch "$logs/results" "$logs/seconds"

# Some objects are built in several folders: by OSS-Fuzz's scripts, by a project that uses capchain. With
# ccache each is compiled once. Its cache is empty in a fresh clone.
if command -v ccache >/dev/null; then
	export CCACHE=ccache CCACHE_DIR=$PWD/$build/ccache CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1
fi

# Tests build programs and run them where temporary files go, unless nothing may run there (noexec).
runs_in() {
	local program status
	program=$(mktemp -p "$1") || return 1
	printf '#!/bin/sh\n' >"$program" && chmod +x "$program" && "$program"
	status=$?
	rm -f "$program"
	return $status
}
if ! runs_in "${TMPDIR:-/tmp}" 2>"$logs/runs-in"; then
	echo "no program runs in ${TMPDIR:-/tmp} ($(sed 's/.*: //' "$logs/runs-in" | tail -n 1)): tests use $logs/tmp"
	export TMPDIR=$PWD/$logs/tmp
	mkdir -p "$TMPDIR"
fi

# What can be built here, of what there is: commands, then engines.
have=$(make --no-print-directory -s configs)
commands=${have%%/*}
engines=${have##*/}

# step NAME COMMAND...: starts it, its output to a log, as soon as fewer than $jobs others run. What needs
# the outcome of an earlier step comes after `settle`. Status 77 is a skip, the last line its reason.
step() {
	[[ $1 == build* || $1 =~ ${STEPS:-.} ]] || return 0
	while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
	run_step "$@" &
}

settle() {
	wait
}

run_step() {
	local name=$1 log outcome shown status seconds TIMEFORMAT='%1R s, %1U + %1S of CPU'
	shift
	log=$logs/$(printf %s "$name" | tr -c 'a-zA-Z0-9-' _).log
	# What the step says goes to its log; what is left in the braces is said by `time`.
	{ time "$@" >"$log" 2>&1 </dev/null; } 2>"$log.time"
	status=$?
	seconds=$(<"$log.time")
	echo "$seconds: $name" >>"$logs/seconds"
	case $status in
	0)
		outcome=passed
		shown="ok      $name ($seconds)"$'\n'$(sed -En 's/^(warning|skipped): /        &/p' "$log")
		# What a test of it says that it did not do counts as a step that is skipped.
		sed -n 's/^skipped: .*/skipped/p' "$log" >>"$logs/results"
		;;
	77)
		outcome=skipped
		shown="skipped $name: $(tail -n 1 "$log")"
		;;
	*)
		outcome=failed
		shown="FAILED  $name ($seconds)"$'\n'$(tail -n 60 "$log" | sed 's/^/        /')
		;;
	esac
	echo $outcome >>"$logs/results"
	printf '%s\n' "${shown%$'\n'}"
}

# how_many passed|failed|skipped: so far, of the steps that are settled.
how_many() {
	grep -c "^$1\$" "$logs/results"
}

closing_line() {
	settle
	echo "The slowest, in seconds, user + system of CPU:"
	sort -rn "$logs/seconds" | head -n 5 | sed 's/^/        /'
	printf '%d passed, %d failed, %d skipped\n' \
		"$(how_many passed)" "$(how_many failed)" "$(how_many skipped)"
}

# set_compiler gcc|clang: sets compiler to it, as GCC= or CLANG= say, a word or several.
set_compiler() {
	if [ "$1" = gcc ]; then
		read -r -a compiler <<<"${GCC:-gcc}"
	else
		read -r -a compiler <<<"${CLANG:-clang}"
	fi
}

sources() {
	git ls-files --cached --others --exclude-standard "$1" 2>/dev/null |
		while read -r file; do [ ! -f "$file" ] || echo "$file"; done | grep . ||
		find . -name "$1" -not -path './build/*'
}

missing() {
	echo "no compiler or engine for $1 here; make check SETUP=1 installs it"
	return 77
}

# lacks PROGRAM: whether it is not here, and says so.
lacks() {
	! command -v "$1" >/dev/null && echo "no $1 here; make check SETUP=1 installs it"
}

builds() {
	make --no-print-directory -j"$(nproc)" built
}

# links_32bit gcc|clang: whether it makes 32-bit programs here, and says why not.
links_32bit() {
	local compiler
	set_compiler "$1"
	if lacks "${compiler[0]}"; then return 1; fi
	echo '#include <linux/vfio.h>
	int main(void){return 0;}' | "${compiler[@]}" -m32 -x c - -o "$logs/m32-$1" && return
	echo "no 32-bit libc to build with (Debian package gcc-multilib)"
	return 1
}

# 32-bit programs that nobody can run here are not built either.
runs_32bit() {
	links_32bit clang && TMPDIR=$logs scripts/test/i386.sh
}

# What tests run is linked once, before them: another link of it under a test is a failure of chance.
linked() {
	stat -c '%n %i %y' "$build"/*/capchain "$build"/*/fuzz_*_info
}

linked_once() {
	linked | diff "$logs/linked" -
}

# Ours leave leaks alone where LeakSanitizer cannot look (fuzz/sandbox/leaks.c), and say so.
leaks_seen() {
	local oracles
	oracles=$("$build/clang-asan/capchain" list | grep '^oracles: ') || return 1
	[[ $oracles =~ but\ for\ leaks\ \(([^\)]*) ]] || return 0
	echo "LeakSanitizer cannot look for leaks here: ${BASH_REMATCH[1]}"
	return 77
}

builds_nightly() {
	case " $engines " in
	*" afl "*) make --no-print-directory -j"$(nproc)" nightly-built ;;
	*)
		echo "no AFL++ here"
		return 77
		;;
	esac
}

builds32() {
	runs_32bit || return 77
	make --no-print-directory -j"$(nproc)" built32
}

formatted() {
	local files
	if lacks clang-format; then return 77; fi
	files=$(sources '*.[ch]')
	[ -n "$files" ] || return 1
	# shellcheck disable=SC2086
	clang-format --dry-run -Werror $files
}

# warns COMPILER...: gcc has to optimise to see some things; all of clang's warnings are of its front end.
warns() {
	local file status=0 how=(-O1 -S -o /dev/null)
	[[ $("$@" --version) != *clang* ]] || how=(-fsyntax-only)
	for file in $(sources '*.c'); do
		case $file in
		# Compiled by AFL++, and for the kernel.
		fuzz/target/main_afl.c | *.bpf.c) continue ;;
		parsers/bpf/load.c | fuzz/parsers/bpf_test.c | fuzz/bench/bench_bpf.c | fuzz/capture/capture_load.c) [ -e $build/bpf/able.mk ] || continue ;;
		esac
		"$@" -isystem $build/bpf -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wconversion -Wvla \
			-Werror -DTARGET_KIND=INFO_REGION -DMUTATE_KIND=INFO_REGION "${how[@]}" "$file" || status=1
	done
	return $status
}

shell_clean() {
	local files
	if lacks shellcheck; then return 77; fi
	files=$(sources '*.sh')
	# shellcheck disable=SC2086
	shellcheck $files .ci/run
}

# What somebody may call says how it ends.
scripts_helpful() {
	local script count=0
	for script in scripts/*.sh scripts/*/*.py scripts/*/*.sh; do
		case $script in *_test.py | scripts/oss-fuzz/*.sh) continue ;; esac
		[ -x "$script" ] || continue
		"$script" --help 2>&1 </dev/null | tr '\n' ' ' | grep -qi 'exit status' || {
			echo "$script --help does not tell its exit status"
			return 1
		}
		count=$((count + 1))
	done
	[ $count -gt 0 ] && echo "$count scripts tell their exit status"
}

python_compiles() {
	local file
	for file in $(sources '*.py'); do
		/usr/bin/python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' "$file" || return 1
	done
}

# uapi_held -m64|-m32: with each compiler that is here.
uapi_held() {
	local compiler config tried=0 status=0
	for config in ${commands//-asan/}; do
		if [ "$1" = -m32 ] && ! links_32bit "$config"; then return 77; fi
		set_compiler "$config"
		echo "${compiler[*]} $1"
		tried=$((tried + 1))
		"${compiler[@]}" "$1" -std=gnu11 -Wall -Wextra -Wshadow -Wconversion -Wvla \
			-Werror -c parsers/layout_uapi.c -o "$logs/uapi$1.o" || status=1
	done
	[ $tried -gt 0 ] && return $status
}

# Which room uses which, and circles of files: what compilers read of all that is built here.
rooms_ordered() {
	if lacks nm; then return 77; fi
	scripts/test/rooms.py "$build" "$first"
}

# A bug that stands in no list is hunted by nobody.
planted_listed() {
	local file id count=0
	for file in fuzz/planted/*.c; do
		case $file in */bugs.c | */marks.c | */faults.c | */sound.c | *_test.c) continue ;; esac
		id=$(basename "$file" .c)
		grep -q "BUG(${id//-/_})" fuzz/planted/bug_list.h || {
			echo "$file is not in fuzz/planted/bug_list.h"
			return 1
		}
		count=$((count + 1))
	done
	[ $count -ge 16 ] && echo "$count planted bugs"
}

# No program but the planted targets may carry one.
planted_apart() {
	local program names
	if lacks nm; then return 77; fi
	for program in "$build"/*/fuzz_*_info "$build"/*/fuzz_fetch "$build"/*/capchain; do
		names=$(nm "$program")
		if ! grep -q ' main$' <<<"$names"; then
			echo "$program: nm does not name what is in it"
			return 1
		fi
		if grep -q planted_ <<<"$names"; then
			echo "$program has planted bugs in it"
			return 1
		fi
	done
}

covered() {
	make --no-print-directory SETUP=0 coverage
}

# A parser without hooks would be green for ever: every object must call them.
hooked() {
	local config object hook store wanted count=0
	if lacks nm; then return 77; fi
	for config in $commands $engines; do
		case $config in gcc*) hook=__tsan_read ;; *) hook=__sanitizer_cov_load ;; esac
		for object in parsers/*.c parsers/models/*.c parsers/bpf/bpf.c fuzz/fetch/loops/*.c; do
			case $object in
			parsers/layout*.c | parsers/registry.c) continue ;;
			# It asks once and reads nothing itself: its store of argsz tells.
			*/single.c) wanted=${hook/load/store} wanted=${wanted/read/write} ;;
			*) wanted=$hook ;;
			esac
			object=$build/$config/obj/${object%.c}.o
			count=$((count + 1))
			nm "$object" >"$logs/nm" || return 1
			# The kernel's walk fills its memory by walk_copy_in() alone.
			if [[ $object != */kernel.o ]] && grep -q 'U walk_alloc' "$logs/nm"; then
				store=${hook/load/store}
				grep -q "U ${store/read/write}" "$logs/nm" || {
					echo "$object asks for memory, and calls no ${store/read/write}"
					return 1
				}
			fi
			grep -q "U $wanted" "$logs/nm" || {
				echo "$object calls no $wanted"
				return 1
			}
			if grep __asan_stack_malloc "$logs/nm"; then
				echo "$object has fake stacks, which a walk that is left never gives back"
				return 1
			fi
		done
	done
	echo "$count objects call their hooks"
}

# Without our hooks, or those of stores alone, a program says so in one line and does not run.
silence_refused() {
	local config which says status count=0
	for config in $commands $engines; do
		case $config in clang | gcc | libfuzzer | afl) ;; *) continue ;; esac
		for which in load store; do
			says=$("$build/$config/lost_${which/load/hook}s" 2>&1)
			status=$?
			echo "$config: $says"
			if [ $status -ne 3 ] || [ "$(wc -l <<<"$says")" -ne 1 ] ||
				[[ $says != "capchain: oracles: $which hooks were compiled in and are not heard: "* ]]; then
				echo "$config: a link that lost its $which hooks is not refused (status $status)"
				return 1
			fi
			count=$((count + 1))
		done
	done
	[ $count -gt 0 ]
}

unit() {
	local config=$1 test=$2
	shift 2
	# Every other test is built everywhere.
	if [ "$test" = parsers/bpf_test ] && [ ! -e "$build/bpf/able.mk" ]; then
		echo "no BPF program can be built: $(grep -m 1 . "$build/bpf/why-not")"
		return 77
	fi
	"$build/$config/test/$test" "$@"
}

# A clang that has no BPF does not fail the build, which knows why; one that has is told apart.
bpf_optional() {
	local compiler out=$logs/no-bpf
	set_compiler clang
	if lacks "${compiler[0]}"; then return 77; fi
	rm -rf "$out" && mkdir -p "$out" || return 1
	cat >"$out/clang" <<-SH
		#!/bin/sh
		case "\$*" in *"-target bpf"*) echo "error: no such target"; exit 1 ;; esac
		exec ${compiler[*]} "\$@"
	SH
	chmod +x "$out/clang"
	make --no-print-directory -s BUILD="$out" CLANG="$out/clang" SETUP=0 \
		"$out/ledger_table.c" || return 1
	[ ! -e "$out/bpf/able.mk" ] && cat "$out/bpf/why-not" || return 1
	grep -qE 'no such target|^no bpftool here$' "$out/bpf/why-not"
}

replayed() {
	"$build/$1/capchain" replay --verdicts "$logs/verdicts-$1" corpus
}

# run_targets FOLDER OUT: the four targets on the corpus as bytes, their lines of verdicts to OUT.
# The folder `afl-memory` is AFL++ as it fuzzes: one process for many inputs, from shared memory.
run_targets() {
	local folder kind target
	rm -f "$2"
	for folder in "$logs"/bytes/*; do
		kind=${folder##*/}
		target=$build/${1%-memory}/fuzz_${kind}_info
		[ "$kind" != fetch ] || target=${target%_info}
		case $1 in
		libfuzzer*)
			find "$logs/bytes/$kind" -type f -print0 |
				CAPCHAIN_VERDICTS=$2 xargs -0 "$target" || return 1
			;;
		afl-memory)
			# Newer ones say how they run a target with AFL_DEBUG alone.
			AFL_DEBUG=1 CAPCHAIN_VERDICTS=$2 afl-showmap -C -i "$logs/bytes/$kind" -o "$logs/afl-map" -- \
				"$target" >"$logs/afl-said" 2>&1 || return 1
			if ! grep -q 'Persistent mode' "$logs/afl-said" ||
				! grep -q 'SHARED MEMORY' "$logs/afl-said"; then
				echo "AFL++ did not run $kind in persistent mode from shared memory"
				return 1
			fi
			;;
		clang32)
			CAPCHAIN_VERDICTS=$2 scripts/test/i386.sh "$target" "$logs/bytes/$kind" || return 1
			;;
		*) CAPCHAIN_VERDICTS=$2 "$target" "$logs/bytes/$kind" || return 1 ;;
		esac
	done
}

# same FOLDER [VERDICTS]: its targets' verdicts are the command's, line for line.
same() {
	local out=$logs/verdicts-target-$1${3:-} expected=${2:-$logs/verdicts-$first}
	run_targets "$1" "$out" || return 1
	sort -u "$expected" >"$out.expected"
	# The empty buffer, length 0: afl-showmap runs no empty file.
	if [ "$1" = afl-memory ]; then
		sort -u "$expected" | awk '$3 != 0' >"$out.expected"
	fi
	sort -u "$out" >"$out.sorted"
	[ -s "$out.expected" ] || return 1
	diff "$out.expected" "$out.sorted" >"$out.diff" || {
		head -20 "$out.diff"
		return 1
	}
	echo "$(wc -l <"$out.expected") sets of verdicts are the same"
}

# The same of every truncation that targets judge.
replayed_truncated() {
	"$build/$first/capchain" replay --truncate --verdicts "$logs/verdicts-truncated" corpus &&
		[ "$(wc -l <"$logs/verdicts-truncated")" -gt "$(wc -l <"$logs/verdicts-$first")" ]
}

same_truncated() {
	CAPCHAIN_TRUNCATE=1 same "$1" "$logs/verdicts-truncated" -truncated
}

same32() {
	runs_32bit || return 77
	same clang32
}

# Faults that only the hooks can see, where no arena stands behind the buffer.
no_arena() {
	runs_32bit || return 77
	scripts/test/i386.sh $build/clang32/no_arena
}

# That it is the hooks' own look at an address that sees these: without it, each of them is missed, and
# nothing else is.
no_arena_blind() {
	runs_32bit || return 77
	scripts/test/i386.sh $build/clang32/no_arena >"$logs/no-arena" || return 1
	scripts/test/i386.sh $build/clang32/no_arena_blind >"$logs/no-arena-blind"
	[ $? -eq 1 ] || {
		echo "without the look at addresses no fault is missed"
		return 1
	}
	sed -nE 's/^ok [0-9]+ - (.*: (oob|wrote) by a hook)$/\1/p' "$logs/no-arena" >"$logs/no-arena.seen"
	sed -nE 's/^not ok [0-9]+ - //p' "$logs/no-arena-blind" >"$logs/no-arena.missed"
	[ -s "$logs/no-arena.seen" ] && diff "$logs/no-arena.seen" "$logs/no-arena.missed" &&
		echo "$(wc -l <"$logs/no-arena.seen") faults are missed without the look at addresses"
}

same_commands() {
	local config
	for config in $commands; do
		cmp "$logs/verdicts-$first" "$logs/verdicts-$config" || return 1
	done
}

# What is said of each input too: offsets and notes.
same_json() {
	local config
	for config in $commands; do
		case $config in *-asan) continue ;; esac
		"$build/$config/capchain" check --json corpus >"$logs/json-$config" || return 1
		[ -s "$logs/json-$config" ] && cmp "$logs/json-$first" "$logs/json-$config" || return 1
	done
}

# A list of a parser that is gone would be read by nobody.
lists_known() {
	local list name
	for list in corpus/expect/*.txt; do
		name=$(basename "$list" .txt)
		[ "$name" = reference ] || [ "$name" = notes ] || "$build/capchain" list --json |
			grep -qE "\"(parser|loop)\":\"$name\"" || {
			echo "$list is of no parser; remove it"
			return 1
		}
	done
}

# fuzz/fetch/TABLE.md says what every loop does; fetch_test holds what it must not.
fetch_table() {
	"$build/capchain" list --fetch >"$logs/fetch-table" || return 1
	sed -n '/^|/p' fuzz/fetch/TABLE.md | diff - "$logs/fetch-table" && return
	echo "read the difference; if it is meant, make fetch-table gives the new lines"
	return 1
}

# Each planted loop is found by fuzzing, from nothing.
fetch_planted() {
	[ -x "$build/libfuzzer/planted_fetch" ] || {
		echo "no libfuzzer build"
		return 77
	}
	scripts/fuzz/fetch_planted.py "$build/libfuzzer/planted_fetch"
}

# A target that is handed nothing has shown nothing, and what has no end it does not wait for.
nothing_fails() {
	rm -f "$logs/pipe"
	mkfifo "$logs/pipe"
	timeout 60 "$build/$first/fuzz_region_info" "$logs/pipe"
	[ $? -eq 2 ] || return 1
	mkdir -p "$logs/empty"
	mkdir -p "$logs/empty/expect"
	"$build/$first/fuzz_region_info" "$logs/empty"
	[ $? -eq 1 ] || return 1
	"$build/capchain" replay "$logs/empty"
	[ $? -eq 1 ]
}

planted_lines() {
	local compiler
	set_compiler "${first%-asan}"
	CC=${compiler[*]} scripts/test/planted-lines.py
}

# Every small chain, every buffer held to the relations; two cores have it in well under a minute.
exhausted() {
	"$build/$1/capchain" exhaust --caps 2 --all-relations
}

python_test() {
	local test=$1 config=$2
	shift 2
	CAPCHAIN=$build/$config/capchain /usr/bin/python3 scripts/test/told.py "scripts/$test" "$@"
}

# They share folders below build/own.
own_alone() {
	exec 9>"$logs/own.lock"
	flock 9
	python_test fuzz/own_test.py "$@"
}

bench_statistics() {
	/usr/bin/python3 -I -c "import scipy" 2>/dev/null || {
		echo "no scipy module here (Debian package python3-scipy)"
		return 77
	}
	python_test bench/measure_test.py "$first" Comparisons
}

# own_with COMMAND PACKAGE CLASS: tests that want a command which not everybody has.
own_with() {
	command -v "$1" >/dev/null || {
		echo "no $1 here (Debian package $2)"
		return 77
	}
	own_alone "$first" "$3"
}

first=${commands%% *}
for config in clang gcc clang-asan gcc-asan libfuzzer libfuzzer-fast afl; do
	case " $have " in *" $config "*) ;; *) step "$config" missing "$config" ;; esac
done
for build_step in "build:builds" "build 32-bit:builds32" "build nightly:builds_nightly"; do
	step "${build_step%%:*}" "${build_step#*:}"
	settle
done
step "hooks are in the objects" hooked
settle
linked >"$logs/linked"
case " $commands " in
*" clang-asan "*)
	step "leaks are looked for" leaks_seen
	# What tests build has to be told.
	leaks_seen >/dev/null || export LSAN_OPTIONS=detect_leaks=0
	;;
esac
# Without builds there is nothing to check, and without hooks the planted loops have no end.
if [ "$(how_many failed)" -gt 0 ]; then
	closing_line
	exit 1
fi

# The long ones first, so that the last to end is a short one.
case " $engines " in
*" afl "*)
	step "nightly.py" python_test nightly/nightly_test.py "$first"
	step "AFL++'s hooks of the mutator" python_test fuzz/mutator_test.py "$first"
	step "AFL++'s targets are stable" python_test fuzz/soak_test.py "$first"
	;;
esac
step "shrink, emit, buckets of engines" python_test test/triage_test.py "$first"
for config in $commands; do
	# Where both are here, one build with sanitizers is enough: each start of one takes a tenth of a second.
	case $config,$commands in gcc-asan,*clang-asan*) continue ;; esac
	step "$config command line" python_test test/cli_test.py "$config"
done
case " $engines " in
*" libfuzzer "*)
	step "fuzz.py" python_test fuzz/fuzz_test.py "$first"
	step "planted fetch loops are found" fetch_planted
	step "verdicts are coverage" python_test fuzz/feedback_test.py "$first"
	step "an OSS-Fuzz build" scripts/oss-fuzz/check.py --only libfuzzer/address/x86_64
	;;
esac
case " $have " in *" clang "*) step "coverage" covered ;; esac
step "your own parser" own_alone "$first"
step "probe and capture" python_test test/live_test.py "$first"
step "replay-with.py and its ten lines" python_test clients/replay_with_test.py "$first"
# Some steps after the good build, whose objects it takes from the cache.
case " $engines " in
*" libfuzzer "*)
	step "OSS-Fuzz builds that are broken" scripts/oss-fuzz/check_test.py Files \
		WholeCheck.test_hooks_missing WholeCheck.test_seeds_misnamed
	;;
esac
step "$first run" python_test test/run_test.py "$first"
step "clients.py" python_test clients/clients_test.py "$first"
case " $commands " in
*" clang-asan "*)
	step "clang-asan run" python_test test/run_test.py clang-asan Outcomes LeftAlone Forbidden Report Lines
	;;
esac
step "exhaustive, up to 2 capabilities" exhausted "$first"
step "your own parser in Rust" own_with rustc rustc InRust
step "planted one-line errors" planted_lines
step "bench.py, bugs.py and mutants.py" python_test bench/measure_test.py "$first"
step "bugs.py's statistics" bench_statistics
step "your own parser in your own build" own_with pkg-config pkgconf Elsewhere

step "format" formatted
for config in gcc clang; do
	set_compiler $config
	case " $have " in *" $config "*) step "warnings $config" warns "${compiler[@]}" ;; esac
done
step "shellcheck" shell_clean
step "python" python_compiles
step "scripts have --help" scripts_helpful
step "rooms" rooms_ordered
step "rooms.py" python_test test/rooms_test.py "$first"
step "BPF is optional" bpf_optional
step "layout against linux/vfio.h" uapi_held -m64
step "layout against linux/vfio.h, 32-bit" uapi_held -m32
step "bounded.h in every build" scripts/test/bounded-builds.sh
step "fetch.h in every build" scripts/test/fetch-builds.sh
step "a link that lost its hooks is refused" silence_refused
step "planted bugs are listed" planted_listed
step "planted bugs are in planted targets alone" planted_apart
for config in $commands; do
	for test in fuzz/*/*_test.c; do
		test=${test#fuzz/}
		test=${test%.c}
		case $test in
		parsers/* | mutator/* | triage/shrink_script_test | planted/planted_test | \
			producer/producer_test | producer/conform_test) step "$config $test" unit "$config" "$test" corpus ;;
		text/text_trip_test) step "$config $test" unit "$config" "$test" corpus/captured ;;
		*) step "$config $test" unit "$config" "$test" ;;
		esac
	done
done
for config in $engines; do
	for test in fuzz/sandbox/*_test.c; do
		test=${test#fuzz/}
		step "$config ${test%.c}" unit "$config" "${test%.c}"
	done
done
step "planted faults without an arena" no_arena
step "planted faults without an arena are missed blind" no_arena_blind
step "expected verdicts are of parsers" lists_known
step "fetch table is fresh" fetch_table
step "policy page is fresh" scripts/gen/policy.py --check "$build/$first/capchain" corpus parsers/models/POLICY.md
step "policy.py" python_test gen/policy_test.py "$first"
step "rules page names what there is" python_test test/rules_test.py "$first"
step "i386.sh" python_test test/i386_test.py "$first"
step "equal.sh" python_test test/equal_test.py "$first"
step "replay of nothing fails" nothing_fails
step "conformance" "$build/$first/conformance" corpus/captured
step "ledger dates" scripts/gen/ledger.py corpus/ledger.yaml
step "ledger.py" python_test gen/ledger_test.py "$first"
step "uapi.py" python_test gen/uapi_test.py "$first"
step "replay --junit" python_test test/junit_test.py "$first"
step "byte order" python_test test/endian_test.py "$first"
step "arch.py" python_test test/arch_test.py "$first"
step "workflows" python_test test/workflows_test.py "$first"
step "folders of findings" python_test test/findings_test.py "$first"
step "what make builds anew, and says" python_test test/make_test.py "$first"
step "make install" python_test test/install_test.py "$first"
step "make dist" python_test gen/dist_test.py "$first"
step "setup.sh" python_test test/setup_test.py "$first"
step "systems.py" python_test test/systems_test.py "$first"

for config in $commands; do
	step "$config replay" replayed "$config"
done
step "$first replay, truncated" replayed_truncated
step "corpus as bytes" scripts/fuzz/corpus-bytes.sh "$logs/bytes"
settle
step "no command or target was linked again" linked_once
step "verdicts of all commands" same_commands
step "check --json of all commands" same_json
for config in $commands $engines; do
	case $config in
	gcc-asan) ;;
	afl)
		step "verdicts of afl targets" same_truncated afl
		step "verdicts of afl targets, from shared memory" same_truncated afl-memory
		;;
	*)
		step "verdicts of $config targets" same "$config"
		step "verdicts of $config targets, truncated" same_truncated "$config"
		;;
	esac
done
step "verdicts of 32-bit targets" same32
step "verdicts of 20,000 random buffers" scripts/test/equal.sh "$logs/bytes"
case " $engines " in *" afl "*) step "verdicts of clang-msan targets" same clang-msan ;; esac

closing_line
# In CI nothing is missing, so nothing may be skipped.
[ "$(how_many failed)" -eq 0 ] && [ "$(how_many passed)" -gt 0 ] &&
	{ [ "${CI:-}" != true ] || [ "$(how_many skipped)" -eq 0 ]; }
