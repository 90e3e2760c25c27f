//! Where networks run: the CPU by default; GPUs where the program was built with their feature.
//!
//! The one place that makes a Burn device. Results are the same bytes on every CPU run; a GPU's
//! order of summation is its own. A device is opened once, by [`Device::open`], before anything runs on
//! it: what is missing is an error there, and no panic later.

mod caught;
mod info;
mod list;
#[cfg(any(feature = "wgpu", feature = "cuda"))]
mod opened;
#[cfg(feature = "wgpu")]
mod wgpu;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub(crate) use caught::caught;
pub use info::{DeviceInfo, DeviceKind, Devices};

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
    /// A GPU through wgpu: Vulkan, Metal or DirectX 12 (feature `wgpu`). Its number in [`Device::list`];
    /// the one that the driver recommends without a number.
    #[cfg(feature = "wgpu")]
    Wgpu(Option<u16>),
    /// A CUDA device by its number; the first without one (feature `cuda`).
    #[cfg(feature = "cuda")]
    Cuda(Option<u16>),
}

/// Why a device cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// The driver offers no adapter.
    #[error(
        "no GPU found for `{device}`: {reason}. Install the driver of your GPU (on Debian without a GPU: mesa-vulkan-drivers), or use `--device cpu`"
    )]
    NoAdapter {
        /// The device.
        device: String,
        /// What the runtime says.
        reason: String,
    },
    /// A number beyond the adapters that there are.
    #[error("no device `{device}`, found {}; `nanoaid devices` lists them", listed(.found))]
    NoSuch {
        /// The device.
        device: String,
        /// Those there are.
        found: Vec<String>,
    },
    /// An adapter that cannot be chosen by its number.
    #[error("`{device}` can only be used as the default device: use `--device wgpu`")]
    OnlyDefault {
        /// The device.
        device: String,
    },
    /// The adapter is there, but refuses to start.
    #[error(
        "cannot open `{device}`: {reason}. Close other programs that use the GPU, update its driver, or use `--device cpu`"
    )]
    Refused {
        /// The device.
        device: String,
        /// What the runtime says.
        reason: String,
    },
    /// The device stopped while it was used: lost, out of memory, or a fault of its driver or library.
    #[error(
        "`{device}` stopped: {reason}. If its memory is full, use smaller batches or images; `nanoaid check --device {device}` says whether it computes correctly; `--device cpu` always works"
    )]
    Stopped {
        /// The device.
        device: String,
        /// What the runtime says.
        reason: String,
    },
}

fn listed(found: &[String]) -> String {
    if found.is_empty() { "none".to_owned() } else { found.join(", ") }
}

impl Device {
    /// The default device of every kind this program was built for.
    pub const ALL: &[Self] = &[
        Self::Cpu,
        #[cfg(feature = "wgpu")]
        Self::Wgpu(None),
        #[cfg(feature = "cuda")]
        Self::Cuda(None),
    ];

    /// Opens the device, if it is not open yet, and says what it is. Networks on it open it themselves;
    /// called before, errors come before any work.
    ///
    /// # Errors
    /// If there is no such device, or it refuses to start.
    pub fn open(self) -> Result<DeviceInfo, DeviceError> {
        match self {
            Self::Cpu => Ok(DeviceInfo::of_processor()),
            #[cfg(any(feature = "wgpu", feature = "cuda"))]
            _ => opened::open(self).map(|(_, info)| info),
        }
    }

    /// Everything that this program can run on.
    pub fn list() -> Devices {
        Devices::found()
    }

    /// Runs `work`, which uses the device. On a GPU, a panic of its library, which is how that reports a lost
    /// device and full memory, becomes an error.
    ///
    /// # Errors
    /// [`DeviceError::Stopped`], on a GPU only.
    pub fn guarded<T>(self, work: impl FnOnce() -> T) -> Result<T, DeviceError> {
        match self {
            Self::Cpu => Ok(work()),
            #[cfg(any(feature = "wgpu", feature = "cuda"))]
            _ => caught(work).map_err(|reason| DeviceError::Stopped { device: self.to_string(), reason }),
        }
    }

