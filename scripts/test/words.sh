#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every build says the same of each input of the corpus, for programs and for people, word for word, but for
# the line that names its oracles: words.sh CONFIG..., from the top of the tree; each is held to the first.
# Exit status: 0; 1 other words, which are shown.
set -u
case ${1:-} in
'' | -h | --help)
	sed -n '3,/^set/s/^# \{0,1\}//p' "$0"
	exit
	;;
esac
first=$1
logs=build/check
mkdir -p "$logs"
for config in "$@"; do
	for how in 'check --json' check 'explain --all' replay; do
		inputs=(corpus)
		[ "${how%% *}" = explain ] && inputs=(corpus/{captured,regressions,seeds}/*)
		said=$logs/words-${how// /}
		# shellcheck disable=SC2086 # an option has no spaces
		"build/$config/capchain" $how "${inputs[@]}" >"$logs/words" || exit 1
		sed -E '/^(# )?oracles: /d; s/"oracles":"[^"]*"//' "$logs/words" >"$said-$config"
		if ! [ -s "$said-$config" ] || ! diff "$said-$first" "$said-$config" >"$logs/words.diff"; then
			echo "$config: other words of $how than $first"
			head -n 20 "$logs/words.diff"
			exit 1
		fi
	done
done
