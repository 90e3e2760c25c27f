//! `nanoaid serve`: the local web app, for one user on this machine.

use std::env;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use micrograph::regular;
use nanoaid::Device;
use nanoaid_serve::{BaseUrl, ServeOptions, Server};

use super::memory::Memory;
use super::specimen::NANOWIRES;
use crate::interrupt;
use crate::outcome::{Failure, Outcome, print, say};

/// Most bytes of a file with a password.
const MOST_PASSWORD_BYTES: u64 = 4096;

/// Arguments of `serve`.
#[derive(Args)]
pub(crate) struct ServeArguments {
    /// Networks beside the built-in ones: run folders, files of networks (.safetensors, .onnx)
    runs: Vec<PathBuf>,
    /// Micrographs to list on the page, to look for what units respond to, and to train on: folder of category
    /// folders, flat folder, or index CSV
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Site that `nanoaid site` made: its pictures, patches and curves are shown of a unit
    #[arg(long, value_name = "DIR")]
    site: Option<PathBuf>,
    /// Folder for networks that are trained on the page
    #[arg(long, value_name = "DIR", default_value = "trained")]
    out: PathBuf,
    /// Port; by default 8765, or the next free one
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Do not open a browser
    #[arg(long)]
    no_browser: bool,
    /// Address to listen on; one that other machines can reach needs --password-file
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    host: IpAddr,
    /// File whose first line is the password, at least 12 characters
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Address at which a proxy shows the page, e.g. `https://lab.example/nanoaid/`
    #[arg(long, value_name = "URL")]
    base_url: Option<BaseUrl>,
    /// Largest file that can be dropped
    #[arg(long, value_name = "SIZE", default_value = "1G")]
    upload_limit: Memory,
    /// Most memory for images and maps that are kept
    #[arg(long, value_name = "SIZE", default_value = "1G")]
    keep: Memory,
    /// Where networks run
    #[arg(long, default_value_t = Device::Cpu)]
    device: Device,
}

/// Answers until Ctrl-C.
pub(crate) fn run(arguments: &ServeArguments) -> Result<Outcome, Failure> {
    let password = arguments.password_file.as_deref().map(password_of).transpose()?;
    let server = Server::bind(ServeOptions {
        host: arguments.host,
        port: arguments.port,
        password,
        base_url: arguments.base_url.clone(),
        networks: arguments.runs.clone(),
        data: arguments.data.clone(),
        site: arguments.site.clone(),
        trained: arguments.out.clone(),
        most_upload_bytes: arguments.upload_limit.bytes as u64,
        memory_budget_bytes: arguments.keep.bytes,
        device: arguments.device,
        example: Some((NANOWIRES.file.to_owned(), NANOWIRES.bytes.to_vec())),
    })?;
    let (port, address) = (server.port(), server.address());
    if let Some(wanted) = server.port_in_use() {
        say(&format!("port {wanted} is in use: this is port {port}"));
    }
    if !arguments.host.is_loopback() {
        say(&format!(
            "listening on {}: every machine that can reach this one sees the page that asks for the password, and what is sent is not encrypted",
            arguments.host
        ));
    }
    print(&format!("{address}\n"))?;
    if env::var_os("SSH_CONNECTION").is_some() {
        let host = env::var("HOSTNAME").unwrap_or_else(|_| "HOST".to_owned());
        say(&format!(
            "from your computer: ssh -N -L {port}:127.0.0.1:{port} {host}, then open the address above"
        ));
    }
    say("Ctrl-C stops the server and deletes the dropped files");
    if !arguments.no_browser && has_display() && !browse(&address) {
        say("no browser could be opened: open the address above");
    }
    server.run(interrupt::is_raised)?;
    Ok(Outcome::Done)
}

/// The first line of the file at `path`.
fn password_of(path: &Path) -> Result<String, Failure> {
    let text = regular::read_text(path, MOST_PASSWORD_BYTES).map_err(|error| Failure::at(path, error))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// Whether a browser would be seen.
fn has_display() -> bool {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    if is_set("SSH_CONNECTION") {
        return false;
    }
    cfg!(any(windows, target_os = "macos")) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

/// Opens `address` in the user's browser.
fn browse(address: &str) -> bool {
    let (program, before): (&str, &[&str]) = if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else if cfg!(target_os = "macos") {
        ("open", &[])
    } else {
        ("xdg-open", &[])
    };
    let mut command = Command::new(program);
    command.args(before).arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok()
}
