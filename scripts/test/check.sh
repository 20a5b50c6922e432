#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The steps of make check, which meson.build lists and check.py runs: check.sh STEP [ARG...], from the top of
# the tree; a STEP with a slash is a script. Exit status: the step's; 77 it was skipped, and its last line says
# why. commands, engines and first are what can be built here, and the command that others are held to.
set -u
build=build
logs=$build/check
# One more than there are CPUs, since some wait for a disk.
jobs=$(($(nproc) + 1))
: "${commands:=}" "${engines:=}" "${first:=}"
case ${1:-} in
'' | -h | --help)
	sed -n '3,/^set/s/^# \{0,1\}//p' "$0"
	exit
	;;
esac
# What meson sets for programs under test: tests say themselves how a sanitizer is to end.
# shellcheck disable=SC2086
unset MALLOC_PERTURB_ ${STEP_UNSET:-}

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
	make --no-print-directory -j$jobs built
}

# links_32bit gcc|clang: whether it makes 32-bit programs here, and says why not.
links_32bit() {
	local compiler
	set_compiler "$1"
	scripts/test/links32.sh "${compiler[@]}"
}

# 32-bit programs that nobody can run here are not built either.
runs_32bit() {
	links_32bit clang && TMPDIR=$logs scripts/test/i386.sh
}

# What tests run is linked once, before them: another link of it under a test is a failure of chance.
linked() {
	stat -c '%n %i %y' "$build"/*/capchain "$build"/*/fuzz_*_info
}

links_noted() {
	linked >"$logs/linked"
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
	*" afl "*) make --no-print-directory -j$jobs nightly-built ;;
	*)
		echo "no AFL++ here"
		return 77
		;;
	esac
}

builds32() {
	runs_32bit || return 77
	make --no-print-directory -j$jobs built32
}

formatted() {
	local files
	if lacks clang-format; then return 77; fi
	files=$(sources '*.[ch]')
	[ -n "$files" ] || return 1
	# shellcheck disable=SC2086
	clang-format --dry-run -Werror $files
}

# warns gcc|clang: ccache knows what it said when it built an object. The rest it is asked here: gcc has to
# optimise to see some things; all of clang's warnings are of its front end.
warns() {
	local compiler file command said status=0 how=(-O1 -S -o /dev/null)
	local -A built=()
	set_compiler "$1"
	[ "$1" = gcc ] || how=(-fsyntax-only)
	[ -z "${CCACHE:-}" ] || while read -r file command; do
		[ ! -e "$build/$1/obj/${file%.c}.o" ] || built[$file]=$command
	done < <(make --no-print-directory -s "compiled-$1")
	for file in $(sources '*.c'); do
		if [ "${built[$file]:-}" ]; then
			# shellcheck disable=SC2086 # words
			said=$($CCACHE ${built[$file]} -o "$logs/warned-$1.o" 2>&1) && [ -z "$said" ] && continue
			echo "$said"
			status=1
			continue
		fi
		case $file in
		# Compiled by AFL++, and for the kernel.
		fuzz/target/main_afl.c | *.bpf.c) continue ;;
		parsers/bpf/load.c | fuzz/parsers/bpf_test.c | fuzz/bench/bench_bpf.c | fuzz/capture/capture_load.c) [ -e $build/bpf/able.mk ] || continue ;;
		esac
		"${compiler[@]}" -isystem $build/bpf -Iparsers/own -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wconversion -Wvla \
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
	# shellcheck disable=SC2046 # no name has a space
	/usr/bin/python3 -c 'import ast, sys
for name in sys.argv[1:]:
    ast.parse(open(name).read(), name)' $(sources '*.py')
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
	for file in fuzz/planted/*.c fuzz/planted/idioms/*.c fuzz/planted/spaces/*.c; do
		case $file in */bugs.c | */marks.c | */faults.c | */sound.c | */sound-space.c | *_test.c) continue ;; esac
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
	local config object hook store wanted name count=0 objects
	local -A calls
	if lacks nm; then return 77; fi
	for config in $commands $engines; do
		case $config in gcc*) hook=__tsan_read ;; *) hook=__sanitizer_cov_load ;; esac
		store=${hook/load/store} store=${store/read/write}
		objects=() calls=()
		for object in parsers/*.c parsers/models/*.c parsers/bpf/bpf.c fuzz/fetch/loops/*.c; do
			case $object in parsers/layout*.c | parsers/registry.c) continue ;; esac
			objects+=("$build/$config/obj/${object%.c}.o")
		done
		nm -A "${objects[@]}" >"$logs/nm" || return 1
		while read -r object name; do
			calls[$object]+=" $name"
		done < <(sed -nE 's/:.* U / /p' "$logs/nm")
		for object in "${objects[@]}"; do
			wanted=$hook
			# It asks once and reads nothing itself: its store of argsz tells.
			[[ $object != */single.o ]] || wanted=$store
			# The kernel's walk fills its memory by walk_copy_in() alone.
			if [[ $object != */kernel.o && ${calls[$object]:-} == *" walk_alloc"* && ${calls[$object]} != *" $store"* ]]; then
				echo "$object asks for memory, and calls no $store"
				return 1
			fi
			if [[ ${calls[$object]:-} != *" $wanted"* ]]; then
				echo "$object calls no $wanted"
				return 1
			fi
			if [[ ${calls[$object]} == *" __asan_stack_malloc"* ]]; then
				echo "$object has fake stacks, which a walk that is left never gives back"
				return 1
			fi
			count=$((count + 1))
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
			# AddressSanitizer's, where /proc is not mounted.
			says=$(grep -v '^==[0-9]*==WARNING: reading executable name' <<<"$says")
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
	rm -rf "$out" && mkdir -p "$out/bin" || return 1
	cat >"$out/bin/clang" <<-SH
		#!/bin/sh
		case "\$*" in *"-target bpf"*) echo "error: no such target"; exit 1 ;; esac
		exec ${compiler[*]} "\$@"
	SH
	chmod +x "$out/bin/clang"
	make --no-print-directory -s BUILD="$out" CLANG="$out/bin/clang" SETUP=0 \
		"$out/ledger_table.c" || return 1
	[ ! -e "$out/bpf/able.mk" ] && cat "$out/bpf/why-not" || return 1
	grep -qE 'no such target|^no bpftool here$' "$out/bpf/why-not"
}

