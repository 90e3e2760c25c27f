//! The real micrograph that comes with the program.

use nanoaid::reproduce::BuiltInMicrograph;

/// An array of nanowires, without a scale bar.
pub(super) const NANOWIRES: BuiltInMicrograph<'static> = BuiltInMicrograph {
    file: "nanowires.jpg",
    bytes: include_bytes!("../../assets/demo/nanowires.jpg"),
    about: "an array of nanowires (DeepSEM, github.com/Martin09/DeepSEM, MIT licence)",
};
