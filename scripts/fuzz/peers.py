#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Fuzzes what our own server and client of vfio-user read from the other side: make fuzz-peers

Each of BUILD/peers/server_target and client_target starts from messages of every command and its reply, and runs by
libFuzzer for SECONDS, or RUNS inputs; the empty target, built alike, says what the engine costs. A crash, a leak or
an input that takes --timeout seconds is a fault of capchain: its input is kept below FINDINGS, and the status is 1.

Exit status: 0; 1 a fault, or nothing was run; 2 the command line cannot be used; 3 a target is not built.
"""
import argparse
import os
import re
import struct
import subprocess
import sys
import tempfile

TARGETS = ("server_target", "client_target")
JSON = b'{"capabilities":{"max_msg_fds":16,"max_data_xfer_size":1048576}}\0'
REGION = struct.pack("<IIIIQQ", 32, 7, 0, 0, 0x20000, 0)
# SPARSE_MMAP with two areas.
CHAIN = struct.pack("<IIIIQQ", 80, 15, 0, 32, 0x20000, 0) + struct.pack(
    "<HHIIIQQQQ", 1, 1, 0, 2, 0, 0, 0x1000, 0x3000, 0x1d000)
# (command, what a client says, what a server answers).
MESSAGES = (
    (1, struct.pack("<HH", 0, 0) + JSON, struct.pack("<HH", 0, 0) + JSON),
    (2, struct.pack("<IIQQQ", 32, 3, 0, 0x100000, 0x1000), b""),
    (3, struct.pack("<IIQQ", 24, 0, 0x100000, 0x1000), struct.pack("<IIQQ", 24, 0, 0x100000, 0x1000)),
    (4, struct.pack("<IIII", 16, 0, 0, 0), struct.pack("<IIII", 16, 3, 9, 5)),
    (5, REGION, REGION), (5, struct.pack("<IIIIQQ", 80, 0, 0, 0, 0, 0), CHAIN),
    (6, struct.pack("<IIII", 16, 0, 0, 0), struct.pack("<IIII", 16, 0, 0, 0)),
    (7, struct.pack("<IIII", 16, 0, 2, 0), struct.pack("<IIII", 16, 9, 2, 5)),
    (8, struct.pack("<IIIII", 20, 0x21, 2, 0, 0), b""),
    (9, struct.pack("<QII", 0, 7, 64), struct.pack("<QII", 0, 7, 64) + bytes(64)),
    (10, struct.pack("<QII", 4, 7, 4) + b"\6\0\0\0", struct.pack("<QII", 4, 7, 4)),
    (13, b"", b""),
)


def message(number, command, flags, payload):
    return struct.pack("<HHIII", number, command, 16 + len(payload), flags, 0) + payload


def seeds_of(target):
    """Inputs to start from: a conversation each side, and each message alone."""
    if target == "server_target":
        said = [message(i, command, 0, asked) for i, (command, asked, _) in enumerate(MESSAGES)]
        return [b"\0" + b"".join(said), *(b"\x11" + one for one in said), *(bytes([i << 1 | 1]) + said[5]
                                                                            for i in range(8))]
    # As client_target.c and then vu_client_ask_rest() ask: the device, a region, its config space, the device anew.
    order = (1, 4, 4, 5, 5, 5, 9, 4, 5, 9, 9, 6, 5, 7, 7, 13)
    replies = {command: answer for command, _, answer in MESSAGES}
    said = [message(i + 1, command, 1, replies[command]) for i, command in enumerate(order)]
    return [b"\0" + b"".join(said), b"\1" + b"".join(said), *(b"\0" + said[0] + one for one in said)]


def run_target(options, target, folder):
    """(status, execs, execs a second): of libFuzzer's own figures."""
    corpus = os.path.join(folder, target)
    os.makedirs(corpus, exist_ok=True)
    for i, seed in enumerate(seeds_of(target) if target in TARGETS else [b"\0"]):
        with open(os.path.join(corpus, f"seed-{i}"), "wb") as file:
            file.write(seed)
    os.makedirs(options.findings, exist_ok=True)
    # What the engine costs is known after some seconds.
    seconds = options.seconds if target in TARGETS else min(options.seconds, 10)
    limit = [f"-runs={options.runs}"] if options.runs else [f"-max_total_time={seconds}"]
    done = subprocess.run([os.path.join(options.build, "peers", target), *limit, "-max_len=4096", "-print_final_stats=1",
                           f"-timeout={options.timeout}", f"-artifact_prefix={options.findings}/{target}-", "-seed=1",
                           corpus], capture_output=True, text=True, errors="replace", check=False)
    figures = dict(re.findall(r"stat::(\w+): +(\d+)", done.stderr))
    if done.returncode:
        print(done.stderr[-4000:])
    return done.returncode, int(figures.get("number_of_executed_units", 0)), int(figures.get("average_exec_per_sec", 0))


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--seconds", metavar="N", type=int, default=60, help="of each target; 60 by default")
    add("--runs", metavar="N", type=int, default=0, help="inputs of each target, in place of seconds")
    add("--timeout", metavar="SECONDS", type=int, default=5, help="that one input may take; 5 by default")
    add("--findings", metavar="DIR", default="build/findings/peers", help="build/findings/peers by default")
    add("build", metavar="BUILD")
    options = parser.parse_args(arguments)
    for target in (*TARGETS, "empty_target"):
        if not os.access(os.path.join(options.build, "peers", target), os.X_OK):
            print(f"peers.py: no {options.build}/peers/{target}: make fuzz-peers builds it", file=sys.stderr)
            return 3
    status = 0
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        speeds = {}
        for target in ("empty_target", *TARGETS):
            ended, execs, speeds[target] = run_target(options, target, folder)
            if ended or not execs:
                print(f"{target}: status {ended} after {execs} inputs; what it died of is in {options.findings}")
                status = 1
            elif target in TARGETS:
                beside = "" if options.runs else f"; the empty target {speeds['empty_target']} a second"
                print(f"{target}: {execs} inputs, {speeds[target]} a second, no crash, leak or timeout{beside}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
