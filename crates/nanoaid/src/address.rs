//! Address: the text by which a unit of a network is named, and its parts.
//!
//! `encoder.2` is a layer, `encoder.2:17` a channel of it, `encoder.2:17@5,8` the neuron of that
//! channel at row 5, column 8, and `class:fibres` a class. One parser and one printer, for the
//! command line, pages, file names and records; before it the name of a network and `/`, where there
//! are several ([`UnitId`]). It does not know which layers a network has.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Word before the colon that makes an address name a class.
const CLASS: &str = "class";

/// What an address names.
///
/// ```
/// use nanoaid::Address;
///
/// let neuron: Address = "encoder.2:17@5,8".parse()?;
/// assert_eq!(neuron.to_string(), "encoder.2:17@5,8");
/// assert_eq!(Address::channel("latent", 3), "latent:3".parse()?);
/// assert!("encoder.2:many".parse::<Address>().is_err());
/// # Ok::<(), nanoaid::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A layer, a channel of it, or a neuron of that channel.
    Layer {
        /// Name of the layer, e.g. `encoder.2`.
        layer: String,
        /// The channel, from 0; `None` is the whole layer.
        channel: Option<usize>,
        /// Row and column in the feature map, from 0; `None` is all positions. Only with a channel.
        position: Option<(usize, usize)>,
    },
    /// A class of a classifier, by its label.
    Class(String),
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("address `{text}`: found `{found}`, expected {expected}")]
pub struct AddressError {
    text: String,
    found: String,
    expected: &'static str,
}

impl Address {
    /// The whole layer `layer`.
    pub fn layer(layer: &str) -> Self {
        Self::Layer { layer: layer.to_owned(), channel: None, position: None }
    }

    /// Channel `channel` of `layer`.
    pub fn channel(layer: &str, channel: usize) -> Self {
        Self::Layer { layer: layer.to_owned(), channel: Some(channel), position: None }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Class(label) => write!(formatter, "{CLASS}:{label}"),
            Self::Layer { layer, channel, position } => {
                write!(formatter, "{layer}")?;
                if let Some(channel) = channel {
                    write!(formatter, ":{channel}")?;
                }
                if let Some((y, x)) = position {
                    write!(formatter, "@{y},{x}")?;
                }
                Ok(())
            }
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let error =
            |found: &str, expected| AddressError { text: text.to_owned(), found: found.to_owned(), expected };
        let (layer, rest) = match text.split_once(':') {
            Some((layer, rest)) => (layer, Some(rest)),
            None => (text, None),
        };
        if layer == CLASS {
            return match rest {
                Some(label) if !label.is_empty() => Ok(Self::Class(label.to_owned())),
                _ => Err(error(text, "a label, as in `class:fibres`")),
            };
        }
        let of_name = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        if layer.is_empty() || !layer.chars().all(of_name) {
            return Err(error(layer, "the name of a layer, as in `encoder.2`"));
        }
        let Some(rest) = rest else { return Ok(Self::layer(layer)) };
        let (channel, position) = match rest.split_once('@') {
            Some((channel, position)) => (channel, Some(position)),
            None => (rest, None),
        };
        let number = |found: &str, expected| index(found).ok_or_else(|| error(found, expected));
        let channel = number(channel, "the number of a channel, as in `encoder.2:17`")?;
        let position = match position {
            None => None,
            Some(position) => {
                let expected = "row and column, as in `encoder.2:17@5,8`";
                let (y, x) = position.split_once(',').ok_or_else(|| error(position, expected))?;
                Some((number(y, expected)?, number(x, expected)?))
            }
        };
        Ok(Self::Layer { layer: layer.to_owned(), channel: Some(channel), position })
    }
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A unit of one of several networks; its text is `classifier/encoder.2:17`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnitId {
    /// Name of the network, without `/`.
    pub network: String,
    /// The unit in it.
    pub address: Address,
}

impl UnitId {
    /// Channel `channel` of `layer` of `network`.
    pub fn channel(network: &str, layer: &str, channel: usize) -> Self {
        Self { network: network.to_owned(), address: Address::channel(layer, channel) }
    }
}

impl fmt::Display for UnitId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.network, self.address)
    }
}

