//! Instruction sets: the one to use is chosen once, and passed to every call.
//!
//! The best one this machine has is taken, unless the environment variable `NANOAID_KERNELS`
//! names another. Results of one instruction set are the same bytes on every machine that has it
//! and for any number of threads; results of different ones differ by rounding.

use crate::error::IsaError;
use crate::simd::{Kernel, Simd, portable::Portable};
#[cfg(target_arch = "x86_64")]
use crate::simd::{avx2::Avx2, avx512::Avx512};
use std::fmt;
use std::sync::LazyLock;

/// The environment variable that names an instruction set.
pub const ISA_VARIABLE: &str = "NANOAID_KERNELS";

/// An instruction set that this machine has.
#[derive(Clone, Copy)]
pub struct Isa(Token);

#[derive(Clone, Copy)]
enum Token {
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    Portable(Portable),
}

/// Every name that [`Isa::from_name`] knows, best first.
const NAMES: [&str; 3] = ["avx512", "avx2", "portable"];

impl Isa {
    /// The instruction set that `NANOAID_KERNELS` names, or the best one where it is not set.
    ///
    /// # Errors
    /// If the variable names an instruction set that is unknown, or that this machine lacks.
    pub fn from_env() -> Result<Self, IsaError> {
        match std::env::var_os(ISA_VARIABLE) {
            None => Ok(Self::best()),
            Some(name) => Self::from_name(&name.to_string_lossy()),
        }
    }

    /// The instruction set called `avx512`, `avx2` (with FMA) or `portable`.
    ///
    /// # Errors
    /// If the name is unknown, or the machine lacks the instructions.
    ///
    /// # Examples
    /// ```
    /// use conv_kernels::Isa;
    ///
    /// assert_eq!(Isa::from_name("portable")?.name(), "portable");
    /// assert!(Isa::from_name("abacus").is_err());
    /// # Ok::<(), conv_kernels::IsaError>(())
    /// ```
    pub fn from_name(name: &str) -> Result<Self, IsaError> {
        if !NAMES.contains(&name) {
            return Err(IsaError::Unknown { name: name.to_owned(), known: NAMES.join(", ") });
        }
        let missing = || IsaError::Missing { name: name.to_owned(), best: Self::best().name().to_owned() };
        Self::available().into_iter().find(|isa| isa.name() == name).ok_or_else(missing)
    }

    /// The best instruction set that this machine has.
    pub fn best() -> Self {
        Self::available()[0]
    }

    /// The instruction set for work without rounding, which gives the same result with any: that of
    /// `NANOAID_KERNELS`, or the best one where that cannot be used.
    pub(crate) fn exact() -> Self {
        static EXACT: LazyLock<Isa> = LazyLock::new(|| Isa::from_env().unwrap_or_else(|_| Isa::best()));
        *EXACT
    }

    /// Every instruction set that this machine has, best first; never empty.
    pub fn available() -> Vec<Self> {
        let tokens = [
            #[cfg(target_arch = "x86_64")]
            Avx512::detect().map(Token::Avx512),
            #[cfg(target_arch = "x86_64")]
            Avx2::detect().map(Token::Avx2),
            Some(Token::Portable(Portable)),
        ];
        tokens.into_iter().flatten().map(Self).collect()
    }

    /// The name by which [`Isa::from_name`] knows it.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Token::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Token::Avx2(_) => "avx2",
            Token::Portable(_) => "portable",
        }
    }

    /// Channels in a tile, which leave enough registers for the rest.
    pub(crate) fn block(self) -> usize {
        struct Block;
        impl Kernel for Block {
            type Output = usize;
            #[inline(always)]
            fn run<S: Simd>(self, _: S) -> usize {
                if S::MANY_REGISTERS { 8 } else { 6 }
            }
        }
        self.run(Block)
    }

    /// Runs `kernel` with these instructions.
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Token::Avx512(simd) => simd.run(kernel),
            #[cfg(target_arch = "x86_64")]
            Token::Avx2(simd) => simd.run(kernel),
            Token::Portable(simd) => simd.run(kernel),
        }
    }
}

impl fmt::Debug for Isa {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        let error = Isa::from_name("sse9").unwrap_err().to_string();
        assert!(error.contains("sse9") && error.contains("avx512, avx2, portable"), "{error}");
    }

    #[test]
    fn every_machine_has_the_portable_kernels() {
        assert_eq!(Isa::from_name("portable").unwrap().name(), "portable");
        assert_eq!(Isa::available().last().unwrap().name(), "portable");
    }

    #[test]
    fn each_available_instruction_set_is_found_by_its_name() {
        for isa in Isa::available() {
            assert_eq!(Isa::from_name(isa.name()).unwrap().name(), isa.name());
        }
    }
}
