//! The tag tree of a `DigitalMicrograph` file, version 3 or 4: every value with its path, in the
//! order of the file.
//!
//! Head: version, length, byte order of values (32-bit numbers; the length has 64 bits in version
//! 4). A folder: two flags, number of entries. An entry: 20 (folder) or 21 (value), length of its
//! name (16 bit), name, in version 4 its length; then the folder, or `%%%%`, the number of words
//! that describe the value, these, and the value. Numbers of the tree have their most significant
//! byte first; counts and descriptions have 64 bits in version 4. Entries of lists have no name and
//! are counted here. Only the path is kept; long arrays are only located.

use std::io;

use super::super::image_file::Stream;

/// Deepest nesting that is followed; files have about ten levels.
const MOST_DEPTH: usize = 64;
/// Most entries of a file; those of instruments have some thousand.
const MOST_ENTRIES: u64 = 1 << 18;
/// Most words that describe a value; a struct takes two for each field.
const MOST_WORDS: u64 = 1 << 10;
/// Longest array of 16-bit numbers that is read as text.
const MOST_TEXT: u64 = 1 << 10;

/// Value of an entry.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Text(String),
    /// `count` numbers from byte `at` on.
    Array {
        at: u64,
        element_bytes: u64,
        count: u64,
    },
    /// A struct or an empty description.
    Other,
}

/// The data in front of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// 3 or 4.
    pub(super) version: u32,
    /// Byte order of values.
    pub(super) little_endian: bool,
}

/// Why the tree could not be read to its end.
#[derive(Debug)]
pub(super) enum Fault {
    Io(io::Error),
    Damaged(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Damaged("it ends before its tags do".to_owned()),
            _ => Self::Io(error),
        }
    }
}

/// Reads the head of a file of `length` bytes, then calls `visit` with each value and its path.
pub(super) fn visit(
    reader: &mut dyn Stream,
    length: u64,
    visit: impl FnMut(&[String], Value),
) -> (Option<Head>, Result<(), Fault>) {
    let mut walk =
        Walk { reader, length, at: 0, wide: false, head: None, n_entries: 0, path: Vec::new(), visit };
    let result = walk.file();
    (walk.head, result)
}

struct Walk<'a, V> {
    reader: &'a mut dyn Stream,
    length: u64,
    /// Position in the file.
    at: u64,
    /// Version 4.
    wide: bool,
    head: Option<Head>,
    n_entries: u64,
    path: Vec<String>,
    visit: V,
}

