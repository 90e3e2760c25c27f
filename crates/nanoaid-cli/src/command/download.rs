//! A download as it is shown on standard error.

use std::ops::ControlFlow;

use nanoaid::download::DownloadEvent;

use crate::interrupt;
use crate::outcome::say;
use crate::progress::Progress;

const MEGABYTE: u64 = 1_000_000;

/// `bytes` in MB.
pub(super) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / MEGABYTE as f64)
}

/// The download of one file.
pub(super) struct ShownDownload {
    name: String,
    progress: Option<Progress>,
}

impl ShownDownload {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), progress: None }
    }

    /// Shows `event`; a break where the user has interrupted.
    pub(super) fn event(&mut self, event: DownloadEvent) -> ControlFlow<()> {
        match event {
            DownloadEvent::Bytes { done, total } => {
                let total = total.unwrap_or(done).div_ceil(MEGABYTE);
                let progress = self.progress.get_or_insert_with(|| Progress::new(total, "MB"));
                progress.set(done / MEGABYTE, &self.name);
            }
            DownloadEvent::Continued { bytes } => self.line(&format!("continues after {bytes} bytes")),
            DownloadEvent::StartedOver { reason } => self.line(&format!("starts over: {reason}")),
            DownloadEvent::Again { reason, pause } => {
                self.line(&format!("{reason}; tries again in {} s", pause.as_secs_f64()));
            }
        }
        interrupt::flow()
    }

    fn line(&self, text: &str) {
        let text = format!("{}: {text}", self.name);
        match &self.progress {
            Some(progress) => progress.line(&text),
            None => say(&text),
        }
    }

    pub(super) fn finish(self) {
        if let Some(progress) = self.progress {
            progress.finish();
        }
    }
}
