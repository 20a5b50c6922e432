#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The corpus as bytes, one folder a kind, for programs that link no YAML and know this machine's order alone.
set -u
usage() {
	cat <<'TXT'
usage: scripts/fuzz/corpus-bytes.sh FOLDER [CAPCHAIN]

Empties FOLDER and puts every input that `capchain replay corpus` reads there as bytes in this
machine's order, one folder a kind, each named by itself and by its folder. Prints how many.
CAPCHAIN is build/capchain by default.

exit status:
  0  all are there
  1  CAPCHAIN is missing, or refuses an input
  2  wrong usage
TXT
}

case $#,${1-} in
*,-h | *,--help)
	usage
	exit 0
	;;
[12],-* | [!12],*)
	usage >&2
	exit 2
	;;
esac
out=$1 capchain=${2-build/capchain}
rm -rf "$out"
texts=$(mktemp -d) || exit 1
trap 'rm -rf "$texts"' EXIT
kinds=$("$capchain" list --json | sed -n 's/^{"kind":"\([a-z]*\)".*/\1/p')
[ -n "$kinds" ] || exit 1
for kind in $kinds fetch; do
	mkdir -p "$out/$kind" || exit 1
	made=()
	# What fuzz/cmd/input.c takes for an input; a folder that comes needs no line here.
	while read -r file; do
		name=${file##*/}
		folder=$(dirname "${file#corpus/}")
		bytes=$out/$kind/${name%.yaml}.${folder//\//-}
		case $name in
		*.yaml) made+=("$file" -o "$bytes") ;;
		*)
			# A reply is little-endian where its name does not say otherwise, whoever reads it.
			"$capchain" dis --endian little "$file" -o "$texts/$name.yaml" || exit 1
			made+=("$texts/$name.yaml" -o "$bytes")
			;;
		esac
	done < <(find corpus -path corpus/expect -prune -o -type f -name "$kind-*" ! -name '*.md' ! -name '*.dict' \
		! -name '*.txt' ! -name '*.replies' ! -name '*.tmp' ! -name '*~' -print | LC_ALL=C sort)
	[ ${#made[@]} -eq 0 ] || "$capchain" asm "${made[@]}" || exit 1
done
find "$out" -type f | wc -l
