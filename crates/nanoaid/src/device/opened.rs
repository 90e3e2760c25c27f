//! GPUs that are open. A runtime of the library is begun once in a process and never ended, so what was opened
//! is kept.

use std::sync::{Mutex, PoisonError};

#[cfg(feature = "cuda")]
use super::info::{DeviceInfo, DeviceKind, Devices};
use super::{Device, DeviceError, DeviceInfo as Info};

/// What was opened, and what the library calls it.
static OPENED: Mutex<Vec<(Device, burn::tensor::Device, Info)>> = Mutex::new(Vec::new());

/// Opens `device`, a GPU, if it is not open.
pub(super) fn open(device: Device) -> Result<(burn::tensor::Device, Info), DeviceError> {
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, burn, info)) = opened.iter().find(|(known, ..)| *known == device) {
        return Ok((burn.clone(), info.clone()));
    }
    // drivers that are broken end in panics, too
    let new = super::caught(|| match device {
        Device::Cpu => Ok((burn::tensor::Device::flex(), Info::of_processor())),
        #[cfg(feature = "wgpu")]
        Device::Wgpu(number) => super::wgpu::open(number),
        #[cfg(feature = "cuda")]
        Device::Cuda(number) => open_cuda(number),
    });
    let (burn, info) =
        new.map_err(|reason| DeviceError::Refused { device: device.to_string(), reason })??;
    opened.push((device, burn.clone(), info.clone()));
    Ok((burn, info))
}

#[cfg(feature = "cuda")]
fn cuda_info(number: Option<u16>, name: String) -> DeviceInfo {
    DeviceInfo {
        device: Device::Cuda(number).to_string(),
        name,
        kind: DeviceKind::DiscreteGpu,
        api: Some("CUDA".to_owned()),
        driver: None,
        kernels: None,
        cores: None,
    }
}

/// Number of CUDA devices; 0 where the driver is missing, for which the library panics.
#[cfg(feature = "cuda")]
fn n_cuda() -> usize {
    let found =
        super::caught(|| burn::tensor::Device::enumerate(burn::tensor::DeviceType::Cuda).into_vec().len());
    found.unwrap_or(0)
}

#[cfg(feature = "cuda")]
fn open_cuda(number: Option<u16>) -> Result<(burn::tensor::Device, DeviceInfo), DeviceError> {
    let (device, n) = (Device::Cuda(number), n_cuda());
    if n == 0 {
        let reason = "the CUDA driver offers no device".to_owned();
        return Err(DeviceError::NoAdapter { device: device.to_string(), reason });
    }
    let index = usize::from(number.unwrap_or(0));
    if index >= n {
        let found = (0..n).map(|number| format!("`cuda:{number}`")).collect();
        return Err(DeviceError::NoSuch { device: device.to_string(), found });
    }
    let burn = burn::tensor::Device::cuda(index);
    let name = burn.identity().map_or_else(|| "CUDA device".to_owned(), |identity| identity.name);
    Ok((burn, cuda_info(number, name)))
}

/// Adds the CUDA devices to `found`.
#[cfg(feature = "cuda")]
pub(super) fn add_cuda_to(found: &mut Devices) {
    let n = n_cuda();
    if n == 0 {
        found.notes.push("no CUDA device found: install NVIDIA's driver".to_owned());
    }
    for number in (0..n).filter_map(|number| u16::try_from(number).ok()) {
        match Device::Cuda(Some(number)).open() {
            Ok(info) => found.devices.push(info),
            Err(error) => found.notes.push(error.to_string()),
        }
    }
}
