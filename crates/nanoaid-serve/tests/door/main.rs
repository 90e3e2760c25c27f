//! The server through its door: bytes over a socket, as a browser, a program or an attacker sends them.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod answers;
mod client;
mod named;
mod security;
mod uploads;
