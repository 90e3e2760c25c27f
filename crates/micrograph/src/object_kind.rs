//! Kinds of objects that are found in micrographs, drawn by people, or painted into scenes.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What an object is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ObjectKind {
    /// A particle or a grain.
    #[default]
    #[serde(rename = "particles")]
    Particle,
    /// A fibre or a wire.
    #[serde(rename = "fibres")]
    Fiber,
    /// A hole.
    #[serde(rename = "pores")]
    Pore,
}

impl ObjectKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Particle, Self::Fiber, Self::Pore];

    /// Several of them: `particles`, `fibres` or `pores`, as in files and options.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Particle => "particles",
            Self::Fiber => "fibres",
            Self::Pore => "pores",
        }
    }

    /// One of them: `particle`, `fibre` or `pore`.
    pub fn singular(self) -> &'static str {
        self.plural().strip_suffix('s').unwrap_or_default()
    }
}

impl FromStr for ObjectKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|kind| kind.plural() == text);
        known.ok_or_else(|| format!("found `{text}`, expected particles, fibres or pores"))
    }
}
