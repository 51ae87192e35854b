"""The command line: options to settings, calls into the core, progress and results as text."""
