//! nanoaid
