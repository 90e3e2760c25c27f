//! A writer of small TIFF files with any tags, in either byte order, for the tests of reading.

/// Vendor tags, resolutions and texts, as the standard numbers them.
pub(crate) const DESCRIPTION: u16 = 270;
pub(crate) const X_RESOLUTION: u16 = 282;
pub(crate) const Y_RESOLUTION: u16 = 283;
pub(crate) const ZEISS: u16 = 34118;
pub(crate) const FEI_SFEG: u16 = 34680;
pub(crate) const FEI_HELIOS: u16 = 34682;
pub(crate) const FEI_TITAN: u16 = 34683;

/// One page: tags and uncompressed pixels in strips or tiles.
#[derive(Clone)]
pub(crate) struct Page {
    big_endian: bool,
    /// Number, type, count and bytes of each tag.
    tags: Vec<(u16, u16, u32, Vec<u8>)>,
    pixels: Vec<u8>,
    /// Strips or tiles of the same length that the pixels are cut into.
    n_parts: usize,
    /// Tags for their positions and lengths.
    part_tags: (u16, u16),
    /// The length that is written for each part, where it is not the true one; `Some(None)`: no tag at all.
    said_length: Option<Option<usize>>,
}

impl Page {
    /// A page of grey pixels of `bits`, whose bytes are `pixels`, in one strip.
    pub(crate) fn new(big_endian: bool, height: u16, width: u16, bits: u16, pixels: Vec<u8>) -> Self {
        let page = Self {
            big_endian,
            tags: Vec::new(),
            pixels,
            n_parts: 1,
            part_tags: (273, 279),
            said_length: None,
        };
        page.short(256, &[width])
            .short(257, &[height])
            .short(258, &[bits])
            .short(259, &[1])
            .short(262, &[1])
            .short(277, &[1])
            .short(278, &[height])
    }

    /// Cuts the pixels into `n_parts` strips.
    pub(crate) fn strips(self, n_parts: usize) -> Self {
        Self { n_parts, ..self }
    }

    /// Cuts the pixels into `n_parts` tiles.
    pub(crate) fn tiles(self, n_parts: usize) -> Self {
        Self { n_parts, part_tags: (324, 325), ..self }
    }

    /// Writes this length for each part, or no tag for it.
    pub(crate) fn say_length(self, length: Option<usize>) -> Self {
        Self { said_length: Some(length), ..self }
    }

    /// Leaves a tag out.
    pub(crate) fn without(mut self, tag: u16) -> Self {
        self.tags.retain(|(found, ..)| *found != tag);
        self
    }

    /// Sets a tag to 16-bit numbers.
    pub(crate) fn short(self, tag: u16, values: &[u16]) -> Self {
        let bytes = values.iter().flat_map(|value| order(self.big_endian, value.to_be_bytes())).collect();
        self.with(tag, 3, values.len(), bytes)
    }

    /// Sets a tag to a text.
    pub(crate) fn text(self, tag: u16, text: &[u8]) -> Self {
        self.with(tag, 2, text.len(), text.to_vec())
    }

    /// Sets a tag to bytes.
    pub(crate) fn bytes(self, tag: u16, bytes: &[u8]) -> Self {
        self.with(tag, 1, bytes.len(), bytes.to_vec())
    }

    /// Sets a tag to a 32-bit number.
    pub(crate) fn long(self, tag: u16, value: u32) -> Self {
        let bytes = order(self.big_endian, value.to_be_bytes()).to_vec();
        self.with(tag, 4, 1, bytes)
    }

    /// Sets a tag to a 64-bit float.
    pub(crate) fn double(self, tag: u16, value: f64) -> Self {
        let bytes = order(self.big_endian, value.to_be_bytes()).to_vec();
        self.with(tag, 12, 1, bytes)
    }

    /// Sets a tag to a fraction.
    pub(crate) fn rational(self, tag: u16, (numerator, denominator): (u32, u32)) -> Self {
        let numbers = [numerator, denominator];
        let bytes = numbers.iter().flat_map(|value| order(self.big_endian, value.to_be_bytes())).collect();
        self.with(tag, 5, 1, bytes)
    }

    fn with(mut self, tag: u16, kind: u16, count: usize, bytes: Vec<u8>) -> Self {
        self.tags.retain(|(found, ..)| *found != tag);
        self.tags.push((tag, kind, count as u32, bytes));
        self
    }
}

/// The file of `pages`, all of one byte order: each its strip, values and directory.
pub(crate) fn file(pages: &[Page]) -> Vec<u8> {
    let big_endian = pages[0].big_endian;
    let short = |value: u16| order(big_endian, value.to_be_bytes());
    let long = |value: usize| order(big_endian, (value as u32).to_be_bytes());
    let mut file = if big_endian { b"MM\0*".to_vec() } else { b"II*\0".to_vec() };
    let mut link = file.len();
    file.extend([0; 4]);
    for page in pages {
        let (n_parts, part_bytes) = (page.n_parts, page.pixels.len() / page.n_parts);
        let positions = (0..n_parts).flat_map(|idx| long(file.len() + idx * part_bytes)).collect();
        let said = page.said_length.unwrap_or(Some(part_bytes));
        let lengths = said.map(|length| (0..n_parts).flat_map(|_| long(length)).collect());
        file.extend(&page.pixels);
        let mut tags = page.tags.clone();
        tags.push((page.part_tags.0, 4, n_parts as u32, positions));
        tags.extend(lengths.map(|lengths| (page.part_tags.1, 4, n_parts as u32, lengths)));
        tags.sort_by_key(|(tag, ..)| *tag);
        let mut entries = short(tags.len() as u16).to_vec();
        for (tag, kind, count, mut bytes) in tags {
            entries.extend([short(tag), short(kind)].concat());
            entries.extend(long(count as usize));
            if bytes.len() > 4 {
                entries.extend(long(file.len()));
                file.extend(bytes);
            } else {
                bytes.resize(4, 0);
                entries.extend(bytes);
            }
        }
        let at = long(file.len());
        file[link..link + 4].copy_from_slice(&at);
        file.extend(entries);
        link = file.len();
        file.extend([0; 4]);
    }
    file
}

/// Big-endian bytes in the order of a file.
fn order<const N: usize>(big_endian: bool, mut bytes: [u8; N]) -> [u8; N] {
    if !big_endian {
        bytes.reverse();
    }
    bytes
}