replayed() {
	"$build/$1/capchain" replay --verdicts "$logs/verdicts-$1" corpus
}

# same CONFIG [OPTION...]: its targets' verdicts are the command's, line for line.
same() {
	scripts/test/verdicts.py "${@:2}" "$1" "$logs/verdicts-$first"
}

# The same of every truncation that targets judge.
replayed_truncated() {
	"$build/$first/capchain" replay --truncate --verdicts "$logs/verdicts-truncated" corpus &&
		[ "$(wc -l <"$logs/verdicts-truncated")" -gt "$(wc -l <"$logs/verdicts-$first")" ]
}

same_truncated() {
	scripts/test/verdicts.py --truncated "${@:2}" "$1" "$logs/verdicts-truncated"
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

# What is said of each input too, for programs and for people, but for the line that names a build's oracles.
same_words() {
	local config how said
	for config in $commands; do
		for how in 'check --json' check explain replay; do
			said=$logs/words-${how// /}
			set -- corpus
			[ "$how" != explain ] || set -- corpus/{captured,nights,regressions,seeds}/*
			# shellcheck disable=SC2086 # an option has no spaces
			"$build/$config/capchain" $how "$@" >"$logs/words" || return 1
			sed -E '/^(# )?oracles: /d; s/"oracles":"[^"]*"//' "$logs/words" >"$said-$config"
			[ -s "$said-$config" ] && diff "$said-$first" "$said-$config" >"$logs/words.diff" && continue
			echo "$config: other words of $how than $first"
			head -n 20 "$logs/words.diff"
			return 1
		done
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

# What a peer says to our server and to our client.
peers_fuzzed() {
	scripts/fuzz/peers.py --runs 20000 --findings "$logs/peers" "$build"
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

# What exhaust prints, but for what says how it went about it.
found_by() {
	sed -E '/^  (judged|changed copies, for the relations|speed): /d' "$1"
}

# Every small chain, every buffer held to the relations; and that the same is found where those are passed
# over that nobody tells apart.
exhausted() {
	mkdir -p "$logs/exhausted"
	"$build/$1/capchain" exhaust --caps 2 --all-relations >"$logs/exhausted/whole" &&
		"$build/$1/capchain" exhaust --caps 2 >"$logs/exhausted/some" || return 1
	found_by "$logs/exhausted/whole" >"$logs/exhausted/whole.found"
	found_by "$logs/exhausted/some" | diff "$logs/exhausted/whole.found" - && [ -s "$logs/exhausted/whole.found" ]
}

python_test() {
	local test=$1 config=$2
	shift 2
	CAPCHAIN=$build/$config/capchain /usr/bin/python3 "scripts/$test" "$@"
}

# own_alone TEST CONFIG CLASS...: they share folders below build/own.
own_alone() {
	exec 9>"$logs/own.lock"
	flock 9
	python_test "$@"
}

bench_statistics() {
	local said
	said=$(/usr/bin/python3 -I -c "import scipy" 2>&1) || {
		echo "no scipy module (Debian package python3-scipy): ${said##*$'\n'}"
		return 77
	}
	python_test bench/measure_test.py "$first" Comparisons
}

# Three of the planted readers in every column of `make check-own`.
own_readers() {
	exec 9>"$logs/own.lock"
	flock 9
	/usr/bin/python3 scripts/fuzz/check_own.py \
		--readers LOOP_GUARD/trusting,STALE/safe,FIRST_ONLY/hardened
}

# own_with COMMAND PACKAGE TEST CLASS: tests that want a command which not everybody has.
own_with() {
	command -v "$1" >/dev/null || {
		echo "no $1 here (Debian package $2)"
		return 77
	}
	own_alone "$3" "$first" "$4"
}

TIMEFORMAT='took %1U + %1S of CPU'
time "$@"