impl FromStr for UnitId {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.split_once('/') {
            Some((network, address)) if !network.is_empty() => {
                Ok(Self { network: network.to_owned(), address: address.parse()? })
            }
            _ => Err(AddressError {
                text: text.to_owned(),
                found: text.to_owned(),
                expected: "network and address, as in `classifier/encoder.2:17`",
            }),
        }
    }
}

impl Serialize for UnitId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `text` as a number, written as it would be printed: no sign, no zeros in front.
fn index(text: &str) -> Option<usize> {
    text.parse().ok().filter(|number: &usize| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use micrograph::random::Stream;

    #[test]
    fn each_form_names_its_parts() {
        let neuron = Address::Layer { layer: "encoder.2".into(), channel: Some(17), position: Some((5, 8)) };
        for (text, address) in [
            ("encoder.2", Address::layer("encoder.2")),
            ("encoder.2:17", Address::channel("encoder.2", 17)),
            ("encoder.2:17@5,8", neuron),
            ("class:fibres", Address::Class("fibres".into())),
            ("class:a:b@c", Address::Class("a:b@c".into())),
        ] {
            assert_eq!(text.parse(), Ok(address), "{text}");
        }
    }

    #[test]
    fn what_is_printed_is_read_back() {
        let mut stream = Stream::new(0, "addresses", 0);
        let layers = ["latent", "encoder.1.relu", "block5_conv3", "a-b"];
        for _ in 0..500 {
            let layer = layers[stream.below(layers.len())].to_owned();
            let mut index = || {
                let bits = stream.bits();
                (bits >> (bits % 64)) as usize
            };
            let (channel, y, x) = (index(), index(), index());
            let address = match stream.below(4) {
                0 => Address::layer(&layer),
                1 => Address::channel(&layer, channel),
                2 => Address::Layer { layer, channel: Some(channel), position: Some((y, x)) },
                _ => Address::Class(format!("{channel} {y}:{x}")),
            };
            assert_eq!(address.to_string().parse(), Ok(address));
        }
    }

    #[test]
    fn a_unit_of_several_networks_is_printed_and_read_back() {
        let unit = UnitId::channel("classifier", "encoder.2", 17);
        assert_eq!(unit.to_string(), "classifier/encoder.2:17");
        assert_eq!("classifier/encoder.2:17".parse(), Ok(unit));
        let class = UnitId { network: "a".into(), address: Address::Class("b/c".into()) };
        assert_eq!(class.to_string().parse(), Ok(class));
        for text in ["encoder.2:17", "/encoder.2", ""] {
            assert!(UnitId::from_str(text).is_err(), "{text}");
        }
        assert_eq!(
            serde_json::from_str::<Address>("\"encoder.2:3\"").unwrap(),
            Address::channel("encoder.2", 3)
        );
        assert!(serde_json::from_str::<Address>("\"encoder.2:\"").is_err());
    }

    #[test]
    fn what_is_no_address_says_what_was_found_and_expected() {
        for (text, found) in [
            ("", ""),
            (":3", ""),
            ("encoder 2", "encoder 2"),
            ("encoder.2:", ""),
            ("encoder.2:x", "x"),
            ("encoder.2:-1", "-1"),
            ("encoder.2:+1", "+1"),
            ("encoder.2:007", "007"),
            ("encoder.2:99999999999999999999999", "99999999999999999999999"),
            ("encoder.2:1@5", "5"),
            ("encoder.2:1@5,", ""),
            ("encoder.2:1@5,8,9", "8,9"),
            ("encoder.2@5,8", "encoder.2@5,8"),
            ("class:", "class:"),
            ("class", "class"),
        ] {
            let error = Address::from_str(text).expect_err(text).to_string();
            assert!(error.contains(&format!("found `{found}`, expected ")), "{text}: {error}");
        }
    }
}
