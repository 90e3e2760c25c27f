//! The program through its door: the real binary, in temporary folders.

mod help;
mod info;
mod kill;
mod lens;
mod page;
mod program;
mod real_files;
mod training;
