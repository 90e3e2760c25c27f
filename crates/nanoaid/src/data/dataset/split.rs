//! Split: train, validation, test, by micrograph or by group, never by patch.
//!
//! Each category gives its shares. Who goes where is decided by a hash of the seed and the
//! micrograph's name (or its group's), so neither the order of the files nor what they hold
//! matters. Nothing is read here.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The split that a micrograph belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// To learn from.
    Train,
    /// To watch the learning by, and to choose settings by.
    Validation,
    /// To be used once, at the end.
    Test,
}

impl fmt::Display for Split {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}

/// From `train`, `validation` (also `val`) or `test`.
impl FromStr for Split {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "train" => Ok(Self::Train),
            "validation" | "val" => Ok(Self::Validation),
            "test" => Ok(Self::Test),
            _ => Err(format!("unknown split `{text}`, expected train, validation (or val), or test")),
        }
    }
}

/// A micrograph to be placed.
pub(super) struct Member<'a> {
    pub(super) file: &'a str,
    pub(super) category: Option<&'a str>,
    pub(super) group: Option<&'a str>,
}

/// Shares of a category, each in `[0, 1)`, and the seed they are drawn with.
pub(super) struct Shares {
    pub(super) validation: f64,
    pub(super) test: f64,
    pub(super) seed: u64,
}

/// Categories of fewer micrographs stay in train as they are.
const LEAST_TO_SPLIT: usize = 3;

/// The split of each of `members`, in their order.
///
/// In the order of their hashes, a category's groups go to validation as long as that brings it
/// nearer to its share, then to test, then to train; a share above 0 is at least one micrograph,
/// and train keeps at least one group. A group with several categories counts for that of its
/// first file.
pub(super) fn drawn(members: &[Member<'_>], shares: &Shares) -> Vec<Split> {
    let mut groups: BTreeMap<(bool, &str), Vec<usize>> = BTreeMap::new();
    for (member_idx, member) in members.iter().enumerate() {
        let key = (member.group.is_some(), member.group.unwrap_or(member.file));
        groups.entry(key).or_default().push(member_idx);
    }
    type Group<'a> = ([u8; 32], &'a str, Vec<usize>);
    let mut categories: BTreeMap<Option<&str>, Vec<Group<'_>>> = BTreeMap::new();
    for ((_, name), group) in groups {
        let first = group.iter().map(|&idx| &members[idx]).min_by_key(|member| member.file);
        let category = first.and_then(|member| member.category);
        categories.entry(category).or_default().push((hash(shares.seed, name), name, group));
    }

    let mut splits = vec![Split::Train; members.len()];
    for mut groups in categories.into_values() {
        groups.sort_unstable();
        let mut left: usize = groups.iter().map(|(_, _, group)| group.len()).sum();
        if left < LEAST_TO_SPLIT {
            continue;
        }
        let wanted = |share: f64| if share > 0.0 { (share * left as f64).max(1.0) } else { 0.0 };
        let mut open = [(Split::Validation, wanted(shares.validation)), (Split::Test, wanted(shares.test))];
        for (_, _, group) in groups {
            let size = group.len();
            // adding `size` to what is short by `missing` brings it nearer if size < 2 · missing
            let taker = open.iter_mut().find(|(_, missing)| (size as f64) < 2.0 * *missing && size < left);
            if let Some((split, missing)) = taker {
                *missing -= size as f64;
                left -= size;
                for member_idx in group {
                    splits[member_idx] = *split;
                }
            }
        }
    }
    splits
}

fn hash(seed: u64, name: &str) -> [u8; 32] {
    Sha256::new().chain_update(seed.to_le_bytes()).chain_update(name).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EIGHTHS: Shares = Shares { validation: 0.12, test: 0.12, seed: 3 };

    fn members<'a>(names: &'a [String], group: impl Fn(usize) -> Option<&'a str>) -> Vec<Member<'a>> {
        let member = |(i, file)| Member { file, category: Some(["tips", "fibres"][i % 2]), group: group(i) };
        names.iter().map(String::as_str).enumerate().map(member).collect()
    }

    fn count(splits: &[Split], split: Split) -> usize {
        splits.iter().filter(|&&found| found == split).count()
    }

    #[test]
    fn each_category_gives_its_shares() {
        // (micrographs in the category, validation share, test share, validation, test)
        let cases = [
            (1, 0.12, 0.12, 0, 0),
            (2, 0.4, 0.4, 0, 0),
            (3, 0.12, 0.12, 1, 1),
            (3, 0.45, 0.45, 1, 1),
            (4, 0.45, 0.45, 2, 1),  // train keeps one
            (10, 0.12, 0.12, 1, 1), // 1.2 is nearer to 1 than to 2
            (10, 0.2, 0.0, 2, 0),
            (10, 0.0, 0.3, 0, 3),
            (100, 0.12, 0.12, 12, 12),
        ];
        for (n, validation, test, n_validation, n_test) in cases {
            let names: Vec<String> = (0..n).map(|i| format!("{i}.png")).collect();
            let members: Vec<Member<'_>> =
                names.iter().map(|file| Member { file, category: None, group: None }).collect();
            let splits = drawn(&members, &Shares { validation, test, seed: 5 });
            let found = (count(&splits, Split::Validation), count(&splits, Split::Test));
            assert_eq!(found, (n_validation, n_test), "{n} {validation} {test}");
        }
    }

    #[test]
    fn order_does_not_matter_and_the_seed_does() {
        let names: Vec<String> = (0..60).map(|i| format!("{i}.png")).collect();
        let mut shuffled = members(&names, |_| None);
        let splits = drawn(&shuffled, &EIGHTHS);
        shuffled.reverse();
        let mut reversed = drawn(&shuffled, &EIGHTHS);
        reversed.reverse();
        assert_eq!(splits, reversed);
        assert_ne!(splits, drawn(&members(&names, |_| None), &Shares { seed: 4, ..EIGHTHS }));
    }

    #[test]
    fn no_group_crosses_and_each_category_still_gives_to_each_split() {
        let names: Vec<String> = (0..80).map(|i| format!("{i:02}.png")).collect();
        let groups: Vec<String> = (0..20).map(|i| format!("specimen {i}")).collect();
        let members = members(&names, |i| Some(&groups[i / 8 * 2 + i % 2]));
        let splits = drawn(&members, &EIGHTHS);
        let mut places = BTreeMap::new();
        for (member, split) in members.iter().zip(&splits) {
            assert_eq!(places.entry(member.group).or_insert(split), &split, "{:?}", member.group);
        }
        for category in ["tips", "fibres"] {
            for split in [Split::Train, Split::Validation, Split::Test] {
                let has =
                    members.iter().zip(&splits).any(|(m, &s)| m.category == Some(category) && s == split);
                assert!(has, "{category} {split}");
            }
        }
    }

    #[test]
    fn a_category_of_one_group_stays_in_train() {
        let names: Vec<String> = (0..12).map(|i| format!("{i}.png")).collect();
        let members: Vec<Member<'_>> =
            names.iter().map(|file| Member { file, category: Some("tips"), group: Some("one") }).collect();
        let splits = drawn(&members, &Shares { validation: 0.45, test: 0.45, seed: 0 });
        assert_eq!(count(&splits, Split::Train), 12);
    }
}
