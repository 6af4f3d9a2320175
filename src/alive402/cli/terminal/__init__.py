"""What the commands share at a terminal: progress bars, missing extras, settings, thresholds."""

from __future__ import annotations

from alive402.cli.terminal import extras
from alive402.cli.terminal.extras import EXIT_MISSING, command_for, extra_of
from alive402.cli.terminal.progress import bar, file_bar, waiting
from alive402.cli.terminal.settings import read_settings, warn_of_unknown_settings
from alive402.cli.terminal.thresholds import threshold_of

__all__ = [
    "EXIT_MISSING",
    "bar",
    "command_for",
    "extra_of",
    "extras",
    "file_bar",
    "read_settings",
    "threshold_of",
    "waiting",
    "warn_of_unknown_settings",
]
