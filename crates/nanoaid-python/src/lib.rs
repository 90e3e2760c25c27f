//! `nanoaid._nanoaid`: what the Python package calls. A door: it takes arguments, calls the libraries, and hands back
//! arrays and the JSON that the command line prints.
//!
//! Computes nothing, and knows no pandas, xarray or scikit-learn; what Python users see is in `python/nanoaid`. Every
//! call that takes long runs on a thread of its own without holding Python's lock ([`work`]).

mod array;
mod atlas;
mod change;
mod classify;
mod concepts;
mod data;
mod exemplars;
mod explain;
mod fault;
mod image;
mod lens;
mod measure;
mod network;
mod segment;
mod survey;
mod visualize;
mod work;
mod written;

/// The native module.
#[pyo3::pymodule]
mod _nanoaid {
    use std::ffi::OsString;

    use pyo3::{Python, pyfunction};

    #[pymodule_export]
    use crate::atlas::{Site, atlas};
    #[pymodule_export]
    use crate::change::{ablate, accentuate, circuit};
    #[pymodule_export]
    use crate::classify::{Classification, classify};
    #[pymodule_export]
    use crate::concepts::{Concepts, concepts};
    #[pymodule_export]
    use crate::exemplars::{Exemplars, exemplars};
    #[pymodule_export]
    use crate::explain::explain;
    #[pymodule_export]
    use crate::image::{Image, pixels_of_png};
    #[pymodule_export]
    use crate::lens::{Lens, lens, save_lens};
    #[pymodule_export]
    use crate::measure::{Measurement, measure};
    #[pymodule_export]
    use crate::network::Network;
    #[pymodule_export]
    use crate::segment::{Segmentation, segment};
    #[pymodule_export]
    use crate::survey::{survey, survey_list, survey_merge, survey_shard};
    #[pymodule_export]
    use crate::visualize::{save_files, visualize};
    #[pymodule_export]
    use crate::written::Written;

    /// Version of the libraries.
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "the name that Python packages give their version")]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    /// Runs the command line with these arguments, the name of the program first; returns its exit code.
    #[pyfunction]
    fn main(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
        py.detach(|| nanoaid_cli::main_from(arguments))
    }
}
