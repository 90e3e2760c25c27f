//! The NFFA-EUROPE sets of SEM micrographs: where each is published.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The repository, which a mirror can stand in for.
pub const SERVER: &str = "https://b2share.eudat.eu";
/// Licence of the sets.
pub const LICENCE: &str = "CC BY 4.0";
/// What to cite.
pub const CITATION: &str = "Aversa, Modarres, Cozzini, Ciancio, Chiusole, The first annotated set of scanning electron \
     microscopy images for nanoscience, Scientific Data 5:180172 (2018), doi:10.1038/sdata.2018.172";

/// A set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NffaSet {
    /// Micrographs on whose category all annotators agreed: 21,169.
    #[default]
    #[serde(rename = "100-percent")]
    HundredPercent,
    /// Micrographs on whose category most annotators agreed: 25,537.
    Majority,
    /// The same categories with subcategories as folders.
    Hierarchical,
}

impl NffaSet {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::HundredPercent, Self::Majority, Self::Hierarchical];

    /// Its name, as options and files have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::HundredPercent => "100-percent",
            Self::Majority => "majority",
            Self::Hierarchical => "hierarchical",
        }
    }

    /// Identifier of its record; `None` where none is known here.
    pub fn doi(self) -> Option<&'static str> {
        match self {
            Self::HundredPercent => Some("10.23728/b2share.80df8606fcdb4b2bae1656f0dc6db8ba"),
            Self::Majority => Some("10.23728/b2share.e344a8afef08463a855ada08aadbf352"),
            Self::Hierarchical => None,
        }
    }
}

impl fmt::Display for NffaSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for NffaSet {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|set| set.name() == text);
        found.ok_or_else(|| format!("expected {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// MD5 of the archives of the 100 % set in the two packagings that are known; the micrographs in both are the same as
/// far as their sizes say. They stand in where a record gives no checksum.
pub(super) const KNOWN_MD5: [(&str, [&str; 2]); 10] = [
    ("Biological.tar", ["c3a20755e2d937d70dd7d5be18f6006e", "296cd6be5ac97b2203e807e9552d9aeb"]),
    ("Fibres.tar", ["86fb065581eb3680f08ab2de9cea86eb", "c942e19b8ab221d3c700f44a0c67b306"]),
    ("Films_Coated_Surface.tar", ["feb2b098a150c2ba6b6b35f2f18a6e7c", "3c2e6cb914e1864855d9c3805ef47913"]),
    (
        "MEMS_devices_and_electrodes.tar",
        ["8bc4f788ec54de267a2b8cd0ac92066a", "98a988b167ff25528b80ab8bf7585c04"],
    ),
    ("Nanowires.tar", ["005ffe16579c6352d3d521f58de56e8d", "bc51bd48acbb693e5f34e0c9f882cf3e"]),
    ("Particles.tar", ["6b73d88e65d3c00493076238c4230579", "61266e91981d0a0b4f7c6f15061cffc9"]),
    ("Patterned_surface.tar", ["19c0417faa8f977fdbf13d9c91ac3be8", "44d3964bef4ee7e84ba2f99c84036e9c"]),
    ("Porous_Sponge.tar", ["851e6daf0e7ce45b68dbe9eb1338807e", "fc71dc2603d6255b28aa6954a0190665"]),
    ("Powder.tar", ["82da8aeb4d7a79c53bc3fefe9770e757", "8209599720c2b5e0cfde6a985d49d0a3"]),
    ("Tips.tar", ["0a85315213af1c32a14555d46e8f093a", "e5a5bc0fbc7f3339b4ab5f4229991290"]),
];
