"""What goes wrong, in the words of the command line."""

from __future__ import annotations


class NanoaidError(ValueError):
    """A call failed; the text says with which file, what was found, and what was expected."""


class ReadError(NanoaidError):
    """A file could not be read as a micrograph, or it shows nothing that can be computed with."""


class MissingFileError(ReadError, FileNotFoundError):
    """There is no such file."""


class NetworkError(NanoaidError):
    """A network could not be opened, or does not have the layer, class or part that was requested."""


class SettingError(NanoaidError):
    """A setting is out of range."""


class OutputError(NanoaidError):
    """Results could not be written."""


class InternalError(RuntimeError):
    """A fault of this program: please report it."""
