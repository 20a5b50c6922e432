#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The project's tests in an OSS-Fuzz image: unit tests, the corpus, the command line. Without network;
# everything is built in $WORK, so the tree stays as it is. Exit status: 0; not 0 where a test fails.
set -eu
cd "$SRC/capchain"
build=$WORK/capchain-tests
clang=${CC:-clang}

mapfile -t tests < <(find fuzz -name '*_test.c' -printf '%P\n' | sed 's/\.c$//' | sort)
[ ${#tests[@]} -gt 0 ]
make --no-print-directory -s -j"$(nproc)" BUILD="$build" CLANG="$clang" "$build/clang/capchain" \
	"${tests[@]/#/$build/clang/test/}"
for test in "${tests[@]}"; do
	case $test in
	parsers/*) "$build/clang/test/$test" corpus ;;
	text/text_test) "$build/clang/test/$test" corpus/captured ;;
	*) "$build/clang/test/$test" ;;
	esac
done
"$build/clang/capchain" replay corpus
CAPCHAIN=$build/clang/capchain PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 scripts/test/cli_test.py
