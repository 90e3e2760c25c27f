//! The folder in which fetched weights are kept: below the user's data folder of each system.

use std::ffi::OsString;
use std::path::PathBuf;

/// Environment variable with the folder for this program's data.
const OWN: &str = "NANOAID_DATA";

/// The folder of fetched weights as `variable` (usually `std::env::var_os`) gives the environment:
/// `weights` in `NANOAID_DATA`, else in `nanoaid` in the system's folder for a user's data.
///
/// Returns `None` if no variable says where that is.
pub fn folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    folder_on(std::env::consts::OS, variable)
}

fn folder_on(system: &str, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let path = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let program = path(OWN).or_else(|| {
        let data = match system {
            "macos" => path("HOME")?.join("Library/Application Support"),
            "windows" => path("LOCALAPPDATA")?,
            // the XDG specification has relative paths ignored
            _ => path("XDG_DATA_HOME")
                .filter(|path| path.is_absolute())
                .or_else(|| Some(path("HOME")?.join(".local/share")))?,
        };
        Some(data.join("nanoaid"))
    })?;
    Some(program.join("weights"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_that_of_the_system_unless_the_environment_names_one() {
        struct Case {
            system: &'static str,
            environment: &'static [(&'static str, &'static str)],
            folder: Option<&'static str>,
        }
        let cases = [
            Case {
                system: "linux",
                environment: &[("HOME", "/h")],
                folder: Some("/h/.local/share/nanoaid/weights"),
            },
            Case {
                system: "linux",
                environment: &[("HOME", "/h"), ("XDG_DATA_HOME", "/x")],
                folder: Some("/x/nanoaid/weights"),
            },
            Case {
                system: "linux",
                environment: &[("HOME", "/h"), ("XDG_DATA_HOME", "x")],
                folder: Some("/h/.local/share/nanoaid/weights"),
            },
            Case {
                system: "macos",
                environment: &[("HOME", "/h"), ("XDG_DATA_HOME", "/x")],
                folder: Some("/h/Library/Application Support/nanoaid/weights"),
            },
            Case {
                system: "windows",
                environment: &[("LOCALAPPDATA", "/l")],
                folder: Some("/l/nanoaid/weights"),
            },
            Case {
                system: "linux",
                environment: &[("HOME", "/h"), ("XDG_DATA_HOME", "/x"), ("NANOAID_DATA", "/n")],
                folder: Some("/n/weights"),
            },
            Case { system: "linux", environment: &[("HOME", ""), ("NANOAID_DATA", "")], folder: None },
            Case { system: "windows", environment: &[("HOME", "/h")], folder: None },
        ];
        for Case { system, environment, folder } in cases {
            let variable =
                |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
            assert_eq!(folder_on(system, variable), folder.map(PathBuf::from), "{system} {environment:?}");
        }
    }
}
