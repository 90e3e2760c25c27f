//! A writer of small `DigitalMicrograph` files, version 3 or 4, values in either byte order, for the
//! tests of reading. It documents the layout.

/// A tag's value.
#[derive(Clone)]
pub(crate) enum Tag {
    /// Named tags; in lists the names are empty.
    Folder(Vec<(&'static str, Tag)>),
    Whole(u32),
    Float(f32),
    Text(&'static str),
    /// Type and bytes of the numbers, each as big-endian.
    Array(u64, Vec<Vec<u8>>),
    /// A struct of two 16-bit numbers.
    Pair(i16, i16),
    /// Words that describe a value, and its bytes.
    Raw(Vec<u64>, Vec<u8>),
}

/// A list: tags without names.
pub(crate) fn list(tags: Vec<Tag>) -> Tag {
    Tag::Folder(tags.into_iter().map(|tag| ("", tag)).collect())
}

/// An image of `height` rows whose pixels are `data` of `data_type`; `scale` and `unit` of both axes.
pub(crate) fn image(
    (height, width, n_slices): (u32, u32, Option<u32>),
    data_type: u32,
    data: Tag,
    (scale, unit): (f32, &'static str),
) -> Tag {
    let axis = |scale| {
        Tag::Folder(vec![
            ("Origin", Tag::Float(0.0)),
            ("Scale", Tag::Float(scale)),
            ("Units", Tag::Text(unit)),
        ])
    };
    let mut dimensions = vec![Tag::Whole(width), Tag::Whole(height)];
    dimensions.extend(n_slices.map(Tag::Whole));
    Tag::Folder(vec![
        (
            "ImageData",
            Tag::Folder(vec![
                (
                    "Calibrations",
                    Tag::Folder(vec![
                        (
                            "Brightness",
                            Tag::Folder(vec![("Scale", Tag::Float(9.0)), ("Units", Tag::Text("e"))]),
                        ),
                        ("Dimension", list(vec![axis(scale), axis(2.0 * scale)])),
                    ]),
                ),
                ("Data", data),
                ("DataType", Tag::Whole(data_type)),
                ("Dimensions", list(dimensions)),
                ("PixelDepth", Tag::Whole(2)),
            ]),
        ),
        (
            "ImageTags",
            Tag::Folder(vec![
                (
                    "Microscope Info",
                    Tag::Folder(vec![
                        ("Voltage", Tag::Float(200_000.0)),
                        ("Indicated Magnification", Tag::Float(15_000.0)),
                        ("Stage", Tag::Pair(1, 2)),
                    ]),
                ),
                (
                    "DataBar",
                    Tag::Folder(vec![
                        ("Acquisition Date", Tag::Text("12/7/2015")),
                        ("Acquisition Time", Tag::Text("11:40:15")),
                    ]),
                ),
                ("Session Info", Tag::Folder(vec![("Microscope", Tag::Text("Tecnai"))])),
            ]),
        ),
    ])
}

/// A file of `images`, the first of which is a preview where `has_preview`.
pub(crate) fn file(version: u32, little_endian: bool, images: Vec<Tag>, has_preview: bool) -> Vec<u8> {
    let mut root = vec![("ImageList", list(images))];
    if has_preview {
        let thumbnail = Tag::Folder(vec![("ImageIndex", Tag::Whole(0))]);
        root.push(("Thumbnails", list(vec![thumbnail])));
    }
    tree(version, little_endian, &Tag::Folder(root))
}

/// A file whose tags are `root`.
pub(crate) fn tree(version: u32, little_endian: bool, root: &Tag) -> Vec<u8> {
    let writer = Writer { wide: version == 4, little_endian };
    let body = writer.folder(root);
    let mut file = version.to_be_bytes().to_vec();
    file.extend(writer.size(body.len() as u64));
    file.extend(u32::from(little_endian).to_be_bytes());
    file.extend(body);
    file.extend([0; 8]);
    file
}

struct Writer {
    wide: bool,
    little_endian: bool,
}

impl Writer {
    fn folder(&self, folder: &Tag) -> Vec<u8> {
        let Tag::Folder(tags) = folder else { panic!("a folder") };
        let mut bytes = vec![1, 0];
        bytes.extend(self.size(tags.len() as u64));
        for (name, tag) in tags {
            let is_folder = matches!(tag, Tag::Folder(_));
            bytes.push(if is_folder { 20 } else { 21 });
            bytes.extend((name.len() as u16).to_be_bytes());
            bytes.extend(name.as_bytes());
            let body = if is_folder { self.folder(tag) } else { self.value(tag) };
            if self.wide {
                bytes.extend((body.len() as u64).to_be_bytes());
            }
            bytes.extend(body);
        }
        bytes
    }

    fn value(&self, tag: &Tag) -> Vec<u8> {
        let units = |text: &str| text.encode_utf16().map(|unit| unit.to_be_bytes().to_vec()).collect();
        let (words, value) = match tag {
            Tag::Whole(number) => (vec![5], self.number(number.to_be_bytes().to_vec())),
            Tag::Float(number) => (vec![6], self.number(number.to_be_bytes().to_vec())),
            Tag::Text(text) => return self.value(&Tag::Array(4, units(text))),
            Tag::Array(kind, numbers) => {
                let value = numbers.iter().flat_map(|number| self.number(number.clone())).collect();
                (vec![20, *kind, numbers.len() as u64], value)
            }
            Tag::Pair(first, second) => {
                let numbers = [first, second].map(|number| self.number(number.to_be_bytes().to_vec()));
                (vec![15, 0, 2, 0, 2, 0, 2], numbers.concat())
            }
            Tag::Raw(words, value) => (words.clone(), value.clone()),
            Tag::Folder(_) => panic!("a value"),
        };
        let mut bytes = b"%%%%".to_vec();
        bytes.extend(self.size(words.len() as u64));
        bytes.extend(words.iter().flat_map(|word| self.size(*word)));
        bytes.extend(value);
        bytes
    }

    /// A number of the tree.
    fn size(&self, number: u64) -> Vec<u8> {
        if self.wide { number.to_be_bytes().to_vec() } else { (number as u32).to_be_bytes().to_vec() }
    }

    /// A value's number, given as big-endian.
    fn number(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        if self.little_endian {
            bytes.reverse();
        }
        bytes
    }
}
