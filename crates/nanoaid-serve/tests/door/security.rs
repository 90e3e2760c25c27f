//! Who is let in, and what no request can reach.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nanoaid_serve::ServeOptions;

use crate::client::{Running, reply};

/// Method, path, Host, Origin, Sec-Fetch-Site, cookie; status and a word of the answer.
type Case<'a> = (&'a str, &'a str, &'a str, Option<&'a str>, Option<&'a str>, Option<&'a str>, u16, &'a str);

#[test]
fn only_the_page_of_this_server_is_answered() {
    let server = Running::default();
    let (port, token) = (server.port, server.token.clone());
    let own = format!("http://127.0.0.1:{port}");
    let here = format!("127.0.0.1:{port}");
    let cookie = format!("nanoaid-{port}={token}");
    let cases: [Case<'_>; 21] = [
        ("GET", "/api/start", &here, None, Some("same-origin"), Some(&cookie), 200, "networks"),
        ("GET", "/api/start", "localhost:9999", None, None, Some(&cookie), 200, "networks"),
        ("GET", "/api/start", "LOCALHOST", None, None, Some(&cookie), 200, "networks"),
        ("GET", "/api/start", "[::1]:1", None, None, Some(&cookie), 200, "networks"),
        ("GET", "/api/start", "evil.example", None, None, Some(&cookie), 403, "Host"),
        ("GET", "/api/start", "localhost.evil.com", None, None, Some(&cookie), 403, "Host"),
        ("GET", "/api/start", "127.0.0.1.evil.com", None, None, Some(&cookie), 403, "Host"),
        ("GET", "/api/start", "", None, None, Some(&cookie), 403, "Host"),
        ("GET", "/", "evil.example", None, Some("none"), None, 403, "--base-url"),
        ("GET", "/api/start", &here, Some("http://evil.example"), None, Some(&cookie), 403, "another page"),
        ("GET", "/api/start", &here, Some("null"), None, Some(&cookie), 403, "another page"),
        ("GET", "/api/start", &here, Some("file://"), None, Some(&cookie), 403, "another page"),
        ("POST", "/api/jobs", &here, Some("http://127.0.0.1"), None, Some(&cookie), 403, "another page"),
        ("POST", "/api/jobs", &here, None, None, Some(&cookie), 403, "Origin"),
        ("POST", "/api/jobs", &here, Some(&own), None, Some(&cookie), 400, "not as expected"),
        ("GET", "/api/start", &here, None, Some("cross-site"), Some(&cookie), 403, "another site"),
        ("GET", "/api/start", &here, None, Some("same-site"), Some(&cookie), 403, "another site"),
        ("GET", "/api/start", &here, None, Some("none"), Some(&cookie), 403, "another site"),
        ("GET", "/api/start", &here, None, None, None, 403, "token"),
        ("GET", "/", &here, None, Some("none"), None, 403, "?token="),
        ("GET", "/assets/app.js", &here, None, None, Some("nanoaid-1=x"), 403, "token"),
    ];
    for (method, path, host, origin, site, cookie, status, word) in cases {
        let line = |name: &str, value: Option<&str>| {
            value.map_or(String::new(), |value| format!("{name}: {value}\r\n"))
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Host: 127.0.0.1\r\n{}{}{}Connection: close\r\nContent-Length: 0\r\n\r\n",
            line("Origin", origin),
            line("Sec-Fetch-Site", site),
            line("Cookie", cookie)
        );
        let found = server.raw(head.as_bytes());
        let case = format!("{method} {path} from {host}, {origin:?}, {site:?}");
        assert_eq!(found.status, status, "{case}: {}", found.text());
        assert!(found.text().contains(word), "{case}: {}", found.text());
        for header in ["content-security-policy", "x-content-type-options", "cross-origin-resource-policy"] {
            assert!(found.header(header).is_some(), "{case}: no {header}");
        }
        assert!(found.header("access-control-allow-origin").is_none(), "{case}");
    }
}

#[test]
fn the_token_becomes_a_cookie_and_leaves_the_address() {
    let server = Running::default();
    let (port, token) = (server.port, &server.token);
    let ask = |token: &str| {
        let head = format!(
            "GET /?token={token} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nSec-Fetch-Site: none\r\nConnection: close\r\n\r\n"
        );
        server.raw(head.as_bytes())
    };
    let found = ask(token);
    assert_eq!((found.status, found.header("location").as_deref()), (303, Some("/")));
    let cookie = found.header("set-cookie").unwrap();
    assert_eq!(cookie, format!("nanoaid-{port}={token}; HttpOnly; SameSite=Strict; Path=/"));
    for wrong in ["", "0", &token[1..], &format!("{token}0"), "%00"] {
        let found = ask(wrong);
        assert_eq!(found.status, 403, "{wrong}");
        assert!(found.header("set-cookie").is_none());
    }
    assert_eq!(Running::default().token.len(), 48);
    assert_ne!(Running::default().token, *token, "new at each start");
}

