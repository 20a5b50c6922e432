#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What OSS-Fuzz and ClusterFuzzLite run as $SRC/build.sh: targets, seeds, dictionary and options into
# $OUT. Seeds are bytes: the corpus is text, so `capchain` is built first, without sanitizers, and
# assembles it. Uses $CC $CXX $CFLAGS $CXXFLAGS $LIB_FUZZING_ENGINE $OUT $SRC $WORK and nothing else.
set -eu

# A copy of this file, in $SRC or in OSS-Fuzz's repository, hands over to the one beside the sources.
tree=$SRC/capchain/scripts/oss-fuzz
[ "${BASH_SOURCE[0]}" -ef "$tree/build.sh" ] || exec "$tree/build.sh"
cd "$SRC/capchain"

# $WORK outlives a build, and may hold objects of another sanitizer.
rm -rf "$WORK/capchain"
"$tree/targets.sh"

tool=$WORK/capchain/tool
# AFL_NOOPT: where $CC is AFL++'s, it compiles this as it is.
AFL_NOOPT=1 make --no-print-directory -s -j"$(nproc)" BUILD="$tool" CLANG="$CC" "$tool/clang/capchain"

scripts/fuzz/corpus-bytes.sh "$WORK/capchain/seeds" "$tool/clang/capchain" >/dev/null
while read -r target _; do
	kind=${target#fuzz_}
	kind=${kind%_info}
	[ -n "$(ls "$WORK/capchain/seeds/$kind")" ] || {
		echo "build.sh: the corpus gives no seeds for $target" >&2
		exit 1
	}
	rm -f "$OUT/${target}_seed_corpus.zip"
	(cd "$WORK/capchain/seeds/$kind" &&
		/usr/bin/python3 -m zipfile -c "$OUT/${target}_seed_corpus.zip" ./*)
	cp corpus/vfio.dict "$OUT/$target.dict"
	cp "$tree/fuzz_info.options" "$OUT/$target.options"
done <"$WORK/capchain/objects"
