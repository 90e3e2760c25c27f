//! XML as metadata uses it: a flat list of elements with their path, attributes and text.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// Deepest nesting that is followed; metadata of instruments has about eight levels.
const MOST_DEPTH: usize = 32;

/// An element that was met, in the order of the start tags.
#[derive(Debug, PartialEq)]
pub(super) struct Element {
    /// Names without prefixes from the root down, e.g. `Metadata/Optics/WorkingDistance`.
    pub(super) path: String,
    /// Names and values of the attributes.
    pub(super) attributes: Vec<(String, String)>,
    /// Text directly inside, trimmed.
    pub(super) text: String,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// The elements of `text`, as far as it is well formed, and the reason if reading ended early.
///
/// Elements that were still open then have no text: a number may be cut in the middle.
pub(super) fn elements(text: &str) -> (Vec<Element>, Option<String>) {
    let mut reader = Reader::from_str(text);
    let mut elements: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let fault = loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                if open.len() == MOST_DEPTH {
                    break Some(format!("nested deeper than {MOST_DEPTH} elements"));
                }
                elements.push(element(&start, open.last().map(|&parent| elements[parent].path.as_str())));
                open.push(elements.len() - 1);
            }
            Ok(Event::Empty(start)) => {
                elements.push(element(&start, open.last().map(|&parent| elements[parent].path.as_str())));
            }
            Ok(Event::End(_)) => {
                if let Some(ended) = open.pop() {
                    elements[ended].text = elements[ended].text.trim().to_owned();
                }
            }
            Ok(Event::Text(text)) => {
                if let Some(&inside) = open.last() {
                    elements[inside].text.push_str(&text);
                }
            }
            Ok(Event::Eof) => {
                break (!open.is_empty()).then(|| "it ends too early".to_owned());
            }
            Ok(_) => {}
            Err(error) => break Some(error.to_string()),
        }
    };
    for idx in open {
        elements[idx].text.clear();
    }
    (elements, fault)
}

fn element(start: &BytesStart<'_>, parent: Option<&str>) -> Element {
    let name = start.local_name();
    let path =
        parent.map_or_else(|| name.as_ref().to_owned(), |parent| format!("{parent}/{}", name.as_ref()));
    // the check for attributes of the same name takes quadratic time, which a hostile file could use
    let attributes = start
        .attributes()
        .with_checks(false)
        .filter_map(Result::ok)
        .map(|attribute| {
            let value = attribute.normalized_value(XmlVersion::Explicit1_0);
            let value = value.map_or_else(|_| attribute.value.to_string(), |value| value.into_owned());
            (attribute.key.local_name().as_ref().to_owned(), value)
        })
        .collect();
    Element { path, attributes, text: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_have_a_path_without_prefixes() {
        let (elements, fault) = elements("<?xml version='1.0'?><a:M u='&#181;m'>\n<X> 1 </X><Y/></a:M>");
        assert_eq!(fault, None);
        let paths: Vec<&str> = elements.iter().map(|element| element.path.as_str()).collect();
        assert_eq!(paths, ["M", "M/X", "M/Y"]);
        assert_eq!((elements[0].attribute("u"), elements[1].text.as_str()), (Some("µm"), "1"));
    }

    #[test]
    fn damaged_text_gives_what_stands_before_the_damage() {
        for (text, n_elements) in [
            ("<M><X>1</X><Y>9.7".to_owned(), 3), // cut in a number
            ("<M><X>1</X></Y>".to_owned(), 2),
            ("<M".to_owned(), 0),
            ("<a>".repeat(100_000), MOST_DEPTH),
        ] {
            let (elements, fault) = elements(&text);
            assert_eq!(elements.len(), n_elements);
            assert!(fault.is_some());
            assert!(elements.iter().all(|element| !element.text.contains("9.7")));
        }
    }

    #[test]
    fn a_hundred_thousand_attributes_take_no_time() {
        let attributes: String = (0..100_000).map(|idx| format!(" a{idx}='1'")).collect();
        let (elements, fault) = elements(&format!("<M{attributes}/>"));
        assert_eq!((elements[0].attributes.len(), fault), (100_000, None));
    }
}
