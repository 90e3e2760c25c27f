//! nanoaid
fn main() {}
