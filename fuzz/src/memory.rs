//! No input may cost much memory, however small it is. libFuzzer sees what the process has in use once a
//! second; this sees each allocation.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What may be in use at once. The largest input of libFuzzer has 1 MiB here, and the largest file that is
/// read whole 16 MiB.
const AT_MOST: usize = 128 << 20;

#[global_allocator]
static BOUNDED: Bounded = Bounded { in_use: AtomicUsize::new(0) };

struct Bounded {
    in_use: AtomicUsize,
}

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.in_use.fetch_add(layout.size(), Ordering::Relaxed) + layout.size() > AT_MOST {
            // To print allocates. The stack trace that libFuzzer prints tells who asked.
            std::process::abort();
        }
        // SAFETY: the layout is the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.in_use.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: pointer and layout are the caller's, from `alloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}
