// SPDX-License-Identifier: MIT
//! parsers/parser.h for adapters in Rust: copy it beside yours and say `mod capchain;`.
//! scripts/fuzz/own_languages_test.py holds both to the same verdicts.
#![allow(dead_code)]

use std::os::raw::{c_char, c_int, c_void};

pub const DEVICE: c_int = 0;
pub const REGION: c_int = 1;
pub const IOMMU: c_int = 2;

pub const LIST: c_int = 0;
pub const LOOKUP: c_int = 1;
/// Its verdict alone is held.
pub const OUTCOME: c_int = 2;
/// Areas without bytes, and all elements but the largest, that it leaves out by intent.
pub const DROPS_EMPTY: u32 = 1;
pub const DROPS_SMALLER: u32 = 2;
pub const ALL_IDS: u64 = u64::MAX;

/// What the host keeps of a running walk.
#[repr(C)]
pub struct Walk {
    _opaque: [u8; 0],
}

/// One delivered capability; where `decoded` is false nothing after it counts.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Cap {
    pub offset: u32,
    pub id: u16,
    pub version: u16,
    pub decoded: bool,
    pub count: u32,
    pub hash: u64,
    pub field: [u64; 12],
}

/// `verdict` is 0 ok, 1 absent, 2 truncated, 3 reject, 4 abstain.
#[repr(C)]
pub struct Answer {
    verdict: c_int,
    need: u32,
    reason: *const c_char,
}

pub const OK: Answer = Answer { verdict: 0, need: 0, reason: std::ptr::null() };
pub const ABSENT: Answer = Answer { verdict: 1, need: 0, reason: std::ptr::null() };

pub fn truncated(need: u32) -> Answer {
    Answer { verdict: 2, need, reason: std::ptr::null() }
}

/// `reason` is lower case with dashes and ends in "\0".
pub fn reject(reason: &'static str) -> Answer {
    assert!(reason.ends_with('\0'));
    Answer { verdict: 3, need: 0, reason: reason.as_ptr() as *const c_char }
}

#[repr(C)]
pub struct Reads {
    pub style: c_int,
    pub ids: u64,
    pub decodes: u64,
}

/// Kinds of buffers: INFO_KINDS of parsers/parser.h.
pub const KINDS: usize = 5;

pub const NOT_READ: Reads = Reads { style: LIST, ids: 0, decodes: 0 };
pub const READS_ALL: Reads = Reads { style: LIST, ids: ALL_IDS, decodes: 0 };

pub type Read = extern "C" fn(*mut Walk, *const c_void, u32, c_int) -> Answer;

/// What a parser promises: right on plain buffers; the same, and never a fault on any; a safe and right
/// answer on every buffer.
pub const TRUSTING: c_int = 0;
pub const SAFE: c_int = 2;
pub const HARDENED: c_int = 1;

/// Strings end in "\0"; source is 0 kernel, 1 peer, 2 device or 3 file.
#[repr(C)]
pub struct Parser {
    pub name: *const u8,
    pub summary: *const u8,
    pub trust: c_int,
    pub source: c_int,
    pub claims: u32,
    pub fixed_size: u32,
    /// Of each kind: device, region, iommu, pci, pcie.
    pub reads: [Reads; KINDS],
    pub read: Read,
    /// What only parsers of this project have.
    pub open: Option<extern "C" fn() -> *const c_char>,
    pub ahead: Option<extern "C" fn(c_int, usize, *const *const u8, *const u32)>,
    /// The newest version that its program knows; 0: every one there is.
    pub newest: u32,
    /// DROPS_* of each kind.
    pub drops: [u32; KINDS],
}

// Its pointers are to constants.
unsafe impl Sync for Parser {}

/// The conversation that runs, and what asks: parsers/fetch_loop.h. Of an adapter's `kinds` and `run` count.
#[repr(C)]
pub struct Fetch {
    _opaque: [u8; 0],
}

#[repr(C)]
pub struct Loop {
    name: *const u8,
    summary: *const u8,
    trust: c_int,
    source: c_int,
    walk: *const u8,
    kinds: u32,
    run: extern "C" fn(*mut Fetch, c_int, u32) -> Answer,
}

unsafe impl Sync for Loop {}

/// `kinds` has bit `1 << REGION` and its like of what it asks for.
pub const fn asks(kinds: u32, run: extern "C" fn(*mut Fetch, c_int, u32) -> Answer) -> Loop {
    Loop { name: std::ptr::null(), summary: std::ptr::null(), trust: 0, source: 0, walk: std::ptr::null(), kinds, run }
}

/// Edition 2024 wants `unsafe` here, which a rustc before 1.82 does not know.
macro_rules! host {
    ($($functions:tt)*) => {
        #[cfg(capchain_old)]
        extern "C" { $($functions)* }
        #[cfg(not(capchain_old))]
        unsafe extern "C" { $($functions)* }
    };
}

host! {
    fn walk_deliver(walk: *mut Walk, cap: *const Cap);
    fn walk_panicked(text: *const u8, len: usize);
    fn fetch_hand(fetch: *mut Fetch, info: *const u8) -> Answer;
}

/// Gives the reply at `info` to the parser; memory of malloc() or of a Box is freed there, so forget it here.
pub fn hand(fetch: *mut Fetch, info: *const u8) -> Answer {
    unsafe { fetch_hand(fetch, info) }
}

/// Hands one capability to the host.
pub fn deliver(walk: *mut Walk, cap: &Cap) {
    unsafe { walk_deliver(walk, cap) }
}

/// Text of some length, without memory of a walk.
struct Text([u8; 512], usize);

impl std::fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let len = text.len().min(self.0.len() - self.1);
        self.0[self.1..self.1 + len].copy_from_slice(&text.as_bytes()[..len]);
        self.1 += len;
        Ok(())
    }
}

/// What a read function wraps its work in: a panic ends it as abort() would. Its message and place go to
/// the host: the standard ones would keep memory of a walk that is over.
pub fn guarded(read: impl FnOnce() -> Answer) -> Answer {
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let mut text = Text([0; 512], 0);
            let _ = std::fmt::Write::write_fmt(&mut text, format_args!("{}", info));
            unsafe { walk_panicked(text.0.as_ptr(), text.1) }
        }))
    });
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)) {
        Ok(answer) => answer,
        Err(_) => std::process::abort(),
    }
}