impl<V: FnMut(&[String], Value)> Walk<'_, V> {
    fn file(&mut self) -> Result<(), Fault> {
        self.reader.rewind()?;
        let version = self.word(4)?;
        if !matches!(version, 3 | 4) {
            return Err(Fault::Damaged(format!("expected version 3 or 4, found {version}")));
        }
        self.wide = version == 4;
        self.size()?;
        let order = self.word(4)?;
        if order > 1 {
            return Err(Fault::Damaged(format!("expected a byte order of 0 or 1, found {order}")));
        }
        self.head = Some(Head { version: version as u32, little_endian: order == 1 });
        self.folder()
    }

    fn folder(&mut self) -> Result<(), Fault> {
        self.skip(2)?;
        let n_entries = self.size()?;
        let mut n_nameless = 0;
        for _ in 0..n_entries {
            self.n_entries += 1;
            if self.n_entries > MOST_ENTRIES {
                return Err(Fault::Damaged(format!("more than {MOST_ENTRIES} tags")));
            }
            let kind = self.word(1)?;
            let name_bytes = self.word(2)?;
            let name = if name_bytes == 0 {
                n_nameless += 1;
                (n_nameless - 1).to_string()
            } else {
                let mut name = vec![0; name_bytes as usize];
                self.fill(&mut name)?;
                name.into_iter().map(char::from).collect() // Latin-1
            };
            if self.wide {
                self.skip(8)?;
            }
            self.path.push(name);
            match kind {
                20 if self.path.len() >= MOST_DEPTH => {
                    return Err(Fault::Damaged(format!("tags nested deeper than {MOST_DEPTH}")));
                }
                20 => self.folder()?,
                21 => {
                    let value = self.value()?;
                    (self.visit)(&self.path, value);
                }
                _ => {
                    return Err(Fault::Damaged(format!(
                        "tag {}: expected kind 20 or 21, found {kind} at byte {}",
                        self.path.join("."),
                        self.at
                    )));
                }
            }
            self.path.pop();
        }
        Ok(())
    }

    fn value(&mut self) -> Result<Value, Fault> {
        if self.word(4)? != 0x2525_2525 {
            return Err(Fault::Damaged(format!("tag {}: no value", self.path.join("."))));
        }
        let n_words = self.size()?;
        if n_words > MOST_WORDS {
            let name = self.path.join(".");
            return Err(Fault::Damaged(format!("tag {name}: {n_words} words describe its value")));
        }
        let words = (0..n_words).map(|_| self.size()).collect::<Result<Vec<u64>, Fault>>()?;
        match words.as_slice() {
            [] => Ok(Value::Other),
            [15, ..] => {
                let bytes = self.described_bytes(&words)?;
                self.skip(bytes)?;
                Ok(Value::Other)
            }
            [18, count, ..] => {
                self.skip(count.saturating_mul(2))?;
                Ok(Value::Other)
            }
            [20, element @ .., count] if !element.is_empty() => {
                let element_bytes = self.described_bytes(element)?;
                let is_pixels = self.path.last().is_some_and(|name| name == "Data");
                if element[0] == 4 && *count <= MOST_TEXT && !is_pixels {
                    return self.text(*count);
                }
                let at = self.at;
                self.skip(element_bytes.saturating_mul(*count))?;
                Ok(Value::Array { at, element_bytes, count: *count })
            }
            [kind] => self.number(*kind),
            _ => Err(self.unknown(words[0])),
        }
    }

    /// Bytes of a number or struct that is described by `words`.
    fn described_bytes(&self, words: &[u64]) -> Result<u64, Fault> {
        match words {
            [15, _, n_fields, fields @ ..] if fields.len() as u64 / 2 >= *n_fields => {
                let kinds = fields.iter().skip(1).step_by(2).take(*n_fields as usize);
                kinds.map(|kind| number_bytes(*kind).ok_or_else(|| self.unknown(*kind))).sum()
            }
            [kind, ..] => number_bytes(*kind).ok_or_else(|| self.unknown(*kind)),
            [] => Ok(0),
        }
    }

    fn unknown(&self, kind: u64) -> Fault {
        Fault::Damaged(format!("tag {}: a value of the unknown type {kind}", self.path.join(".")))
    }

    fn number(&mut self, kind: u64) -> Result<Value, Fault> {
        let bytes = number_bytes(kind).ok_or_else(|| self.unknown(kind))? as usize;
        let mut value = [0; 8];
        self.fill(&mut value[..bytes])?;
        let little_endian = self.head.is_some_and(|head| head.little_endian);
        Ok(Value::Number(number(kind, &value[..bytes], little_endian)))
    }

    fn text(&mut self, count: u64) -> Result<Value, Fault> {
        let mut bytes = vec![0; 2 * count as usize];
        self.fill(&mut bytes)?;
        let little_endian = self.head.is_some_and(|head| head.little_endian);
        let (pairs, _) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs
            .iter()
            .map(|pair| if little_endian { u16::from_le_bytes(*pair) } else { u16::from_be_bytes(*pair) })
            .collect();
        Ok(Value::Text(String::from_utf16_lossy(&units).trim_end_matches('\0').to_owned()))
    }

    /// A count or length of the tree.
    fn size(&mut self) -> Result<u64, Fault> {
        self.word(if self.wide { 8 } else { 4 })
    }

    fn word(&mut self, bytes: usize) -> Result<u64, Fault> {
        let mut word = [0; 8];
        self.fill(&mut word[8 - bytes..])?;
        Ok(u64::from_be_bytes(word))
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Fault> {
        self.reader.read_exact(bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn skip(&mut self, bytes: u64) -> Result<(), Fault> {
        let end = self.at.saturating_add(bytes);
        match i64::try_from(bytes) {
            Ok(step) if end <= self.length => {
                self.reader.seek_relative(step)?;
                self.at = end;
                Ok(())
            }
            _ => Err(Fault::Damaged(format!(
                "tag {}: its {bytes} bytes from byte {} on extend beyond the end of the file at {}",
                self.path.join("."),
                self.at,
                self.length
            ))),
        }
    }
}

/// Bytes of a number of `kind`.
fn number_bytes(kind: u64) -> Option<u64> {
    Some(match kind {
        8..=10 => 1,
        2 | 4 => 2,
        3 | 5 | 6 => 4,
        7 | 11 | 12 => 8,
        _ => return None,
    })
}

/// The number of `kind` that `bytes` are.
fn number(kind: u64, bytes: &[u8], little_endian: bool) -> f64 {
    let shift = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
    let word = if little_endian { bytes.iter().rev().fold(0, shift) } else { bytes.iter().fold(0, shift) };
    match kind {
        2 => f64::from(word as u16 as i16),
        3 => f64::from(word as u32 as i32),
        6 => f64::from(f32::from_bits(word as u32)),
        7 => f64::from_bits(word),
        9 => f64::from(word as u8 as i8),
        11 => word as i64 as f64,
        _ => word as f64,
    }
}
