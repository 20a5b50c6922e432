#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# make check: every test of the project. Prints one line a step, with the log of a step that failed;
# the last line counts passed, failed and skipped steps. A skipped step says why. Exit status: 0; 1
# where a step failed or none ran, or in CI (CI=true) where one was skipped.
#
# environment:
#   STEPS   a regular expression: beside the builds, only steps whose name it matches
set -u
cd "$(dirname "$0")/.." || exit 1

build=build
logs=$build/check
mkdir -p "$logs"
passed=0 failed=0 skipped=0

# What can be built here, of what there is: commands, then engines.
have=$(make --no-print-directory -s configs)
commands=${have%%/*}
engines=${have##*/}

# step NAME COMMAND...: runs it, its output to a log. Status 77 is a skip, the last line its reason.
step() {
	local name=$1 log
	shift
	[[ $name == build* || $name =~ ${STEPS:-.} ]] || return 0
	log=$logs/$(printf %s "$name" | tr -c 'a-zA-Z0-9-' _).log
	"$@" >"$log" 2>&1 </dev/null
	case $? in
	0)
		passed=$((passed + 1))
		printf 'ok      %s\n' "$name"
		;;
	77)
		skipped=$((skipped + 1))
		printf 'skipped %s: %s\n' "$name" "$(tail -n 1 "$log")"
		;;
	*)
		failed=$((failed + 1))
		printf 'FAILED  %s\n' "$name"
		tail -n 60 "$log" | sed 's/^/        /'
		;;
	esac
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

builds() {
	make --no-print-directory -j"$(nproc)" built
}

has_32bit() {
	echo 'int main(void){return 0;}' | ${CLANG:-clang} -m32 -x c - -o "$logs/m32" &&
		"$logs/m32"
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
	has_32bit || {
		echo "no 32-bit libc to build with (Debian package gcc-multilib)"
		return 77
	}
	make --no-print-directory -j"$(nproc)" built32
}

formatted() {
	local files
	files=$(sources '*.[ch]')
	[ -n "$files" ] || return 1
	# shellcheck disable=SC2086
	clang-format --dry-run -Werror $files
}

warns() {
	local compiler=$1 file status=0
	for file in $(sources '*.c'); do
		case $file in fuzz/main_afl.c) continue ;; esac
		$compiler -std=gnu11 -D_GNU_SOURCE -O1 -Wall -Wextra -Wshadow -Wconversion -Wvla \
			-Werror -DTARGET_KIND=INFO_REGION -c "$file" -o "$logs/warns.o" || status=1
	done
	return $status
}

shell_clean() {
	local files
	files=$(sources '*.sh')
	# shellcheck disable=SC2086
	shellcheck $files .ci/run
}

python_compiles() {
	local file
	for file in $(sources '*.py'); do
		/usr/bin/python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' "$file" || return 1
	done
}

uapi_held() {
	local compiler flags status=0
	for compiler in gcc clang; do
		for flags in -m64 -m32; do
			echo "$compiler $flags"
			if [ $flags = -m32 ] && ! has_32bit; then continue; fi
			$compiler $flags -std=gnu11 -Wall -Wextra -Wshadow -Wconversion -Wvla -Werror \
				-c parsers/layout_uapi.c -o "$logs/uapi.o" || status=1
		done
	done
	return $status
}

# Layers point one way: scripts, fuzz, parsers.
layered() {
	! grep -nE '#include "(\.\./)+fuzz/' parsers/*.[ch] parsers/models/*.c &&
		! grep -lE 'yaml\.h|jansson\.h' fuzz/target.c fuzz/judge.c fuzz/compare.c fuzz/spec.c \
			fuzz/findings.c fuzz/verdicts.c fuzz/sandbox/*.[ch]
}

# A bug that stands in no list is hunted by nobody.
planted_listed() {
	local file id count=0
	for file in fuzz/planted/*.c; do
		case $file in */planted.c | */faults.c | */sound.c | *_test.c) continue ;; esac
		id=$(basename "$file" .c)
		grep -q "BUG(${id//-/_})" fuzz/planted/registry.h || {
			echo "$file is not in fuzz/planted/registry.h"
			return 1
		}
		count=$((count + 1))
	done
	[ $count -ge 4 ] && echo "$count planted bugs"
}

# No program but the planted targets may carry one.
planted_apart() {
	local program
	for program in "$build"/*/fuzz_*_info "$build"/*/capchain; do
		! nm "$program" | grep -q planted_ || {
			echo "$program has planted bugs in it"
			return 1
		}
	done
}

covered() {
	make --no-print-directory SETUP=0 coverage
}

