// SPDX-License-Identifier: MIT
//! planted.c in Rust: the same four bugs, in the unsafe code that such readers have.
mod capchain;

use capchain::{Answer, Cap, Parser, Reads, Walk};
use std::alloc::{alloc, dealloc, Layout};
use std::os::raw::{c_int, c_void};

static mut SUM: u64 = 0;

unsafe fn read_areas(cap: *const u8) {
    let count = (cap.add(8) as *const u32).read_volatile();
    let layout = Layout::from_size_align(count.wrapping_mul(16) as usize, 8).unwrap();
    if layout.size() == 0 {
        return;
    }
    let areas = alloc(layout) as *mut [u64; 2];
    if areas.is_null() {
        return;
    }
    for i in 0..count as usize {
        let from = (cap.add(16) as *const [u64; 2]).add(i) as *const u64;
        (areas.add(i) as *mut u64).write_volatile(from.read_volatile());
    }
    dealloc(areas as *mut u8, layout);
}

unsafe fn read_type(cap: *const u8) {
    let layout = Layout::from_size_align(8, 4).unwrap();
    let words = alloc(layout) as *mut u32;
    if words.is_null() {
        return;
    }
    for i in 0..2 {
        words.add(i).write_volatile((cap.add(8) as *const u32).add(i).read_volatile());
    }
    for i in 0..3 {
        SUM = SUM.wrapping_add(words.add(i).read_volatile() as u64);
    }
    dealloc(words as *mut u8, layout);
}

unsafe fn read_chain(walk: *mut Walk, info: *const u8) {
    let mut next = (info.add(12) as *const u32).read_volatile();
    while next != 0 {
        let at = info.add(next as usize);
        let id = (at as *const u16).read_volatile();
        let version = (at.add(2) as *const u16).read_volatile();
        match id {
            1 => read_areas(at),
            2 => read_type(at),
            3 => SUM = SUM.wrapping_add((at.add(8) as *const u64).read_volatile()),
            _ => (),
        }
        capchain::deliver(walk, &Cap { offset: next, id, version, ..Cap::default() });
        next = (at.add(4) as *const u32).read_volatile();
    }
}

extern "C" fn read_info(walk: *mut Walk, info: *const c_void, len: u32, _kind: c_int) -> Answer {
    if len < 32 {
        return capchain::reject("short-buffer\0");
    }
    let info = info as *const u8;
    capchain::guarded(|| unsafe {
        if (info.add(4) as *const u32).read_volatile() & 8 == 0 {
            return capchain::ABSENT;
        }
        read_chain(walk, info);
        capchain::OK
    })
}

const READS: Reads = Reads { style: capchain::LIST, ids: capchain::ALL_IDS, decodes: 0 };

// Edition 2024 wants unsafe(), which a rustc before 1.82 cannot read.
#[cfg_attr(capchain_old, no_mangle)]
#[cfg_attr(not(capchain_old), cfg_attr(all(), unsafe(no_mangle)))]
pub static capchain_parser: Parser = Parser {
    name: "planted\0".as_ptr(),
    summary: "has four planted bugs\0".as_ptr(),
    trust: 0,
    source: 0,
    claims: 0,
    fixed_size: 0,
    reads: [
        capchain::NOT_READ,
        READS,
        capchain::NOT_READ,
        capchain::NOT_READ,
        capchain::NOT_READ,
    ],
    read: read_info,
    open: None,
    ahead: None,
    newest: 0,
    drops: [0; capchain::KINDS],
};
