//! Settings of a data set: which micrographs, and how they are split.

use std::str::FromStr;

use micrograph::data_bar::DataBarChoice;
use serde::{Deserialize, Serialize};

use super::synthetic;
use crate::ConfigError;
use crate::data::prepare::PrepareConfig;

/// Which micrographs of a folder are used, and how they are split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatasetConfig {
    /// Rows of the index to keep: those that all of these admit.
    pub only: Vec<Only>,
    /// Share of the micrographs for validation, where the index does not say; in `[0, 1)`.
    pub validation_share: f64,
    /// Share of the micrographs for testing, where the index does not say; in `[0, 1)`, together
    /// with `validation_share` below 1.
    pub test_share: f64,
    /// Seed of the split and of the synthetic micrographs.
    pub seed: u64,
    /// Number of synthetic micrographs added to the training split, at most 100 000. Particles,
    /// lines, dots and fibres take turns, each with settings of its own
    /// ([`varied`](micrograph::synth::varied)).
    pub synthetic: usize,
    /// Number of synthetic micrographs of each of the ten categories added to the training split, at
    /// most 10 000, with their category ([`varied_of`](micrograph::synth::varied_of)).
    pub synthetic_per_category: usize,
    /// Whether near-duplicates are kept in one split where it is drawn; every file is then read.
    pub group_near_duplicates: bool,
    /// What to do about the data bars of files.
    pub data_bar: DataBarChoice,
}

impl Default for DatasetConfig {
    fn default() -> Self {
        Self {
            only: Vec::new(),
            validation_share: 0.12, // about one micrograph in eight, and as many for testing
            test_share: 0.12,
            seed: 0,
            synthetic: 0, // whether they help has not been measured
            synthetic_per_category: 0,
            group_near_duplicates: false, // so that opening is quick where it does not matter
            data_bar: DataBarChoice::default(),
        }
    }
}

impl DatasetConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        for (name, share) in
            [("dataset.validation_share", self.validation_share), ("dataset.test_share", self.test_share)]
        {
            if !(0.0..1.0).contains(&share) {
                return Err(ConfigError::new(name, share, "0 or above, below 1"));
            }
        }
        let together = self.validation_share + self.test_share;
        if together >= 1.0 {
            return Err(ConfigError::new(
                "dataset.test_share",
                self.test_share,
                "with validation_share below 1, so that micrographs are left to train with",
            ));
        }
        if self.synthetic_per_category > synthetic::MOST_PER_CATEGORY {
            let (name, found) = ("dataset.synthetic_per_category", self.synthetic_per_category);
            return Err(ConfigError::new(name, found, &format!("at most {}", synthetic::MOST_PER_CATEGORY)));
        }
        if self.synthetic > synthetic::MOST {
            let expected = format!("at most {}", synthetic::MOST);
            return Err(ConfigError::new("dataset.synthetic", self.synthetic, &expected));
        }
        Ok(self)
    }

    /// How the files are prepared.
    pub(super) fn prepare(&self) -> PrepareConfig {
        PrepareConfig { data_bar: self.data_bar, ..PrepareConfig::default() }
    }
}

/// A choice of rows of the index: those whose `column` begins with one of `prefixes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Only {
    /// Column of the index.
    pub column: String,
    /// Beginnings of its cells, upper and lower case distinguished.
    pub prefixes: Vec<String>,
}

impl Only {
    /// Whether a row with `cell` in the column is kept.
    pub fn admits(&self, cell: &str) -> bool {
        self.prefixes.iter().any(|prefix| cell.starts_with(prefix.as_str()))
    }
}

/// From `column=prefix|prefix|…`, e.g. `licence=MIT|CC-BY-4.0`.
impl FromStr for Only {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let refused = || ConfigError::new("dataset.only", text, "column=beginning|beginning|…");
        let (column, prefixes) = text.split_once('=').ok_or_else(refused)?;
        let prefixes: Vec<String> = prefixes.split('|').map(|prefix| prefix.trim().to_owned()).collect();
        let column = column.trim().to_owned();
        if column.is_empty() || prefixes.iter().any(String::is_empty) {
            return Err(refused());
        }
        Ok(Self { column, prefixes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_of_rows_is_a_column_and_beginnings() {
        let only: Only = "licence=MIT|CC-BY-4.0".parse().unwrap();
        assert_eq!(only.column, "licence");
        let cases = [
            ("MIT", true),
            ("MIT (stated in README)", true),
            ("CC-BY-4.0 (NFFA-EUROPE 100% SEM)", true),
            ("CC-BY-NC-ND-4.0", false),
            ("repository MIT", false),
            ("", false),
        ];
        for (cell, kept) in cases {
            assert_eq!(only.admits(cell), kept, "{cell}");
        }
        for text in ["licence", "=MIT", "licence=", "licence=MIT|", ""] {
            assert!(text.parse::<Only>().is_err(), "{text}");
        }
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        let with = |validation_share, test_share, synthetic| DatasetConfig {
            validation_share,
            test_share,
            synthetic,
            ..DatasetConfig::default()
        };
        let cases = [
            (with(-0.1, 0.1, 0), "validation_share"),
            (with(0.1, f64::NAN, 0), "test_share"),
            (with(0.5, 0.5, 0), "test_share"),
            (with(0.1, 0.1, 100_001), "synthetic"),
        ];
        for (config, name) in cases {
            let message = config.checked().expect_err(name).to_string();
            assert!(message.contains(name), "{name}: {message}");
        }
        assert!(DatasetConfig::default().checked().is_ok());
    }

    #[test]
    fn settings_come_back_from_text_and_unknown_ones_are_errors() {
        let config =
            DatasetConfig { only: vec!["a=b|c".parse().unwrap()], seed: 7, ..DatasetConfig::default() };
        let text = toml::to_string(&config).unwrap();
        assert_eq!(toml::from_str::<DatasetConfig>(&text).unwrap(), config);
        assert!(toml::from_str::<DatasetConfig>("shuffle = true").is_err());
    }
}