# A parser without hooks would be green for ever: every object must call them.
hooked() {
	local config object hook count=0
	for config in $commands $engines; do
		case $config in gcc*) hook=__tsan_read ;; *) hook=__sanitizer_cov_load ;; esac
		for object in parsers/*.c parsers/models/*.c; do
			case $object in parsers/layout*.c | parsers/registry.c) continue ;; esac
			object=$build/$config/obj/${object%.c}.o
			count=$((count + 1))
			nm "$object" | grep -q "U $hook" || {
				echo "$object calls no $hook"
				return 1
			}
		done
	done
	echo "$count objects call their hooks"
}

unit() {
	local config=$1 test=$2
	shift 2
	"$build/$config/test/$test" "$@"
}

replayed() {
	"$build/$1/capchain" replay --verdicts "$logs/verdicts-$1" corpus
}

# The corpus as bytes, one folder a kind, for programs that link no YAML.
as_bytes() {
	local kind file
	rm -rf "$logs/bytes"
	for kind in device region iommu; do
		mkdir -p "$logs/bytes/$kind"
		for file in corpus/seeds/"$kind"-*.yaml corpus/regressions/"$kind"-*.yaml; do
			"$build/capchain" asm "$file" -o "$logs/bytes/$kind/$(basename "$file" .yaml)" ||
				return 1
		done
		cp corpus/captured/"$kind"-* "$logs/bytes/$kind/" || return 1
	done
	find "$logs/bytes" -type f | wc -l
}

# same TARGET-FOLDER: the targets' verdicts are the command's, line for line. AFL++ judges
# truncations too, so there the command's lines have to be among its own.
same() {
	local kind out=$logs/verdicts-target-$1
	rm -f "$out"
	for kind in device region iommu; do
		if [ "$1" = libfuzzer ] || [ "$1" = libfuzzer-fast ]; then
			find "$logs/bytes/$kind" -type f -print0 |
				CAPCHAIN_VERDICTS=$out xargs -0 "$build/$1/fuzz_${kind}_info" || return 1
		else
			CAPCHAIN_VERDICTS=$out "$build/$1/fuzz_${kind}_info" "$logs/bytes/$kind" || return 1
		fi
	done
	sort -u "$logs/verdicts-$first" >"$logs/expected"
	sort -u "$out" >"$out.sorted"
	[ -s "$logs/expected" ] || return 1
	if [ "$1" = afl ]; then
		comm -23 "$logs/expected" "$out.sorted" >"$out.diff"
	else
		diff "$logs/expected" "$out.sorted" >"$out.diff"
	fi
	[ ! -s "$out.diff" ] || {
		head -20 "$out.diff"
		return 1
	}
	echo "$(wc -l <"$logs/expected") sets of verdicts are the same"
}

same32() {
	[ -x $build/clang32/fuzz_iommu_info ] || {
		echo "no 32-bit build"
		return 77
	}
	same clang32
}

same_commands() {
	local config
	for config in $commands; do
		cmp "$logs/verdicts-$first" "$logs/verdicts-$config" || return 1
	done
}

# A list of a parser that is gone would be read by nobody.
lists_known() {
	local list name
	for list in corpus/expect/*.txt; do
		name=$(basename "$list" .txt)
		[ "$name" = reference ] || "$build/capchain" list --json | grep -q "\"parser\":\"$name\"" || {
			echo "$list is of no parser; remove it"
			return 1
		}
	done
}

# A target that is handed nothing has shown nothing.
nothing_fails() {
	mkdir -p "$logs/empty"
	mkdir -p "$logs/empty/expect"
	"$build/$first/fuzz_region_info" "$logs/empty"
	[ $? -eq 1 ] || return 1
	"$build/capchain" replay "$logs/empty"
	[ $? -eq 1 ]
}

python_test() {
	CAPCHAIN=$build/$2/capchain /usr/bin/python3 "scripts/$1"
}

first=${commands%% *}
for config in clang gcc clang-asan gcc-asan libfuzzer libfuzzer-fast afl; do
	case " $have " in *" $config "*) ;; *) step "$config" missing "$config" ;; esac
done
step "build" builds
step "build 32-bit" builds32
step "build nightly" builds_nightly
if [ "$failed" -gt 0 ]; then
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	exit 1
fi
step "format" formatted
for compiler in gcc clang; do
	case " $have " in *" $compiler "*) step "warnings $compiler" warns $compiler ;; esac
done
step "shellcheck" shell_clean
step "python" python_compiles
step "layers" layered
step "layout against linux/vfio.h" uapi_held
step "bounded.h in every build" scripts/bounded-builds.sh
failed_before=$failed
step "hooks are in the objects" hooked
# Without them the sandbox's planted loops have no end.
if [ "$failed" -gt "$failed_before" ]; then
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	exit 1
fi
step "planted bugs are listed" planted_listed
step "planted bugs are in planted targets alone" planted_apart
for config in $commands; do
	for test in fuzz/*_test.c fuzz/sandbox/*_test.c fuzz/planted/*_test.c; do
		test=${test#fuzz/}
		test=${test%.c}
		case $test in
		corpus_test | bounded_test | bounded_load_test | planted/planted_test) step "$config $test" unit "$config" "$test" corpus ;;
		text_test) step "$config $test" unit "$config" "$test" corpus/captured ;;
		*) step "$config $test" unit "$config" "$test" ;;
		esac
	done
	step "$config replay" replayed "$config"
done
for config in $engines; do
	step "$config sandbox_test" unit "$config" sandbox/sandbox_test
done
step "verdicts of all commands" same_commands
step "corpus as bytes" as_bytes
for config in $commands $engines; do
	[ "$config" = gcc-asan ] || step "verdicts of $config targets" same "$config"
done
step "verdicts of 32-bit targets" same32
case " $engines " in *" afl "*) step "verdicts of clang-msan targets" same clang-msan ;; esac
step "expected verdicts are of parsers" lists_known
step "replay of nothing fails" nothing_fails
for config in $commands; do
	step "$config command line" python_test cli_test.py "$config"
done
step "uapi.py" python_test uapi_test.py "$first"
case " $engines " in *" libfuzzer "*) step "fuzz.py" python_test fuzz_test.py "$first" ;; esac
case " $engines " in *" afl "*) step "nightly.py" python_test nightly_test.py "$first" ;; esac
case " $have " in *" clang "*) step "coverage" covered ;; esac
step "planted one-line errors" scripts/planted-lines.py

printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
# In CI nothing is missing, so nothing may be skipped.
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ] && { [ "${CI:-}" != true ] || [ "$skipped" -eq 0 ]; }
