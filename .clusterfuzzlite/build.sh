#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ClusterFuzzLite builds what OSS-Fuzz builds.
exec "$SRC/capchain/scripts/oss-fuzz/build.sh"
