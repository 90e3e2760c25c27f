//! Pages of commands whose results are still made here.

pub(crate) mod lens;
