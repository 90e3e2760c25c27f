//! Text form of objectives: one printer, one parser.
//!
//! ```text
//! sum   = term { " + " term | " - " term }
//! term  = [ number " * " ] unit
//! unit  = address                                  encoder.2:17   encoder.2:17@5,8   encoder.2   class:fibres
//!       | center(layer:channel) | energy(layer:channel)
//!       | direction(layer, channel:component, … [, cosine p])      also  whitened(…)
//!       | error | error@y,x
//!       | between(sum, sum)
//!       | diversity(layer) | diverse(sum, layer, share)
//!       | caricature(layer [, cosine p]) | inversion(layer)
//!       | minimum(sum)                             is printed as  -1 * …
//!       | (sum)
//! ```

use std::fmt;
use std::str::FromStr;

use super::Objective;
use crate::Address;

/// Why a text is no objective.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("objective `{text}`: found `{found}`, expected {expected}")]
pub struct ObjectiveError {
    text: String,
    found: String,
    expected: String,
}

/// Deepest nesting of parentheses that is read.
const DEEPEST: usize = 32;

impl fmt::Display for Objective {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cosine = |power: f32| if power == 0.0 { String::new() } else { format!(", cosine {power}") };
        match self {
            Self::Unit(address) => write!(out, "{address}"),
            Self::Center { layer, channel } => write!(out, "center({layer}:{channel})"),
            Self::Energy { layer, channel } => write!(out, "energy({layer}:{channel})"),
            Self::Direction { layer, components, cosine_power, whitened } => {
                let name = if *whitened { "whitened" } else { "direction" };
                write!(out, "{name}({layer}")?;
                for (channel, component) in components {
                    write!(out, ", {channel}:{component}")?;
                }
                write!(out, "{})", cosine(*cosine_power))
            }
            Self::Error { position: None } => write!(out, "error"),
            Self::Error { position: Some((y, x)) } => write!(out, "error@{y},{x}"),
            Self::Between { from, to } => write!(out, "between({from}, {to})"),
            Self::Diversity { layer } => write!(out, "diversity({layer})"),
            Self::Diverse { of, layer, share } => write!(out, "diverse({of}, {layer}, {share})"),
            Self::Caricature { layer, cosine_power } => {
                write!(out, "caricature({layer}{})", cosine(*cosine_power))
            }
            Self::Inversion { layer } => write!(out, "inversion({layer})"),
            Self::Sum(terms) => {
                for (index, (weight, term)) in terms.iter().enumerate() {
                    if index > 0 {
                        write!(out, " + ")?;
                    }
                    match term {
                        Self::Sum(_) => write!(out, "{weight} * ({term})")?,
                        _ => write!(out, "{weight} * {term}")?,
                    }
                }
                Ok(())
            }
        }
    }
}

impl FromStr for Objective {
    type Err = ObjectiveError;

    fn from_str(text: &str) -> Result<Self, ObjectiveError> {
        let mut parser = Parser { text, at: 0, depth: 0 };
        let objective = parser.sum()?;
        match parser.rest() {
            "" => Ok(objective),
            rest => Err(parser.error(rest, "` + `, ` - ` or the end")),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn error(&self, found: &str, expected: impl Into<String>) -> ObjectiveError {
        ObjectiveError { text: self.text.to_owned(), found: found.to_owned(), expected: expected.into() }
    }

    /// Whether `token` comes next; it is then passed.
    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), ObjectiveError> {
        if self.take(token) { Ok(()) } else { Err(self.error(self.rest(), format!("`{token}`"))) }
    }

    /// What comes before the next of the characters that end a word.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find([',', ')', '(', ' ']).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn number<T: FromStr>(&self, word: &str, expected: &str) -> Result<T, ObjectiveError> {
        word.parse().map_err(|_| self.error(word, expected))
    }

