//! INI text as instruments write it: sections may come twice, lines may end in any way, values
//! may be empty, and XML may follow.

/// Keys and values with their section, in the order of the text.
pub(super) struct Ini<'a> {
    entries: Vec<(&'a str, &'a str, &'a str)>,
}

impl<'a> Ini<'a> {
    /// Reads `text` up to a line that begins with `<`; lines that are neither section nor
    /// `key = value` are passed over.
    pub(super) fn parse(text: &'a str) -> Self {
        let mut entries = Vec::new();
        let mut section = "";
        for line in text.split(['\r', '\n']).map(str::trim).take_while(|line| !line.starts_with('<')) {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                section = name.trim();
            } else if let Some((key, value)) = line.split_once('=') {
                entries.push((section, key.trim(), value.trim()));
            }
        }
        Self { entries }
    }

    /// Whether `section` has a key.
    pub(super) fn has(&self, section: &str) -> bool {
        self.entries.iter().any(|(found, _, _)| *found == section)
    }

    /// Whether `section` has `key`, with or without a value.
    pub(super) fn has_key(&self, section: &str, key: &str) -> bool {
        self.entries.iter().any(|(found, name, _)| *found == section && *name == key)
    }

    /// The first value of `key` in `section` that is not empty.
    pub(super) fn get(&self, section: &str, key: &str) -> Option<&'a str> {
        self.entries
            .iter()
            .find(|(found, name, value)| *found == section && *name == key && !value.is_empty())
            .map(|(_, _, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_repeat_and_lines_end_in_any_way() {
        let ini = Ini::parse(
            "a=0\r[Gas]\rName=\r\n[Gas]\n Name = Pt = x \r\n[Scan]\r\nno sign\r\n<x a='1'>\r\nb=2",
        );
        assert_eq!(ini.get("", "a"), Some("0"));
        assert_eq!(ini.get("Gas", "Name"), Some("Pt = x"));
        assert_eq!(ini.get("Scan", "b"), None);
        assert!(ini.has("Gas") && !ini.has("Scan"));
    }
}
