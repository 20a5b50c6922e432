#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Makes sure that what `make fuzz` or `make check` needs is installed: see usage() below.
set -u

usage() {
	cat <<'TXT'
usage: scripts/setup.sh fuzz|check|clients|browser

Installs the packages that `make fuzz`, `make check`, `make clients` or the browser of `make check-report`
needs and that are missing; the browser is large. Where all are there it prints nothing, touches no network
and needs no root.

environment:
  SETUP=0      install nothing: name what is missing, one line each, and go on
  ENGINE=afl   fuzz needs AFL++ too
  CLANG, GCC   compilers in the place of clang and gcc: CLANG=clang-22 installs that one

Things are looked for by what they provide (a command, a header, a library), never by package name, so a
compiler from elsewhere is as good. One that is too old is told by what it cannot do, never by its number:
scripts/test/oldest.sh has the one list of minimum versions. Packages are installed as root or through
`sudo -n`, and clang's run-time package is asked of apt. Without apt-get the missing things are named and
the build goes on. Optional ones never fail a build, and what cannot be had keeps nothing else away.

exit status:
  0  nothing required is missing, or it was left to you (SETUP=0, no apt-get)
  2  wrong usage
  3  something required is missing: apt-get failed, or root is needed; the command to run is printed
TXT
}

say() {
	printf 'setup: %s\n' "$*" >&2
}

# Probes: each answers whether the thing can be used, not whether some package is there. What it says on the
# way is kept for where it is installed, and still cannot.

commands() {
	local name
	for name; do
		command -v "$name" >/dev/null || return 1
	done
}

# Tools of administrators are not in everybody's PATH.
tool() {
	PATH=$PATH:/usr/sbin:/sbin commands "$@"
}

compiler() {
	if commands "${gcc[0]}"; then "${gcc[@]}" "$@"; else "${clang[@]}" "$@"; fi
}

# On Debian the file tells at once; elsewhere the compiler knows where its headers are.
headers() {
	local name
	for name; do
		[ -e "/usr/include/$name" ] || compiler -E -x c - <<<"#include <$name>" >/dev/null || return 1
	done
}

