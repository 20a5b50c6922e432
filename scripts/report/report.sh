#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# make report: the page of what the corpus and the findings of runs show.
#
# usage: report.sh [--every] --build DIR --out PAGE --findings DIR --night DIR [--corpus DIR]
#
# It names what there is to page.py: the corpus, the witnesses of both folders, their run.json and the numbers of
# nights. Folders that are not there have no findings. Exit status: page.py's.
set -eu
here=$(dirname "$0")
every=() build=build out='' findings='' night='' corpus=corpus
while [ $# -gt 0 ]; do
	case $1 in
	--every) every=(--every) && shift && continue ;;
	--build) build=${2-} ;;
	--out) out=${2-} ;;
	--findings) findings=${2-} ;;
	--night) night=${2-} ;;
	--corpus) corpus=${2-} ;;
	-h | --help)
		sed -n '3,/^set/s/^# \{0,1\}//p' "$0"
		exit 0
		;;
	*)
		echo "report.sh: no option $1; --help lists them" >&2
		exit 2
		;;
	esac
	shift $(($# > 1 ? 2 : 1))
done
paths=("$corpus") runs=()
for folder in "$findings" "$night/findings"; do
	for name in sets broken buckets; do
		# An empty folder has no input.
		[ -z "$(ls -A "$folder/$name" 2>/dev/null)" ] || paths+=("$folder/$name")
	done
done
for run in "$findings/run.json" "$night/run.json"; do
	[ ! -f "$run" ] || runs+=(--run "$run")
done
/usr/bin/python3 "$here/page.py" "${every[@]}" --capchain "$build/capchain" --corpus "$corpus" --nights "$night/numbers.csv" \
	"${runs[@]}" --out "$out" -- "${paths[@]}" && echo "report: $out"
