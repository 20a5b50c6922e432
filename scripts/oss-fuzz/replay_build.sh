#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# OSS-Fuzz's fast rebuild: after build.sh, in the same image and without network, it compiles what has
# changed and links the targets into $OUT. Seeds, dictionary and options are build.sh's.
set -eu
exec "$SRC/capchain/scripts/oss-fuzz/targets.sh"
