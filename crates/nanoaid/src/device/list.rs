//! List: what this program can run on, with what is missing.

use super::info::{DeviceInfo, Devices};

impl Devices {
    pub(super) fn found() -> Self {
        let mut found = Self { devices: vec![DeviceInfo::of_processor()], notes: Vec::new() };
        #[cfg(feature = "wgpu")]
        super::wgpu::add_to(&mut found);
        #[cfg(feature = "cuda")]
        super::opened::add_cuda_to(&mut found);
        #[cfg(not(any(feature = "wgpu", feature = "cuda")))]
        found.notes.push(
            "this program was built without GPUs: for Vulkan, Metal or DirectX 12 build it with `cargo build --release --features nanoaid/wgpu`"
                .to_owned(),
        );
        found
    }
}
