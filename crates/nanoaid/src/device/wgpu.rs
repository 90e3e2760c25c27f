//! Adapters that wgpu offers, and how one is opened.
//!
//! Numbers are those of the graphics interface that `CubeCL` chooses: the first of its list with a GPU, else the
//! first with anything (`cubecl-wgpu`, `runtime::settle`, 0.11.3).

use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use burn::tensor::wgpu::{WgpuInitError, wgpu};

use super::info::{DeviceInfo, DeviceKind, Devices};
use super::{Device, DeviceError};

/// The graphics interfaces in the order in which `CubeCL` tries them.
#[cfg(target_os = "macos")]
const INTERFACES: [wgpu::Backend; 1] = [wgpu::Backend::Metal];
#[cfg(not(target_os = "macos"))]
const INTERFACES: [wgpu::Backend; 3] = [wgpu::Backend::Vulkan, wgpu::Backend::Dx12, wgpu::Backend::Gl];

/// The loader of Vulkan fails where instances come and go on several threads at once.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Waits for `future`, which on computers is ready at once.
fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::yield_now(),
        }
    }
}

/// The adapters, in the order of their numbers.
fn adapters() -> Vec<wgpu::AdapterInfo> {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut software = Vec::new();
    for interface in INTERFACES {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
            backends: interface.into(),
            ..wgpu::InstanceDescriptor::new_without_display_handle()
        });
        let found: Vec<_> =
            wait(instance.enumerate_adapters(interface.into())).iter().map(wgpu::Adapter::get_info).collect();
        if found.iter().any(|adapter| adapter.device_type != wgpu::DeviceType::Cpu) {
            return found;
        }
        if software.is_empty() {
            software = found;
        }
    }
    software
}

fn info(device: Device, adapter: &wgpu::AdapterInfo) -> DeviceInfo {
    let driver = [adapter.driver.trim(), adapter.driver_info.trim()];
    let driver = driver.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    DeviceInfo {
        device: device.to_string(),
        name: adapter.name.clone(),
        kind: match adapter.device_type {
            wgpu::DeviceType::DiscreteGpu => DeviceKind::DiscreteGpu,
            wgpu::DeviceType::IntegratedGpu => DeviceKind::IntegratedGpu,
            wgpu::DeviceType::VirtualGpu => DeviceKind::VirtualGpu,
            wgpu::DeviceType::Cpu => DeviceKind::SoftwareGpu,
            wgpu::DeviceType::Other => DeviceKind::Other,
        },
        api: Some(match adapter.backend {
            wgpu::Backend::Dx12 => "DirectX 12".to_owned(),
            wgpu::Backend::Gl => "OpenGL".to_owned(),
            other => format!("{other:?}"),
        }),
        driver: Some(driver).filter(|driver| !driver.is_empty()),
        kernels: None,
        cores: None,
    }
}

/// Adds the adapters to `found`.
pub(super) fn add_to(found: &mut Devices) {
    let adapters = adapters();
    if adapters.is_empty() {
        found.notes.push(
            "no GPU found: install the driver of your GPU (on Debian without a GPU: mesa-vulkan-drivers)"
                .to_owned(),
        );
    }
    for (adapter, number) in adapters.iter().zip(0..) {
        found.devices.push(info(Device::Wgpu(Some(number)), adapter));
    }
    if adapters.iter().all(|adapter| adapter.device_type == wgpu::DeviceType::Cpu) && !adapters.is_empty() {
        found.notes.push("a software GPU is slower than `--device cpu`; it serves to test".to_owned());
    }
}

/// Opens the adapter of this number, the recommended one without a number.
pub(super) fn open(number: Option<u16>) -> Result<(burn::tensor::Device, DeviceInfo), DeviceError> {
    let device = Device::Wgpu(number);
    let mut options = burn::tensor::Device::wgpu_options();
    if let Some(number) = number {
        options = options.device_kind(kind_of(device, number)?);
    }
    let (opened, setup) = options.init_with_setup().map_err(|error| refused(device, &error))?;
    Ok((opened, info(device, &setup.adapter.get_info())))
}

fn refused(device: Device, error: &WgpuInitError) -> DeviceError {
    let (device, reason) = (device.to_string(), error.to_string());
    match error {
        WgpuInitError::AdapterUnavailable { .. } | WgpuInitError::UnsupportedGraphicsApi { .. } => {
            DeviceError::NoAdapter { device, reason }
        }
        _ => DeviceError::Refused { device, reason },
    }
}

/// How the library names the adapter of this number: by its kind, counted among those of its kind.
fn kind_of(device: Device, number: u16) -> Result<burn::tensor::DeviceKind, DeviceError> {
    use burn::tensor::DeviceKind as Kind;
    let adapters = adapters();
    let Some(adapter) = adapters.get(usize::from(number)) else {
        let found = (0..adapters.len()).map(|number| format!("`wgpu:{number}`")).collect();
        return Err(DeviceError::NoSuch { device: device.to_string(), found });
    };
    let before = &adapters[..usize::from(number)];
    let alike = before.iter().filter(|other| other.device_type == adapter.device_type).count();
    match adapter.device_type {
        wgpu::DeviceType::DiscreteGpu => Ok(Kind::DiscreteGpu(alike)),
        wgpu::DeviceType::IntegratedGpu => Ok(Kind::IntegratedGpu(alike)),
        wgpu::DeviceType::VirtualGpu => Ok(Kind::VirtualGpu(alike)),
        // the library knows one of them only
        wgpu::DeviceType::Cpu if alike == 0 => Ok(Kind::Cpu),
        wgpu::DeviceType::Cpu | wgpu::DeviceType::Other => {
            Err(DeviceError::OnlyDefault { device: device.to_string() })
        }
    }
}
