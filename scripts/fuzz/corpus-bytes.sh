#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The corpus as bytes, one folder a kind, for programs that link no YAML.
set -u
usage() {
	cat <<'TXT'
usage: scripts/fuzz/corpus-bytes.sh FOLDER

Empties FOLDER and puts every input of the corpus there as bytes, one folder a kind, by
build/capchain. Prints how many.

exit status:
  0  all are there
  1  build/capchain is missing, or refuses an input
  2  wrong usage
TXT
}

case $#,${1-} in
*,-h | *,--help)
	usage
	exit 0
	;;
1,-* | [!1],*)
	usage >&2
	exit 2
	;;
esac
out=$1
rm -rf "$out"
for kind in $(build/capchain list --json | sed -n 's/^{"kind":"\([a-z]*\)".*/\1/p') fetch; do
	mkdir -p "$out/$kind" || exit 1
	made=()
	for file in corpus/seeds/"$kind"-*.yaml corpus/regressions/"$kind"-*.yaml; do
		name=${file##*/}
		made+=("$file" -o "$out/$kind/${name%.yaml}")
	done
	build/capchain asm "${made[@]}" || exit 1
	# Of conversations nothing is captured.
	for file in corpus/captured/"$kind"-*; do
		[ ! -e "$file" ] || cp "$file" "$out/$kind/" || exit 1
	done
done
find "$out" -type f | wc -l
