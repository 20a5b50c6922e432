#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the fuzz targets into $OUT, with an OSS-Fuzz image's compilers, flags and engine and nothing
# else: $CC $CXX $CFLAGS $CXXFLAGS $LIB_FUZZING_ENGINE $OUT $WORK. Objects of an earlier build in
# $WORK are used again, so that after a change of one file this takes a second; build.sh starts
# afresh. Exit status: 0; 1 something does not build, and the compiler says what; 3 this image has no
# load hooks where nothing else could see a bad load (i386).
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=$WORK/capchain
mkdir -p "$build" "$OUT"

# compile FLAGS...: the names that a small piece of code needs from elsewhere.
compile() {
	# shellcheck disable=SC2086
	printf 'int sum(int *p, int n)\n{\n\tint s = 0;\n\twhile (n--)\n\t\ts += *p++;\n\treturn s;\n}\n' |
		$CC $CFLAGS "$@" -x c -c - -o "$build/probe.o" 2>"$build/probe.said" &&
		nm -u -P "$build/probe.o" | cut -d ' ' -f 1 | sort
}

# hooks FLAGS...: whether they give $CC load hooks, and take nothing of the engine's away.
hooks() {
	compile "$@" >"$build/probe.with" && grep -q '^__sanitizer_cov_load4$' "$build/probe.with" &&
		[ -z "$(comm -23 "$build/probe.without" "$build/probe.with")" ]
}

flags=-fsanitize-coverage=func,trace-loads,trace-stores
compile >"$build/probe.without" || {
	echo "targets.sh: \$CC ($CC) compiles nothing with \$CFLAGS ($CFLAGS): $(head -n 1 "$build/probe.said")" >&2
	exit 1
}
# AFL++'s compiler drops the option without a word where it stands on the command line.
echo "$flags" >"$build/hooks.cfg"
if hooks "$flags"; then
	loads=$flags
elif hooks --config "$build/hooks.cfg"; then
	loads="--config $build/hooks.cfg"
elif [[ " $CFLAGS " = *" -m32 "* ]]; then
	echo "targets.sh: $CC has no load hooks, and on i386 nothing else sees a bad load" \
		"$(head -n 1 "$build/probe.said")" >&2
	exit 3
else
	loads=
	echo "targets.sh: $CC has no load hooks: the arena alone sees bad loads, loops are skipped" \
		"$(head -n 1 "$build/probe.said")" >&2
fi

make --no-print-directory -s -j"$(nproc)" BUILD="$build" OSS_LOADS="$loads" oss-fuzz-objects \
	>"$build/objects"
while read -r target objects; do
	# shellcheck disable=SC2086
	$CXX $CXXFLAGS $objects $LIB_FUZZING_ENGINE -o "$OUT/$target"
done <"$build/objects"