    /// The device of the tensor library.
    ///
    /// # Panics
    /// If it cannot be opened; networks are made only where [`Device::open`] gave no error.
    pub(crate) fn burn(self) -> burn::tensor::Device {
        match self {
            Self::Cpu => burn::tensor::Device::flex(),
            #[cfg(any(feature = "wgpu", feature = "cuda"))]
            _ => opened::open(self).unwrap_or_else(|error| panic!("{error}")).0,
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
        let (name, number): (&str, Option<u16>) = match self {
            Self::Cpu => ("cpu", None),
            #[cfg(feature = "wgpu")]
            Self::Wgpu(number) => ("wgpu", *number),
            #[cfg(feature = "cuda")]
            Self::Cuda(number) => ("cuda", *number),
        };
        match number {
            Some(number) => write!(formatter, "{name}:{number}"),
            None => formatter.write_str(name),
        }
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
        if let Some(device) = Self::ALL.iter().copied().find(|device| device.to_string() == text) {
            return Ok(device);
        }
        let (name, number) = text.split_once(':').map_or((text, None), |(name, number)| (name, Some(number)));
        let number: Option<u16> = number.and_then(|number| number.parse().ok());
        match (name, number) {
            #[cfg(feature = "wgpu")]
            ("wgpu", Some(number)) => Ok(Self::Wgpu(Some(number))),
            #[cfg(feature = "cuda")]
            ("cuda", Some(number)) => Ok(Self::Cuda(Some(number))),
            ("wgpu" | "cuda", _) if !Self::ALL.iter().any(|device| device.to_string() == name) => {
                Err(format!(
                    "this program was built without `{name}`: build it with `cargo build --release --features nanoaid/{name}`"
                ))
            }
            _ => {
                let names: Vec<String> = Self::ALL.iter().map(ToString::to_string).collect();
                let numbered = if names.len() > 1 { "; a GPU may have a number, as in `wgpu:1`" } else { "" };
                Err(format!("unknown device `{text}`, expected one of: {}{numbered}", names.join(", ")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_its_text() {
        for device in Device::ALL {
            assert_eq!(device.to_string().parse(), Ok(*device));
        }
        for wrong in ["", "gpu", "cpu:0", "cpu:", "wgpu:", "wgpu:-1", "wgpu:x", "cuda:70000"] {
            assert!(wrong.parse::<Device>().is_err(), "{wrong}");
        }
        #[cfg(feature = "wgpu")]
        assert_eq!("wgpu:3".parse(), Ok(Device::Wgpu(Some(3))));
        #[cfg(not(feature = "wgpu"))]
        for name in ["wgpu", "wgpu:3"] {
            let error = name.parse::<Device>().unwrap_err();
            assert!(error.contains("--features nanoaid/wgpu"), "{error}");
        }
    }

    #[test]
    fn the_processor_is_always_there() {
        let info = Device::Cpu.open().unwrap();
        assert_eq!((info.device.as_str(), info.kind), ("cpu", DeviceKind::Processor));
        assert!(info.cores.is_some_and(|cores| cores > 0));
        assert!(["avx512", "avx2", "portable"].contains(&info.kernels.as_deref().unwrap()));
        assert_eq!(Device::list().devices[0], info);
    }

    #[test]
    fn a_panic_is_caught_with_its_message_and_place() {
        let told = caught(|| panic!("the adapter is gone")).map(|()| 1).unwrap_err();
        assert!(told.starts_with("the adapter is gone (crates") && told.contains("device.rs"), "{told}");
        assert_eq!(caught(|| 3), Ok(3));
    }

    #[cfg(feature = "wgpu")]
    #[test]
    fn a_number_beyond_the_adapters_is_an_error_with_advice() {
        let error = Device::Wgpu(Some(999)).open().unwrap_err().to_string();
        assert!(error.contains("wgpu:999") && error.contains("nanoaid devices"), "{error}");
    }
}
