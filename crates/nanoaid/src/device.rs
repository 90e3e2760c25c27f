//! Where networks run: the CPU by default; GPUs where the program was built with their feature.
//!
//! The one place that makes a Burn device. Results are the same bytes on every CPU run; a GPU's
//! order of summation is its own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What networks run on; as text it is what `--device` takes.
///
/// ```
/// use nanoaid::Device;
///
/// let device: Device = "cpu".parse()?;
/// assert_eq!(device, Device::default());
/// assert!("toaster".parse::<Device>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Device {
    /// The processor, all cores.
    #[default]
    Cpu,
    /// The default GPU through wgpu (feature `wgpu`).
    #[cfg(feature = "wgpu")]
    Wgpu,
    /// The first CUDA device (feature `cuda`).
    #[cfg(feature = "cuda")]
    Cuda,
}

impl Device {
    /// Every device this program was built for.
    pub const ALL: &[Self] = &[
        Self::Cpu,
        #[cfg(feature = "wgpu")]
        Self::Wgpu,
        #[cfg(feature = "cuda")]
        Self::Cuda,
    ];

    pub(crate) fn burn(self) -> burn::tensor::Device {
        match self {
            Self::Cpu => burn::tensor::Device::flex(),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => burn::tensor::Device::wgpu(burn::tensor::DeviceKind::DefaultDevice),
            #[cfg(feature = "cuda")]
            Self::Cuda => burn::tensor::Device::cuda(0),
        }
    }
}

/// Checks the instruction set that the environment variable `NANOAID_KERNELS` asks for on the CPU:
/// `avx512`, `avx2`, `portable`, or not set for the best there is. To be called before networks
/// run, which panic where this gives an error.
///
/// # Errors
/// If the name is unknown, or the machine lacks the instructions.
pub fn check_kernels() -> Result<(), conv_kernels::IsaError> {
    conv_kernels::Isa::from_env().map(|_| ())
}

impl fmt::Display for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Cpu => "cpu",
            #[cfg(feature = "wgpu")]
            Self::Wgpu => "wgpu",
            #[cfg(feature = "cuda")]
            Self::Cuda => "cuda",
        })
    }
}

impl From<Device> for String {
    fn from(device: Device) -> Self {
        device.to_string()
    }
}

impl TryFrom<String> for Device {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|device| device.to_string() == text).ok_or_else(|| {
            let names: Vec<String> = Self::ALL.iter().map(ToString::to_string).collect();
            format!("unknown device `{text}`, expected one of: {}", names.join(", "))
        })
    }
}
