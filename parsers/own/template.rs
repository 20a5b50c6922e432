// SPDX-License-Identifier: MIT
//! An adapter in Rust: copy it and capchain.rs anywhere, call your reader in read_info(), then
//! `make fuzz PARSER=my/copy.rs`.
//!
//! Of a crate (`cargo new --lib`, edition 2021 or 2024) it is src/lib.rs. Its Cargo.toml needs
//!
//!     [lib]
//!     crate-type = ["staticlib"]
//!     [profile.release]
//!     debug = true    # faults are then told by line
//!
//! and `cargo build --release` wants load hooks, without which loops are not counted:
//!
//!     RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=3
//!       -Cllvm-args=-sanitizer-coverage-trace-loads -Cllvm-args=-sanitizer-coverage-trace-stores"
//!
//! (on one line; a rustc before 1.82 also --cfg=capchain_old). Then PARSER=target/release/libNAME.a.
#![allow(unknown_lints, unexpected_cfgs, non_upper_case_globals)]
mod capchain;

use capchain::{Answer, Cap, Parser, Walk};
use std::os::raw::{c_int, c_void};

/// In place of this stands your reader. What it cannot read it refuses; a panic would be a crash.
fn caps(info: &[u8], caps_flag: u32, cap_offset_at: usize) -> Result<Vec<Cap>, &'static str> {
    let word = |at: usize| Some(u32::from_le_bytes(info.get(at..at.checked_add(4)?)?.try_into().ok()?));
    let mut found = Vec::new();
    if info.len() < 16 || word(4).ok_or("short-buffer\0")? & caps_flag == 0 {
        return if info.len() < 16 { Err("short-buffer\0") } else { Ok(found) };
    }
    let mut offset = word(cap_offset_at).ok_or("short-argsz\0")?;
    while offset != 0 {
        let at = offset as usize;
        let (head, next) = word(at).zip(word(at + 4)).ok_or("bad-link\0")?;
        found.push(Cap { offset, id: head as u16, version: (head >> 16) as u16, ..Cap::default() });
        // No chain has more headers than stand side by side.
        if found.len() > info.len() / 8 {
            return Err("bad-link\0");
        }
        offset = next;
    }
    Ok(found)
}

extern "C" fn read_info(walk: *mut Walk, info: *const c_void, len: u32, kind: c_int) -> Answer {
    let info = unsafe { std::slice::from_raw_parts(info as *const u8, len as usize) };
    let flag = [128, 8, 2][kind as usize];
    let cap_offset_at = if kind == capchain::REGION { 12 } else { 16 };
    capchain::guarded(|| {
        // What is behind argsz is not of this reply.
        let argsz = info.get(..4).map_or(0, |word| u32::from_le_bytes(word.try_into().unwrap()));
        let info = &info[..info.len().min(argsz as usize)];
        match caps(info, flag, cap_offset_at) {
            Err(why) => capchain::reject(why),
            Ok(found) if found.is_empty() => capchain::ABSENT,
            Ok(found) => {
                found.iter().for_each(|cap| capchain::deliver(walk, cap));
                capchain::OK
            }
        }
    })
}

// Edition 2024 wants unsafe(), which a rustc before 1.82 cannot read.
#[cfg_attr(capchain_old, no_mangle)]
#[cfg_attr(not(capchain_old), cfg_attr(all(), unsafe(no_mangle)))]
pub static capchain_parser: Parser = Parser {
    name: "mine-in-rust\0".as_ptr(),
    summary: "what it reads chains for\0".as_ptr(),
    // TRUSTING: may fault on bad replies. HARDENED: right on them, where SAFE may refuse.
    trust: capchain::SAFE,
    source: 0,
    claims: 0,
    fixed_size: 0,
    // Of each kind: device, region, iommu, pci, pcie.
    reads: [
        capchain::READS_ALL,
        capchain::READS_ALL,
        capchain::READS_ALL,
        capchain::NOT_READ,
        capchain::NOT_READ,
    ],
    read: read_info,
    open: None,
    ahead: None,
    newest: 0,
    drops: [0; capchain::KINDS],
};