#[test]
fn no_path_of_a_request_leads_to_a_file() {
    let server = Running::default();
    for path in [
        "/assets/..%2F..%2FCargo.toml",
        "/assets/../Cargo.toml",
        "/assets/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/etc/passwd",
        "//etc/passwd",
        "/assets/",
        "/assets/app.js%00.css",
        "/api/examples/..%2F..%2Fetc%2Fpasswd",
        "/api/info?image=../../etc/passwd",
        "/api/info?image=%2Fetc%2Fpasswd",
        "/api/plane?what=image&image=C:%5CWindows%5Cwin.ini",
        "/api/info?image=%5C%5Cevil%5Cshare",
        "/api/made/..%2F..%2Fetc/passwd",
        "/api/jobs/1/picture",
    ] {
        let found = server.get(path);
        assert_eq!(found.status, 404, "{path}: {}", found.text());
        assert!(!found.text().contains("root:"), "{path}");
    }
}

#[test]
fn a_password_is_asked_for_where_one_is_set() {
    let options =
        ServeOptions { password: Some("correct horse battery".to_owned()), ..ServeOptions::default() };
    let server = Running::start(options);
    let port = server.port;
    let send = |method: &str, path: &str, body: &str| {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        server.raw(head.as_bytes())
    };
    let page = send("GET", "/", "");
    assert!(page.status == 200 && page.text().contains("type=\"password\""), "{}", page.text());
    assert_eq!(send("POST", "/login", "password=wrong").status, 403);
    assert_eq!(send("GET", "/api/start", "").status, 403);
    let found = send("POST", "/login", "password=correct+horse%20battery");
    assert_eq!(found.status, 303);
    let cookie = found.header("set-cookie").unwrap();
    assert!(!cookie.contains("horse"), "the cookie is not the password");
    let cookie = cookie.split(';').next().unwrap();
    let head = format!(
        "GET /api/start HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(server.raw(head.as_bytes()).status, 200);
}

#[test]
fn behind_a_proxy_it_answers_with_and_without_the_path_before_it() {
    let base_url = Some("https://lab.example/sem".parse().unwrap());
    let server = Running::start(ServeOptions { base_url, ..ServeOptions::default() });
    let (port, token) = (server.port, &server.token);
    for (path, status) in
        [("/api/start", 200), ("/sem/api/start", 200), ("/sem/", 200), ("/", 200), ("/other/api/start", 404)]
    {
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: lab.example\r\nCookie: nanoaid-{port}={token}\r\nConnection: close\r\n\r\n"
        );
        assert_eq!(server.raw(head.as_bytes()).status, status, "{path}");
    }
    let head = format!("GET /sem/?token={token} HTTP/1.1\r\nHost: lab.example\r\nConnection: close\r\n\r\n");
    let found = server.raw(head.as_bytes());
    assert_eq!((found.status, found.header("location").as_deref()), (303, Some("/sem/")));
}

#[test]
fn clients_that_send_nothing_or_nonsense_hold_up_nobody() {
    let server = Running::default();
    let silent: Vec<_> = (0..64).map(|_| server.connect()).collect();
    let begun = Instant::now();
    assert_eq!(server.get("/api/start").status, 200);
    assert!(begun.elapsed() < Duration::from_secs(10));
    drop(silent);
    for nonsense in
        [&b"\0\0\0\0\r\n\r\n"[..], b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00"]
    {
        let mut stream = server.connect();
        stream.write_all(nonsense).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let found = reply(&mut stream);
        assert!(found.status == 400 || found.status == 0 || found.status == 505, "{}", found.head);
    }
    let long = format!("GET /{} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "a".repeat(1 << 20));
    assert!([0, 400, 414, 431].contains(&server.raw(long.as_bytes()).status));
    assert_eq!(server.get("/api/start").status, 200);
}

#[test]
fn sixty_four_clients_at_once_are_answered() {
    let server = Arc::new(Running::default());
    let image = server.specimen("dots");
    let threads: Vec<_> = (0..64)
        .map(|n| {
            let (server, image) = (Arc::clone(&server), image.clone());
            std::thread::spawn(move || {
                let path = match n % 3 {
                    0 => "/api/start".to_owned(),
                    1 => format!("/api/layer?image={image}&network=autoencoder&layer=encoder.{}", 1 + n % 2),
                    _ => format!(
                        "/api/plane?what=map&image={image}&network=autoencoder&layer=encoder.1&channel={}",
                        n % 8
                    ),
                };
                let found = server.get(&path);
                assert_eq!(found.status, 200, "{path}: {}", found.text());
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}
