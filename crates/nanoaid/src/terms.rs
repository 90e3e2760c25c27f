//! Terms: a sentence for each word that a reader of results may not know; the same as in
//! `docs/glossary.md`, which a test checks.

/// Words and what they mean.
pub const TERMS: [(&str, &str); 8] = [
    ("live", "varies over this micrograph, and no stronger channel looks the same"),
    ("near-copy", "looks like a stronger channel of the layer (correlation of at least 0.98)"),
    ("dead", "has one value all over this micrograph"),
    ("energy", "mean of a channel's squared activations: how strongly it responds over all"),
    (
        "spatial entropy",
        "how evenly the energy is spread over the image, in bits: low where it is in few places",
    ),
    (
        "relative error",
        "error of the reconstruction over the one that is usual in this micrograph where gradients are as strong (some call it surprise)",
    ),
    (
        "anomaly",
        "a cell whose relative error is above the threshold: a defect, noise, or a kind of specimen that the network was not trained on",
    ),
    (
        "AUC",
        "probability that a micrograph of the first class drives the unit more than one of the other; 0.5 is chance, below 0.5 it fires less",
    ),
];

/// What `term` means.
///
/// # Panics
/// If it is not one of [`TERMS`].
pub fn meaning(term: &str) -> &'static str {
    let found = TERMS.iter().find(|(known, _)| *known == term);
    found.unwrap_or_else(|| panic!("no term `{term}`")).1
}
