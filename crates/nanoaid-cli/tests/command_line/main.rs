//! The program through its door: the real binary, in temporary folders.

#![expect(clippy::print_stdout, reason = "a skipped test says why")]
#![expect(clippy::unwrap_used, reason = "what tests are set up from has to be there")]

mod help;
mod info;
mod kill;
mod lens;
mod page;
mod program;
mod real_files;
mod training;
