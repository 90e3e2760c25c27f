//! The program through its door: the real binary, in temporary folders.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod bench;
mod change;
mod classify;
mod comfort;
mod concepts;
mod dataset;
mod demo;
mod devices;
mod exemplars;
mod explain;
mod help;
mod info;
mod kill;
mod lens;
mod measure;
mod networks;
mod page;
mod program;
mod real_files;
mod reported;
mod reproduce;
mod site;
mod survey;
mod training;
mod visualize;
mod weights;
