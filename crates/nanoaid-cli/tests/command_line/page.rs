//! What must hold of every page: it asks for nothing outside of itself but pages beside it.

/// Panics unless `html` opens without a network: no address but embedded data, places in the page
/// and relative paths.
pub(crate) fn assert_self_contained(html: &str) {
    for attribute in ["src=\"", "href=\"", "url(", "action=\"", "srcset=\"", "data=\""] {
        for after in html.split(attribute).skip(1) {
            let end = after.find(['"', ')']).unwrap();
            let address = &after[..end];
            let inside = address.starts_with("data:") || address.starts_with('#');
            let relative = !address.contains(':') && !address.starts_with('/');
            assert!(inside || relative, "{attribute}{address}");
        }
    }
    for word in ["<link", "@import", "<iframe", "<object", "fetch(", "XMLHttpRequest", "//cdn"] {
        assert!(!html.contains(word), "{word}");
    }
    assert!(html.contains("Content-Security-Policy") && html.contains("default-src 'none'"));
}
