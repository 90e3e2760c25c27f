//! What a command explains, or raises: a class, a difference of two, or a unit.

use clap::Args;
use nanoaid::Address;
use nanoaid::interpret::explain::Target;

/// A class, a difference of two, or a unit.
#[derive(Args, Clone, Debug)]
pub(crate) struct TargetArguments {
    /// This class [default: the most probable one]
    #[arg(long, value_name = "CLASS", conflicts_with = "unit")]
    class: Option<String>,
    /// Why the class and not this one: the difference of their scores
    #[arg(long, value_name = "CLASS", conflicts_with = "unit")]
    against: Option<String>,
    /// A channel, as `encoder.2:17`, or a neuron, as `encoder.2:17@5,8`, instead of a class
    #[arg(long, value_name = "UNIT")]
    unit: Option<Address>,
}

impl TargetArguments {
    /// As the library names it.
    pub(crate) fn target(&self) -> Target {
        match (&self.unit, &self.class, &self.against) {
            (Some(unit), ..) => Target::Unit(unit.clone()),
            (None, class, Some(rival)) => Target::Difference { class: class.clone(), rival: rival.clone() },
            (None, Some(class), None) => Target::Class(class.clone()),
            (None, None, None) => Target::Answer,
        }
    }
}
