//! The wall clock of a process that runs, turned. What stands before libc is nothing to a program in Go,
//! which asks the kernel's own library (vDSO); so it is changed there, in the one process.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const SYMBOL: &str = "__vdso_clock_gettime";
/// `mov eax, 228; syscall; test edi, edi; jne out; mov rcx, SECONDS; add [rsi], rcx; out: ret`: the call of
/// the kernel, and only for `CLOCK_REALTIME`, which is 0, something is added to the seconds.
const BEFORE: [u8; 13] = [0xb8, 0xe4, 0, 0, 0, 0x0f, 0x05, 0x85, 0xff, 0x75, 0x0d, 0x48, 0xb9];
const AFTER: [u8; 4] = [0x48, 0x01, 0x0e, 0xc3];

/// Turns the wall clock of a process, and no other clock of it. Returns whether it could be: it may have
/// ended, and what is written is for one kind of processor.
pub fn turn_clock_of(pid: u32, seconds: i64) -> bool {
    cfg!(target_arch = "x86_64") && write_over_vdso(pid, seconds).is_some()
}

fn write_over_vdso(pid: u32, seconds: i64) -> Option<()> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    let line = maps.lines().find(|line| line.ends_with("[vdso]"))?;
    let (from, to) = line.split(' ').next()?.split_once('-')?;
    let (from, to) = (u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?);
    let memory = File::options().read(true).write(true).open(format!("/proc/{pid}/mem")).ok()?;
    let mut library = vec![0; usize::try_from(to - from).ok()?];
    memory.read_exact_at(&mut library, from).ok()?;
    let code: Vec<u8> = BEFORE.into_iter().chain(seconds.to_le_bytes()).chain(AFTER).collect();
    // No thread is to be in the middle of what is written over.
    let process = Pid::from_raw(i32::try_from(pid).ok()?);
    kill(process, Signal::SIGSTOP).ok()?;
    let written = memory.write_all_at(&code, from + address_of(SYMBOL, &library)?);
    kill(process, Signal::SIGCONT).ok()?;
    written.ok()
}

/// Where a symbol is in a library as it is in memory, by its section headers.
fn address_of(symbol: &str, library: &[u8]) -> Option<u64> {
    let number = |at: usize, length: usize| -> Option<usize> {
        let bytes = library.get(at..at + length)?;
        bytes.iter().rev().try_fold(0_usize, |sum, byte| Some(sum << 8 | usize::from(*byte)))
    };
    let (headers, size, count) = (number(40, 8)?, number(58, 2)?, number(60, 2)?);
    let section = |place: usize| -> Option<(usize, usize, usize, usize)> {
        let at = headers + place * size;
        // Its type, offset and length, and the section that it refers to.
        Some((number(at + 4, 4)?, number(at + 24, 8)?, number(at + 32, 8)?, number(at + 40, 4)?))
    };
    const DYNAMIC_SYMBOLS: usize = 11;
    let (_, offset, length, names) =
        (0..count).filter_map(section).find(|(kind, ..)| *kind == DYNAMIC_SYMBOLS)?;
    let (_, names, ..) = section(names)?;
    (offset..offset + length).step_by(24).find_map(|at| {
        let name = library.get(names + number(at, 4)?..)?;
        let is_it = name.starts_with(symbol.as_bytes()) && name.get(symbol.len()) == Some(&0);
        is_it.then(|| number(at + 8, 8))?.and_then(|address| u64::try_from(address).ok())
    })
}