    /// A number that can be computed with.
    fn finite(&self, word: &str, expected: &str) -> Result<f32, ObjectiveError> {
        let number: f32 = self.number(word, expected)?;
        if number.is_finite() { Ok(number) } else { Err(self.error(word, expected)) }
    }

    fn sum(&mut self) -> Result<Objective, ObjectiveError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.error(self.rest(), format!("at most {DEEPEST} nested parentheses")));
        }
        let first = self.term()?;
        let mut terms = vec![first];
        loop {
            let sign = if self.take(" + ") {
                1.0
            } else if self.take(" - ") {
                -1.0
            } else {
                break;
            };
            let (weight, term, weighted) = self.term()?;
            terms.push((sign * weight, term, weighted));
        }
        self.depth -= 1;
        if let [(_, _, false)] = &terms[..] {
            return Ok(terms.remove(0).1);
        }
        Ok(Objective::Sum(terms.into_iter().map(|(weight, term, _)| (weight, term)).collect()))
    }

    /// Weight, objective, and whether a weight was written.
    fn term(&mut self) -> Result<(f32, Objective, bool), ObjectiveError> {
        if let Some((weight, _)) = self.rest().split_once(" * ")
            && let Ok(number) = weight.parse::<f32>()
        {
            let number = if number.is_finite() { number } else { return Err(self.error(weight, "a number")) };
            self.at += weight.len() + 3;
            return Ok((number, self.unit()?, true));
        }
        Ok((1.0, self.unit()?, false))
    }

    fn unit(&mut self) -> Result<Objective, ObjectiveError> {
        if self.take("(") {
            let sum = self.sum()?;
            self.expect(")")?;
            return Ok(sum);
        }
        let start = self.at;
        let word = self.word();
        if self.take("(") {
            let objective = match word {
                "center" => {
                    let (layer, channel) = self.channel()?;
                    Objective::Center { layer, channel }
                }
                "energy" => {
                    let (layer, channel) = self.channel()?;
                    Objective::Energy { layer, channel }
                }
                "direction" => self.direction(false)?,
                "whitened" => self.direction(true)?,
                "between" => {
                    let from = Box::new(self.sum()?);
                    self.expect(", ")?;
                    Objective::Between { from, to: Box::new(self.sum()?) }
                }
                "diversity" => Objective::Diversity { layer: self.layer()? },
                "diverse" => {
                    let of = self.sum()?;
                    self.expect(", ")?;
                    let layer = self.layer()?;
                    self.expect(", ")?;
                    of.diverse(&layer, self.share()?)
                }
                "caricature" => {
                    Objective::Caricature { layer: self.layer()?, cosine_power: self.cosine_power()? }
                }
                "inversion" => Objective::Inversion { layer: self.layer()? },
                "minimum" => self.sum()?.minimum(),
                _ => {
                    let known = "`center`, `energy`, `direction`, `whitened`, `between`, `diversity`, `diverse`, \
                                 `caricature`, `inversion` or `minimum` before the parenthesis";
                    return Err(self.error(word, known));
                }
            };
            self.expect(")")?;
            return Ok(objective);
        }
        if word == "error" {
            return Ok(Objective::Error { position: None });
        }
        // the comma of a position belongs to the address
        let position = word.rfind('@').map(|at| start + at);
        if position.is_some() && self.rest().starts_with(',') && !self.rest().starts_with(", ") {
            self.at += 1;
            self.word();
        }
        let address = &self.text[start..self.at];
        if let Some(position) = address.strip_prefix("error@") {
            let expected = "row and column, as in `error@40,52`";
            let (y, x) = position.split_once(',').ok_or_else(|| self.error(address, expected))?;
            let position = Some((self.number(y, expected)?, self.number(x, expected)?));
            return Ok(Objective::Error { position });
        }
        let address = address.parse().map_err(|_| {
            self.error(address, "an address such as `encoder.2:17` or `class:fibres`, `error`, or a function")
        })?;
        Ok(Objective::Unit(address))
    }

    fn layer(&mut self) -> Result<String, ObjectiveError> {
        let word = self.word();
        match word.parse() {
            Ok(Address::Layer { layer, channel: None, .. }) => Ok(layer),
            _ => Err(self.error(word, "the name of a layer, as in `encoder.2`")),
        }
    }

    fn channel(&mut self) -> Result<(String, usize), ObjectiveError> {
        let word = self.word();
        match word.parse() {
            Ok(Address::Layer { layer, channel: Some(channel), position: None }) => Ok((layer, channel)),
            _ => Err(self.error(word, "a channel, as in `encoder.2:17`")),
        }
    }

    fn direction(&mut self, whitened: bool) -> Result<Objective, ObjectiveError> {
        let layer = self.layer()?;
        let mut components = Vec::new();
        let expected = "channel and component, as in `17:0.5`";
        while self.rest().starts_with(", ") && !self.rest().starts_with(", cosine ") {
            self.expect(", ")?;
            let word = self.word();
            let (channel, component) = word.split_once(':').ok_or_else(|| self.error(word, expected))?;
            components.push((self.number(channel, expected)?, self.finite(component, expected)?));
        }
        if components.is_empty() {
            return Err(self.error(self.rest(), expected));
        }
        let cosine_power = self.cosine_power()?;
        Ok(Objective::Direction { layer, components, cosine_power, whitened })
    }

    fn share(&mut self) -> Result<f32, ObjectiveError> {
        let expected = "a share, 0 to 1";
        let word = self.word();
        let share = self.finite(word, expected)?;
        if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(self.error(word, expected)) }
    }

    fn cosine_power(&mut self) -> Result<f32, ObjectiveError> {
        if !self.take(", cosine ") {
            return Ok(0.0);
        }
        let word = self.word();
        let power = self.finite(word, "a power, at least 0")?;
        if power < 0.0 { Err(self.error(word, "a power, at least 0")) } else { Ok(power) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use micrograph::random::Stream;

    #[test]
    fn each_form_is_read() {
        let channel = Objective::channel("encoder.2", 17);
        let neuron = Address::Layer { layer: "encoder.2".into(), channel: Some(17), position: Some((5, 8)) };
        let direction = |components: &[(usize, f32)], cosine_power, whitened| Objective::Direction {
            layer: "latent".into(),
            components: components.to_vec(),
            cosine_power,
            whitened,
        };
        for (text, objective) in [
            ("encoder.2:17", channel.clone()),
            ("encoder.2:17@5,8", Objective::Unit(neuron.clone())),
            ("encoder.2", Objective::Unit(Address::layer("encoder.2"))),
            ("class:fibres", Objective::class("fibres")),
            ("center(encoder.2:17)", Objective::Center { layer: "encoder.2".into(), channel: 17 }),
            ("energy(encoder.2:17)", Objective::Energy { layer: "encoder.2".into(), channel: 17 }),
            ("direction(latent, 3:0.5, 17:-1)", direction(&[(3, 0.5), (17, -1.0)], 0.0, false)),
            ("whitened(latent, 3:1, cosine 2)", direction(&[(3, 1.0)], 2.0, true)),
            ("error", Objective::Error { position: None }),
            ("error@40,52", Objective::Error { position: Some((40, 52)) }),
            ("minimum(encoder.2:17)", Objective::Sum(vec![(-1.0, channel.clone())])),
            ("-1 * encoder.2:17", Objective::Sum(vec![(-1.0, channel.clone())])),
            (
                "encoder.2:17 - 0.5 * error",
                Objective::Sum(vec![(1.0, channel.clone()), (-0.5, Objective::Error { position: None })]),
            ),
            (
                "encoder.2:17@5,8 + error",
                Objective::Sum(vec![
                    (1.0, Objective::Unit(neuron)),
                    (1.0, Objective::Error { position: None }),
                ]),
            ),
            (
                "between(encoder.2:17, class:fibres)",
                Objective::Between {
                    from: Box::new(channel.clone()),
                    to: Box::new(Objective::class("fibres")),
                },
            ),
            ("diverse(encoder.2:17, encoder.1, 0.5)", channel.clone().diverse("encoder.1", 0.5)),
            ("diversity(encoder.2)", Objective::Diversity { layer: "encoder.2".into() }),
            (
                "caricature(encoder.2, cosine 1)",
                Objective::Caricature { layer: "encoder.2".into(), cosine_power: 1.0 },
            ),
            ("inversion(encoder.2)", Objective::Inversion { layer: "encoder.2".into() }),
            (
                "2 * (encoder.2:17 + error)",
                Objective::Sum(vec![(
                    2.0,
                    Objective::Sum(vec![(1.0, channel), (1.0, Objective::Error { position: None })]),
                )]),
            ),
        ] {
            assert_eq!(text.parse(), Ok(objective), "{text}");
        }
    }

    fn random(stream: &mut Stream, depth: usize) -> Objective {
        let layer = ["encoder.2", "latent", "block5_conv3.preactivation"][stream.below(3)].to_owned();
        let channel = stream.below(1000);
        let number = |stream: &mut Stream| stream.normal() as f32;
        match stream.below(if depth == 0 { 9 } else { 11 }) {
            0 => Objective::channel(&layer, channel),
            1 => Objective::Unit(Address::Layer {
                layer,
                channel: Some(channel),
                position: Some((3, channel)),
            }),
            2 => Objective::class("films_coated_surface"),
            3 if channel > 500 => Objective::Center { layer, channel },
            3 => Objective::Energy { layer, channel },
            4 => Objective::Direction {
                layer,
                components: (0..=stream.below(3)).map(|_| (stream.below(99), number(stream))).collect(),
                cosine_power: number(stream).abs(),
                whitened: stream.below(2) == 0,
            },
            5 => Objective::Error { position: (channel > 500).then_some((channel, 7)) },
            6 => Objective::Diversity { layer },
            7 => Objective::Caricature { layer, cosine_power: [0.0, 2.0][stream.below(2)] },
            8 => Objective::Inversion { layer },
            9 => Objective::Between {
                from: Box::new(random(stream, depth - 1)),
                to: Box::new(random(stream, depth - 1)),
            },
            _ => Objective::Sum(
                (0..=stream.below(3)).map(|_| (number(stream), random(stream, depth - 1))).collect(),
            ),
        }
    }

    #[test]
    fn what_is_printed_is_read_back() {
        let mut stream = Stream::new(0, "objectives", 0);
        for _ in 0..1000 {
            let objective = random(&mut stream, 3);
            assert_eq!(objective.to_string().parse(), Ok(objective.clone()), "{objective}");
        }
    }

    #[test]
    fn what_is_no_objective_says_what_was_found_and_expected() {
        let nested = "(".repeat(100_000);
        for (text, found) in [
            ("", ""),
            ("encoder.2:x", "encoder.2:x"),
            ("encoder.2:17 +", " +"),
            ("encoder.2:17 + ", ""),
            ("dream(encoder.2)", "dream"),
            ("direction(latent)", ")"),
            ("direction(latent, 3)", "3"),
            ("direction(latent, 3:inf)", "3:inf"),
            ("caricature(latent, cosine -1)", "-1"),
            ("between(error)", ")"),
            ("error@3", "error@3"),
            ("inf * error", "inf"),
            ("diversity(encoder.2:3)", "encoder.2:3"),
            ("encoder.2:17 encoder.2:18", " encoder.2:18"),
            (&nested, "("),
        ] {
            let error = Objective::from_str(text).expect_err(text).to_string();
            assert!(error.contains(": found `") && error.contains("`, expected "), "{text}: {error}");
            if text.len() < 99 && !found.contains(":inf") {
                assert!(error.contains(&format!("found `{found}`")), "{text}: {error}");
            }
        }
    }
}
