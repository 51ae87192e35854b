"""Runs on disk: what is recorded, where it lies, and the process that trains."""
