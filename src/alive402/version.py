"""The version of the package and of the engine; one place, read by the build and by every report."""

VERSION = "0.1.0"
