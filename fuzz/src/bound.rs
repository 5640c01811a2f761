//! Memory in use, and a bound on it: what a target takes beyond it ends the run as a crash does.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Any input may take so much, for buffers and pages.
const FREE: usize = 32 << 20;

/// And this much for each of its bytes.
const FACTOR: usize = 256;

struct Counted;

static USED: AtomicUsize = AtomicUsize::new(0);
static LIMIT: AtomicUsize = AtomicUsize::new(usize::MAX);

#[global_allocator]
static ALLOCATOR: Counted = Counted;

// SAFETY: everything is passed on to the system's allocator; the counters are atomic.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller's promises are those that it asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add(size);
        USED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

fn add(size: usize) {
    let used = USED.fetch_add(size, Ordering::Relaxed).saturating_add(size);
    let limit = LIMIT.load(Ordering::Relaxed);
    if used > limit && !std::thread::panicking() {
        LIMIT.store(usize::MAX, Ordering::Relaxed);
        eprintln!("{used} bytes of memory are in use, the last {size} at once; the limit is {limit}");
        eprintln!("{}", std::backtrace::Backtrace::force_capture());
        std::process::abort();
    }
}

/// Runs a target on an input of `length` bytes.
pub fn bounded<T>(length: usize, run: impl FnOnce() -> T) -> T {
    let limit = USED.load(Ordering::Relaxed).saturating_add(FREE).saturating_add(length.saturating_mul(FACTOR));
    LIMIT.store(limit, Ordering::Relaxed);
    let result = run();
    LIMIT.store(usize::MAX, Ordering::Relaxed);
    result
}
