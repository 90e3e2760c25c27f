//! Settings of a fetch.

use micrograph::ConfigError;

use super::error::FetchError;
use super::set::NffaSet;
use crate::download::DownloadConfig;

/// What is fetched, and how.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchConfig {
    /// Which set.
    pub set: NffaSet,
    /// Another record of the same form, as its DOI, its address or its identifier.
    pub record: Option<String>,
    /// Micrographs of each category, at least 1, drawn at random; `None` for all.
    pub sample: Option<usize>,
    /// Categories to fetch; empty for all.
    pub categories: Vec<String>,
    /// Seed of the sample.
    pub seed: u64,
    /// How it is downloaded; a mirror stands in for [`super::SERVER`].
    pub download: DownloadConfig,
}

impl FetchConfig {
    /// The settings if all are in range.
    ///
    /// # Errors
    /// With the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        if self.sample == Some(0) {
            return Err(ConfigError::new("fetch.sample", 0, "1 or more micrographs of each category"));
        }
        if self.download.most_attempts == 0 {
            return Err(ConfigError::new("fetch.most_attempts", 0, "1 or more"));
        }
        Ok(self)
    }

    /// Digital object identifier of the record, as far as it is known.
    pub(super) fn doi(&self) -> Option<String> {
        match &self.record {
            None => self.set.doi().map(str::to_owned),
            Some(text) => text.find("10.").map(|start| text[start..].to_owned()),
        }
    }

    /// The record's identifier in the interface: what follows `b2share.` in a DOI, the last part of an address.
    pub(super) fn record_id(&self) -> Result<String, FetchError> {
        let text = match (&self.record, self.set.doi()) {
            (Some(record), _) => record.trim(),
            (None, Some(doi)) => doi,
            (None, None) => return Err(FetchError::NoRecord { set: self.set }),
        };
        let last = text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let id = last.strip_prefix("b2share.").unwrap_or(last);
        let is_id = id.len() >= 5 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if is_id { Ok(id.to_owned()) } else { Err(FetchError::BadRecord { found: text.to_owned() }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_named_by_its_doi_its_address_or_its_identifier() {
        let id = |record: &str| {
            FetchConfig { record: Some(record.to_owned()), ..FetchConfig::default() }.record_id()
        };
        let hex = "80df8606fcdb4b2bae1656f0dc6db8ba";
        for record in [
            "10.23728/b2share.80df8606fcdb4b2bae1656f0dc6db8ba",
            "https://doi.org/10.23728/b2share.80df8606fcdb4b2bae1656f0dc6db8ba",
            "https://b2share.eudat.eu/records/80df8606fcdb4b2bae1656f0dc6db8ba/",
            hex,
        ] {
            assert_eq!(id(record).unwrap(), hex, "{record}");
        }
        assert_eq!(id("862nr-cn036").unwrap(), "862nr-cn036");
        for bad in ["", "/", "10.5281/zenodo.4563942", "a?b=c1", "../../etc/passwd?"] {
            assert!(matches!(id(bad), Err(FetchError::BadRecord { .. })), "{bad}");
        }
        assert_eq!(FetchConfig::default().record_id().unwrap(), hex);
        let hierarchical = FetchConfig { set: NffaSet::Hierarchical, ..FetchConfig::default() };
        assert!(matches!(hierarchical.record_id(), Err(FetchError::NoRecord { .. })));
    }
}
