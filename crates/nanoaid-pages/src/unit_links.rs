//! Links from a page elsewhere to units that a site shows.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use nanoaid::Address;

use crate::site::{OpenSiteError, OpenedSite};

/// Where units are shown, by their names.
#[derive(Clone, Debug, Default)]
pub struct UnitLinks(BTreeMap<String, UnitLink>);

/// Where a unit is shown, relative to the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnitLink {
    /// Its page, with pictures and real patches.
    pub page: String,
    /// What it responds to, where the site has a picture of that.
    pub picture: Option<String>,
}

impl UnitLinks {
    /// Those of `units`, channels of the network with the hash `sha256`, for a page in the folder `from`. A unit that `site` does not show has none.
    ///
    /// # Errors
    /// If the site was changed or is damaged.
    pub fn of<'a>(
        site: &OpenedSite,
        sha256: &str,
        units: impl Iterator<Item = &'a Address>,
        from: &Path,
    ) -> Result<Self, OpenSiteError> {
        let mut links = BTreeMap::new();
        for unit in units {
            let Address::Layer { layer, channel: Some(channel), .. } = unit else { continue };
            let Some(found) = site.unit(sha256, layer, *channel)? else { continue };
            let to = |address: &str| relative(from, &site.root().join(address));
            if let Some(page) = to(&found.page) {
                let picture = found.picture.as_deref().and_then(to);
                links.insert(unit.to_string(), UnitLink { page, picture });
            }
        }
        Ok(Self(links))
    }

    pub(crate) fn get(&self, unit: &Address) -> Option<&UnitLink> {
        self.0.get(&unit.to_string())
    }
}

/// The address of the file `to` for a page in the folder `from`, both of which are there; `None` on another drive.
fn relative(from: &Path, to: &Path) -> Option<String> {
    let (from, to) = (from.canonicalize().ok()?, to.canonicalize().ok()?);
    let (from, to): (Vec<Component<'_>>, Vec<Component<'_>>) =
        (from.components().collect(), to.components().collect());
    let n_shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    if n_shared == 0 {
        return None;
    }
    let up = from[n_shared..].iter().map(|_| "..".to_owned());
    let down = to[n_shared..].iter().map(|part| encoded(&part.as_os_str().to_string_lossy()));
    Some(up.chain(down).collect::<Vec<_>>().join("/"))
}

/// A name as a part of an address.
fn encoded(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_from_folder_to_file_whatever_they_are_called() {
        let place = tempfile::tempdir().unwrap();
        let (from, to) = (place.path().join("out put"), place.path().join("my #1 site/a%b"));
        std::fs::create_dir_all(&from).unwrap();
        std::fs::create_dir_all(&to).unwrap();
        std::fs::write(to.join("µ.html"), "").unwrap();
        assert_eq!(relative(&from, &to.join("µ.html")).unwrap(), "../my%20%231%20site/a%25b/%C2%B5.html");
        assert_eq!(relative(&to, &to.join("µ.html")).unwrap(), "%C2%B5.html");
        assert_eq!(relative(&from, &to.join("none.html")), None);
    }
}
