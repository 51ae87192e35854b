"""Measurements: each prints a table and writes JSON; none of them is a test."""
