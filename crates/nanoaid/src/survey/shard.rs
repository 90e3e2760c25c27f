//! Shard: which share of the micrographs a machine reads, decided by their content alone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ConfigError;

/// Most shards of a data set.
const MOST: u32 = 100_000;

/// One of `of` shards, counted from 1; as text `3/16`.
///
/// ```
/// use nanoaid::survey::Shard;
///
/// let shard: Shard = "3/16".parse()?;
/// assert_eq!(shard.to_string(), "3/16");
/// assert!("0/16".parse::<Shard>().is_err() && "17/16".parse::<Shard>().is_err());
/// # Ok::<(), nanoaid::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Shard {
    index: u32,
    of: u32,
}

impl Shard {
    /// All micrographs.
    pub const WHOLE: Self = Self { index: 1, of: 1 };

    /// Shard `index` of `of`, counted from 1.
    ///
    /// # Errors
    /// If there is no such shard, or are more than 100 000.
    pub fn new(index: u32, of: u32) -> Result<Self, ConfigError> {
        if (1..=of.min(MOST)).contains(&index) && of <= MOST {
            return Ok(Self { index, of });
        }
        Err(refused(&format!("{index}/{of}")))
    }

    /// Number of this shard, from 1.
    pub fn index(self) -> u32 {
        self.index
    }

    /// Number of shards.
    pub fn of(self) -> u32 {
        self.of
    }

    /// Whether a micrograph with this SHA-256 belongs here: its first 64 bits modulo the number of shards. Other
    /// micrographs do not matter, so that adding some moves none.
    ///
    /// # Panics
    /// If `sha256` is not hexadecimal.
    pub fn holds(self, sha256: &str) -> bool {
        let bits = u64::from_str_radix(&sha256[..16], 16).expect("a SHA-256 is hexadecimal");
        bits % u64::from(self.of) == u64::from(self.index - 1)
    }

    /// Name of its folder; in the order of the shards.
    pub(super) fn folder_name(self) -> String {
        let digits = self.of.to_string().len();
        format!("shard-{:0digits$}-of-{}", self.index, self.of)
    }
}

impl Default for Shard {
    fn default() -> Self {
        Self::WHOLE
    }
}

/// By the number of shards, then by index.
impl Ord for Shard {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.of, self.index).cmp(&(other.of, other.index))
    }
}

impl PartialOrd for Shard {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

fn refused(found: &str) -> ConfigError {
    let expected =
        format!("i/n: the number of a shard, from 1, and how many there are, at most {MOST}; e.g. 3/16");
    ConfigError::new("shard", found, &expected)
}

impl FromStr for Shard {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let (index, of) = text.split_once('/').ok_or_else(|| refused(text))?;
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| refused(text));
        Self::new(number(index).map_err(|_| refused(text))?, number(of).map_err(|_| refused(text))?)
            .map_err(|_| refused(text))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.index, self.of)
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

impl TryFrom<String> for Shard {
    type Error = ConfigError;

    fn try_from(text: String) -> Result<Self, ConfigError> {
        text.parse()
    }
}