# A compiler answers -print-file-name=NAME with the bare NAME where it has no such file.
found() {
	[[ $1 == /* && -e $1 ]]
}

# A header and the file that the linker wants with it: a run-time package alone has neither.
library() {
	headers "$1" && found "$(compiler -print-file-name="$2")"
}

# The libFuzzer and ASan runtimes of clang. Newer clangs may keep a folder per target.
runtimes() {
	local arch name
	commands "${clang[0]}" || return 1
	arch=$("${clang[@]}" -dumpmachine) arch=${arch%%-*}
	[[ $arch != i?86 ]] || arch=i386
	for name in fuzzer asan; do
		found "$("${clang[@]}" -print-file-name="libclang_rt.$name.a")" ||
			found "$("${clang[@]}" -print-file-name="libclang_rt.$name-$arch.a")" || return 1
	done
}

# A tool of clang's own version, which alone reads what its programs write. Beside a clang-17 the tool may
# be another's, and its own is NAME-17.
llvm_of_clang() {
	local at version
	commands "${clang[0]}" || return 1
	version=$("${clang[@]}" -dumpversion) version=${version%%.*}
	for at in "$("${clang[@]}" -print-prog-name="$1")" "$1-$version"; do
		! commands "$at" || ! "$at" --version | grep -F " $version." || return 0
	done
	return 1
}

# 32-bit builds are for x86-64 hosts; elsewhere there is nothing to miss.
multilib() {
	[ "$(uname -m)" = x86_64 ] || return 0
	commands "${gcc[0]}" && found "$("${gcc[@]}" -m32 -print-file-name=crt1.o)" &&
		found "$("${gcc[@]}" -m32 -print-file-name=libgcc.a)" &&
		"${gcc[@]}" -m32 -fsyntax-only -x c - <<<"#include <errno.h>"
}

# Asked for the library alone, gcc names the 64-bit one.
multilib_cxx() {
	[ "$(uname -m)" = x86_64 ] || return 0
	commands "${gcc[0]}" &&
		"${gcc[@]}" -m32 -x c++ -fsyntax-only - <<<"#include <cstddef>"
}

# What runs i386 programs where the kernel does not; elsewhere there is nothing to miss.
i386() {
	[ "$(uname -m)" != x86_64 ] || commands qemu-i386 || commands qemu-i386-static ||
		runs_i386
}

# The scripts run as /usr/bin/python3, whatever PATH has; -I so that no ./yaml.py answers.
python() {
	/usr/bin/python3 -I -c "import $1"
}

# Whether apt has a package of this name to install.
offered() {
	commands apt-cache && apt-cache policy "$1" 2>/dev/null | grep -q '^  Candidate: [^(]'
}

# package_of COMMAND OTHERWISE: a compiler's package has the name of its command, as clang-22.
package_of() {
	if offered "$1"; then echo "$1"; else echo "$2"; fi
}

# named NAME: the package, as apt has it. LLVM's N is the version of the clang that is here, else of the
# one that apt would install; where apt tells neither, it is the package without a number.
named() {
	local package version
	case $1 in
	clang | gcc)
		local -n command=$1
		package_of "${command[0]}" "$1"
		;;
	# Beside gcc-13 those are gcc-13-multilib and g++-13-multilib.
	g*-multilib)
		package=${gcc[0]/gcc/${1%-multilib}}-multilib
		package_of "$package" "$1"
		;;
	*-N*)
		package=$(package_of "${clang[0]}" clang)
		version=$("${clang[@]}" -dumpversion 2>/dev/null) ||
			version=$({
				echo "Depends: $package"
				apt-cache depends "$package" 2>/dev/null
			} | sed -n 's/^ *Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
		package_of "${1/-N/-${version%%.*}}" "${1/-N/}"
		;;
	*) echo "$1" ;;
	esac
}

# need | package | probe | what it provides: what for
# Needs are four letters, for fuzz, check, clients and browser: r required, o optional, a required with
# ENGINE=afl, - not needed.
needs() {
	cat <<TXT
rr--|clang|commands ${clang[0]}|clang: compiles parsers and fuzz targets
rr--|libclang-rt-N-dev|runtimes|clang's libFuzzer and ASan runtimes: the default engine
rr--|llvm|commands llvm-symbolizer|llvm-symbolizer: names and lines in reports
-r--|llvm-N|llvm_of_clang llvm-cov|llvm-cov and llvm-profdata: coverage
rrr-|gcc|commands ${gcc[0]}|gcc: the second compiler
rrr-|make|commands make|make: runs the build
rrr-|libc6-dev|library stdio.h crt1.o|stdio.h and crt1.o: the C library to build with
rrr-|linux-libc-dev|headers linux/vfio.h linux/vfio_zdev.h|linux/vfio.h and vfio_zdev.h: the UAPI
rrr-|libyaml-dev|library yaml.h libyaml.so|yaml.h and libyaml: the text form of chains
rrr-|libjansson-dev|library jansson.h libjansson.so|jansson.h and libjansson: --json output
rrr-|python3|python sys|/usr/bin/python3: runs the scripts
rrr-|python3-yaml|python yaml|the yaml module of /usr/bin/python3: chains in scripts
ar--|afl++|commands afl-fuzz afl-clang-fast|afl-fuzz and afl-clang-fast: the AFL++ engine
-r--|meson|commands meson|meson: runs the steps of the check
-r--|libcmocka-dev|library cmocka.h libcmocka.so|cmocka.h and libcmocka: the unit tests
-r--|clang-format|commands clang-format|clang-format: the style check
-r--|shellcheck|commands shellcheck|shellcheck: the check of shell scripts
-r--|binutils|commands nm objdump readelf|nm, objdump and readelf: tests that look into objects
oo--|libbpf-dev|library bpf/libbpf.h libbpf.so|bpf/libbpf.h and libbpf: the parser in the kernel
-o--|qemu-system-x86|commands qemu-system-x86_64|qemu-system-x86_64: the guests of make vm
oo--|bpftool|tool bpftool|bpftool: the skeleton of a BPF program
-o--|rustc|commands rustc|rustc: the example parser in Rust
-o--|cargo|commands cargo|cargo: the same, as a package of its own
-o--|help2man|commands help2man|help2man: the man page that make install writes
-o--|pkgconf|commands pkg-config|pkg-config: the test of the installed library
-o--|gcc-multilib|multilib|gcc -m32: the 32-bit builds
-o--|g++-multilib|multilib_cxx|the 32-bit C++ library: OSS-Fuzz's 32-bit builds
-o--|qemu-user|i386|qemu-i386: runs 32-bit builds, as this kernel does not
-r--|file|commands file|file: tests that look into programs
-o--|python3-scipy|python scipy|the scipy module: the statistics of make bench-bugs
-r--|util-linux|commands prlimit|prlimit: tests of readers that do not end
-o--|ccache|commands ccache|ccache: objects that several builds share are compiled once
-o--|lld|commands ld.lld|ld.lld: links sanitizers in half the time
-o--|strace|commands strace|strace: programs run under it by capchain run
-o--|gdb|commands gdb|gdb: the same
-o--|valgrind|commands valgrind|valgrind: the same
-o--|electric-fence|found /usr/lib/libefence.so.0.0|libefence: the same
--r-|debootstrap|tool debootstrap|debootstrap: makes the roots that hold VFIO programs
--r-|debian-archive-keyring|found /usr/share/keyrings/debian-archive-keyring.gpg|the keys of Debian: the same
oo--|python3-jinja2|python jinja2|the jinja2 module: the page of make report
---r|chromium|commands chromium|chromium: the browser that make check-report looks with
TXT
}

# Sets required and optional to the packages that are missing, lines to what they provide, and reasons to
# what their probes say.
look() {
	local need package probe what said
	local -a words
	required=() optional=() lines=() reasons=()
	while IFS='|' read -r need package probe what; do
		case $goal in fuzz) need=${need:0:1} ;; check) need=${need:1:1} ;; clients) need=${need:2:1} ;; *) need=${need:3:1} ;; esac
		case $need${ENGINE:-} in
		r* | aafl) need=required ;;
		o*) need=optional ;;
		*) continue ;;
		esac
		read -r -a words <<<"$probe"
		said=$("${words[@]}" 2>&1 </dev/null) && said= && ! too_old "$package" && continue
		package=$(named "$package")
		lines+=("$what ($package, $need)")
		said=${said:+$(last_word "$said")}
		reasons+=("${said:+: $said}")
		if [ "$need" = required ]; then required+=("$package"); else optional+=("$package"); fi
	done <<<"$(needs)"
	# Two things may come with one package.
	missing=()
	for package in "${required[@]}" "${optional[@]}"; do
		[[ " ${missing[*]} " == *" $package "* ]] || missing+=("$package")
	done
}

# The missing things, one line each, after $1; with a second word, with their reasons.
name_missing() {
	local i
	for i in "${!lines[@]}"; do
		say "$1: ${lines[i]}${2+${reasons[i]}}"
	done
}

get() {
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null >>"$log" 2>&1
}

add() {
	get install -y --no-install-recommends "$@"
}

# Where lists did not do, they are fetched anew, and names are asked again. What cannot be had, alone or
# beside the others, must not keep anything else away.
add_missing() {
	local package
	add "${missing[@]}" && return
	get update
	look
	add "${missing[@]}" && return
	for package in "${missing[@]}"; do add "$package"; done
	return 1
}

# Ends the script: a missing required thing is for the user to mend, an optional one is not.
give_up() {
	local by_hand="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
	name_missing "$@"
	if [ "$EUID" -ne 0 ]; then
		by_hand="$(commands sudo && echo sudo sh || echo su) -c '$by_hand'"
	fi
	say "run: $by_hand"
	say "or set SETUP=0 to go on without"
	[ ${#required[@]} -eq 0 ] || exit 3
	exit 0
}

here=$(dirname "$0")
# shellcheck source=scripts/test/oldest.sh
. "$here/test/oldest.sh" || exit 3
read -r -a clang <<<"${CLANG:-clang}"
read -r -a gcc <<<"${GCC:-gcc}"
goal=${1-}
case $#,$goal in
1,fuzz | 1,check | 1,clients | 1,browser) ;;
1,-h | 1,--help)
	usage
	exit 0
	;;
*)
	usage >&2
	exit 2
	;;
esac

look
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "${SETUP:-}" = 0 ]; then
	name_missing "going on without"
	exit 0
fi
if ! commands apt-get; then
	name_missing "no apt-get, going on without"
	exit 0
fi

as_root=()
if [ "$EUID" -ne 0 ]; then
	as_root=(sudo -n)
	commands sudo || give_up "missing, and not root"
	# Its own words: a password, or a container's no_new_privs.
	refusal=$(sudo -n true </dev/null 2>&1) || give_up "missing, not root, and ${refusal%%$'\n'*}"
fi

log=$(mktemp) || exit 3
trap 'rm -f "$log"' EXIT
# Without lists apt has no names to give.
compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null || { get update && look; }
say "installing: ${missing[*]}"
outcome="could not be installed"
add_missing && outcome="installed, yet not found, or too old (is another one first in PATH?)"
look
if [ ${#missing[@]} -gt 0 ]; then
	grep '^E: ' "$log" | sort -u | tail -n 8 >&2
	give_up "$outcome" reasons
fi
