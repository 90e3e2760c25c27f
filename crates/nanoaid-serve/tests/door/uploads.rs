//! Files that are dropped: good ones, damaged ones, cut off ones, and names that mean something else.

use std::fs;
use std::io::Write;

use nanoaid_serve::ServeOptions;

use crate::client::{Running, png, reply, upload};

#[test]
fn an_image_is_known_by_its_hash_and_its_name_is_text() {
    let server = Running::default();
    let bytes = png(40, 60);
    for (name, shown) in [
        ("plain.png", "plain.png"),
        ("../../x.png", "x.png"),
        ("<script>alert(1)<.png", "<script>alert(1)<.png"),
        ("a\"b'\n\0.png", "a\"b'.png"),
        ("", "image"),
    ] {
        let found = server.drop_files(&[(name, &bytes)]);
        assert_eq!(found.status, 200, "{name:?}: {}", found.text());
        let (id, json) = (found.json()["id"].as_str().unwrap().to_owned(), found.json());
        assert_eq!(json["name"], shown, "{name:?}");
        let info = server.get(&format!("/api/info?image={id}"));
        assert_eq!(info.header("content-type").as_deref(), Some("application/json"));
        assert_eq!(
            (&info.json()["facts"]["path"], &info.json()["facts"]["width"]),
            (&shown.into(), &60.into())
        );
    }
}

#[test]
fn a_text_beside_the_image_calibrates_it() {
    let server = Running::default();
    let bytes = png(40, 60);
    let text = b"[MAIN]\nDevice=VEGA\nPixelSizeX=2e-009\nPixelSizeY=2e-009\n[SEM]\nHV=20000.0\n";
    let alone = server.drop_files(&[("a.png", &bytes)]).json()["id"].as_str().unwrap().to_owned();
    let info = server.get(&format!("/api/info?image={alone}")).json();
    assert!(info["facts"]["calibration"].is_null(), "{info}");
    // the same bytes with a text are another image, and the first stays
    let with = server.drop_files(&[("a.png", &bytes), ("a-png.hdr", text)]);
    let info = server.get(&format!("/api/info?image={}", with.json()["id"].as_str().unwrap())).json();
    assert!((info["facts"]["calibration"]["nm_per_px_x"].as_f64().unwrap() - 2.0).abs() < 1e-9, "{info}");
    assert_eq!(info["sha256"], alone.as_str());
    server.ask("DELETE", &format!("/api/images/{alone}"), b"");
    assert_eq!(server.get(&format!("/api/info?image={alone}")).status, 404);
}

#[test]
fn uploads_that_are_wrong_are_refused_with_the_reason() {
    let options = ServeOptions { most_upload_bytes: 10_000, ..ServeOptions::default() };
    let server = Running::start(options);
    let good = png(20, 20);
    let announced = |list: &str, bytes: &[u8]| {
        let mut body = (list.len() as u32).to_le_bytes().to_vec();
        body.extend_from_slice(list.as_bytes());
        body.extend_from_slice(bytes);
        server.ask("POST", "/api/images", &body)
    };
    let texts = upload(&[("a.png", &good), ("b.txt", &good)]);
    for (name, found, status, word) in [
        ("nothing", server.ask("POST", "/api/images", b""), 400, "ends before"),
        ("a short length", server.ask("POST", "/api/images", b"\x01"), 400, "ends before"),
        (
            "an endless list",
            server.ask("POST", "/api/images", b"\xff\xff\xff\xff[]"),
            400,
            "list of files has",
        ),
        ("no list", announced("{", b""), 400, "not as expected"),
        ("an empty list", announced("[]", b""), 400, "empty"),
        (
            "a file that is too large",
            announced("[{\"name\":\"a.png\",\"size\":10001}]", b""),
            413,
            "--upload-limit",
        ),
        ("a file of 2^63", announced("[{\"name\":\"a.png\",\"size\":9223372036854775807}]", b""), 413, "MiB"),
        ("a negative size", announced("[{\"name\":\"a.png\",\"size\":-1}]", b""), 400, "not as expected"),
        (
            "an unknown key",
            announced("[{\"name\":\"a.png\",\"size\":1,\"path\":\"/etc\"}]", b"x"),
            400,
            "not as expected",
        ),
        (
            "a large text",
            announced("[{\"name\":\"a.png\",\"size\":1},{\"name\":\"a.txt\",\"size\":2000000}]", b"x"),
            400,
            "a.txt",
        ),
        ("less than announced", announced("[{\"name\":\"a.png\",\"size\":9000}]", &good), 400, "ends before"),
        ("no image", announced("[{\"name\":\"a.png\",\"size\":4}]", b"text"), 422, "a.png"),
        ("an image and a text", server.ask("POST", "/api/images", &texts), 200, "a.png"),
    ] {
        assert_eq!(found.status, status, "{name}: {}", found.text());
        assert!(found.text().contains(word), "{name}: {}", found.text());
        assert!(
            !found.text().contains("nanoaid-serve-"),
            "{name} names a temporary folder: {}",
            found.text()
        );
    }
}

#[test]
fn an_upload_that_is_cut_off_leaves_the_server_as_it_was() {
    let server = Running::default();
    let body = upload(&[("a.png", &png(200, 200))]);
    for end in [0, 3, 10, body.len() / 2, body.len() - 1] {
        let (port, token) = (server.port, &server.token);
        let head = format!(
            "POST /api/images HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\nCookie: nanoaid-{port}={token}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = server.connect();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body[..end]).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let found = reply(&mut stream);
        assert!(found.status == 0 || found.status == 400, "{end}: {} {}", found.head, found.text());
    }
    assert_eq!(server.get("/api/start").json()["images"].as_array().map(Vec::len), Some(0));
    assert_eq!(server.drop_files(&[("a.png", &png(20, 20))]).status, 200);
}

#[test]
fn damaged_files_are_refused_or_read_and_the_server_stays() {
    let Some(folder) = test_support::shared("data/malformed") else { return };
    let server = Running::default();
    let (mut n_refused, mut n_taken) = (0, 0);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.is_file()) {
        let (name, bytes) = (path.file_name().unwrap().to_string_lossy(), fs::read(path).unwrap());
        let found = server.drop_files(&[(&name, &bytes)]);
        match found.status {
            422 => n_refused += 1,
            200 => {
                n_taken += 1;
                let id = found.json()["id"].as_str().unwrap().to_owned();
                let info = server.get(&format!("/api/info?image={id}"));
                assert!(matches!(info.status, 200 | 422), "{name}: {} {}", info.status, info.text());
                server.ask("DELETE", &format!("/api/images/{id}"), b"");
            }
            status => panic!("{name}: {status} {}", found.text()),
        }
    }
    assert!(n_refused > 100, "{n_refused} refused, {n_taken} taken");
    // pieces of good files, and good files with one byte changed
    let good = png(30, 40);
    for n in 0..200 {
        let mut bytes = good.clone();
        let place = n * bytes.len() / 200;
        if n % 2 == 0 {
            bytes.truncate(place)
        } else {
            bytes[place] ^= 0x55
        }
        let found = server.drop_files(&[("a.png", &bytes)]);
        assert!(matches!(found.status, 200 | 422), "{n}: {} {}", found.status, found.text());
    }
    assert_eq!(server.get("/api/start").status, 200);
}
