// SPDX-License-Identifier: MIT
//! An adapter in Rust: copy it and capchain.rs anywhere, call your reader in read_info(), then
//! `make fuzz PARSER=my/copy.rs`, or the staticlib that cargo makes of it as PARSER=.../libmine.a.
mod capchain;

use capchain::{Answer, Cap, Parser, Walk};
use std::os::raw::{c_int, c_void};

/// In place of this stands your reader. This one is safe Rust: out of bounds is a panic.
fn caps(info: &[u8], caps_flag: u32, cap_offset_at: usize) -> Option<Vec<Cap>> {
    let word = |at: usize| u32::from_le_bytes(info[at..at + 4].try_into().unwrap());
    let half = |at: usize| u16::from_le_bytes(info[at..at + 2].try_into().unwrap());
    let mut found = Vec::new();
    if word(4) & caps_flag == 0 {
        return None;
    }
    let mut offset = word(cap_offset_at);
    while offset != 0 {
        let at = offset as usize;
        found.push(Cap { offset, id: half(at), version: half(at + 2), ..Cap::default() });
        offset = word(at + 4);
    }
    Some(found)
}

extern "C" fn read_info(walk: *mut Walk, info: *const c_void, len: u32, kind: c_int) -> Answer {
    let info = unsafe { std::slice::from_raw_parts(info as *const u8, len as usize) };
    let flag = [128, 8, 2][kind as usize];
    let cap_offset_at = if kind == capchain::REGION { 12 } else { 16 };
    capchain::guarded(|| match caps(info, flag, cap_offset_at) {
        None => capchain::ABSENT,
        Some(found) => {
            found.iter().for_each(|cap| capchain::deliver(walk, cap));
            capchain::OK
        }
    })
}

#[no_mangle]
pub static capchain_parser: Parser = Parser {
    name: "mine-in-rust\0".as_ptr(),
    summary: "what it reads chains for\0".as_ptr(),
    trust: 0,
    source: 0,
    claims: 0,
    fixed_size: 0,
    reads: [capchain::READS_ALL, capchain::READS_ALL, capchain::READS_ALL],
    read: read_info,
    open: None,
    ahead: None,
    newest: 0,
};
