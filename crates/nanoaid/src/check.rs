//! Check: whether a device computes what networks need, and how far it is off.
//!
//! Every operation and gradient of our networks on small odd shapes against its definition in double precision;
//! built-in networks, a short training and an ascent against the processor; faults that are open in the tensor
//! library, each with a row. The processor itself is compared with the library's own convolutions in place of
//! ours. Nothing here reads a file or the clock: the same device gives the same report.

mod case;
mod convolutions;
mod definition;
mod faults;
mod maps;
mod networks;
mod row;

use std::ops::ControlFlow;

use serde::Serialize;

use crate::Device;
use crate::device::{DeviceError, DeviceInfo};

pub use row::{CheckOutcome, CheckPart, CheckRow};

use case::Case;

/// Largest deviation of an operation on a GPU: sums of some hundred products in single precision, in another
/// order, and exponentials of drivers, which may be some units in the last place off (Vulkan 1.3, Precision
/// and Operation of SPIR-V Instructions).
const OPERATIONS_ON_GPU: f64 = 1e-4;
/// The same on the processor, whose exponentials are those of the standard library.
const OPERATIONS_ON_CPU: f64 = 1e-5;

/// Where a check stands.
#[derive(Clone, Copy, Debug)]
pub struct CheckProgress<'a> {
    /// Rows that are done.
    pub n_done: usize,
    /// Rows that there will be.
    pub n: usize,
    /// The row that is done next.
    pub name: &'a str,
}

/// Why a check did not end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The device cannot be opened; the error names it.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The callback broke.
    #[error("cancelled")]
    Cancelled,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckReport {
    /// Version of the program.
    pub program_version: String,
    /// The device that was checked: adapter and driver.
    pub device: DeviceInfo,
    /// What networks, training and ascent are compared with.
    pub compared_with: String,
    /// One row for each thing that was checked.
    pub rows: Vec<CheckRow>,
    /// Rows that are out of bounds, not finite, or failed.
    pub n_problems: usize,
}

/// One row that is to be made.
struct Planned<'a> {
    group: &'static str,
    name: String,
    bound: f64,
    work: Box<dyn FnOnce() -> Result<Vec<CheckPart>, String> + 'a>,
}

/// Checks `device`.
///
/// # Errors
/// If it cannot be opened, or `progress` breaks. What a device computes wrongly is no error: see
/// [`CheckReport::n_problems`].
pub fn check(
    device: Device,
    progress: &mut dyn FnMut(CheckProgress<'_>) -> ControlFlow<()>,
) -> Result<CheckReport, CheckError> {
    let info = device.open()?;
    let mut planned: Vec<Planned<'_>> = Vec::new();
    let bound = if device == Device::Cpu { OPERATIONS_ON_CPU } else { OPERATIONS_ON_GPU };
    let of_case = |case: Case| Planned {
        group: case.group,
        name: case.name.clone(),
        bound,
        work: Box::new(move || Ok(case.parts(device))),
    };
    planned.extend(convolutions::cases().into_iter().chain(maps::cases()).map(of_case));
    planned.extend(networks::planned(device));
    planned.extend(faults::planned(device, bound));

    let n = planned.len();
    let mut rows = Vec::with_capacity(n);
    for Planned { group, name, bound, work } in planned {
        if progress(CheckProgress { n_done: rows.len(), n, name: &name }).is_break() {
            return Err(CheckError::Cancelled);
        }
        // a device that panics in one row may be right in the next
        let parts = crate::device::caught(work);
        rows.push(CheckRow::new(group, name, bound, parts));
    }
    let n_problems = rows.iter().filter(|row| row.outcome.is_problem()).count();
    Ok(CheckReport {
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        device: info,
        compared_with: match device {
            Device::Cpu => "convolutions of the library Burn on the processor".to_owned(),
            #[cfg(any(feature = "wgpu", feature = "cuda"))]
            _ => DeviceInfo::details(&Device::Cpu.open()?),
        },
        rows,
        n_problems,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_computes_what_networks_need() {
        let mut n_seen = 0;
        let report = check(Device::Cpu, &mut |at| {
            n_seen += 1;
            assert!(at.n_done < at.n);
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(n_seen, report.rows.len());
        let problems: Vec<_> = report.rows.iter().filter(|row| row.outcome.is_problem()).collect();
        assert!(problems.is_empty(), "{problems:#?}");
        // nothing is compared with itself: rounding differs somewhere in each group
        for group in
            ["convolution", "pooling and resizing", "activation", "network", "training", "visualization"]
        {
            let rows = report.rows.iter().filter(|row| row.group == group);
            let largest = rows.filter_map(|row| row.deviation).fold(0.0, f64::max);
            let exact = ["pooling and resizing"].contains(&group);
            assert!(exact || largest > 0.0, "{group} has no deviation at all");
        }
    }

    #[test]
    fn a_check_ends_where_the_callback_breaks() {
        let ended = check(Device::Cpu, &mut |_| ControlFlow::Break(()));
        assert_eq!(ended.unwrap_err(), CheckError::Cancelled);
    }
}
