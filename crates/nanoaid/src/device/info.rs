//! What a device is, in words: its name, kind, driver.

use std::fmt;

use serde::Serialize;

use super::Device;

/// The kind of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// The processor, with the program's own kernels.
    Processor,
    /// A graphics card with memory of its own.
    DiscreteGpu,
    /// Graphics that share the processor's memory.
    IntegratedGpu,
    /// A GPU that a virtual machine passes on.
    VirtualGpu,
    /// A GPU that a driver imitates on the processor, such as lavapipe; slower than the processor itself.
    SoftwareGpu,
    /// Something else, of which the driver says no more.
    Other,
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Processor => "processor",
            Self::DiscreteGpu => "discrete GPU",
            Self::IntegratedGpu => "integrated GPU",
            Self::VirtualGpu => "virtual GPU",
            Self::SoftwareGpu => "software GPU",
            Self::Other => "other",
        })
    }
}

/// What a device is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceInfo {
    /// What `--device` takes.
    pub device: String,
    /// What it calls itself.
    pub name: String,
    /// Its kind.
    pub kind: DeviceKind,
    /// The interface through which it is used, of a GPU: Vulkan, Metal, DirectX 12, CUDA.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// Its driver with version, of a GPU where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// Kernels of convolutions, of the processor: `avx512`, `avx2` or `portable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernels: Option<String>,
    /// Threads that the processor's work is divided among.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cores: Option<usize>,
}

impl DeviceInfo {
    /// The processor.
    pub(super) fn of_processor() -> Self {
        // where the setting is wrong, `check_kernels` says so
        let kernels = conv_kernels::Isa::from_env().map_or("unknown", |isa| isa.name());
        Self {
            device: Device::Cpu.to_string(),
            name: format!("{} processor", std::env::consts::ARCH),
            kind: DeviceKind::Processor,
            api: None,
            driver: None,
            kernels: Some(kernels.to_owned()),
            cores: Some(rayon::current_num_threads()),
        }
    }

    /// What stands beside its name.
    pub fn details(&self) -> String {
        let cores = self.cores.map(|cores| match cores {
            1 => "1 core".to_owned(),
            cores => format!("{cores} cores"),
        });
        let kernels = self.kernels.as_ref().map(|kernels| format!("kernels: {kernels}"));
        let driver = self.driver.as_ref().map(|driver| format!("driver {driver}"));
        let parts = [Some(self.kind.to_string()), self.api.clone(), driver, cores, kernels];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// What a program can run on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Devices {
    /// The devices; the processor is the first.
    pub devices: Vec<DeviceInfo>,
    /// What is missing, and what to do about it, in sentences.
    pub notes: Vec<String>,
}
