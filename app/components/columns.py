"""Columns of tables that mean the same on every page and so look the same."""

from __future__ import annotations

import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig


def probability(meaning: str | None = None, label: str | None = None) -> ColumnConfig:
    """A number from 0 to 1, as bar and figure; ``label`` in place of the column's own name."""
    return st.column_config.ProgressColumn(
        label, width="small", format="%.2f", min_value=0.0, max_value=1.0, help=meaning
    )


def percentage(meaning: str | None = None) -> ColumnConfig:
    """A number from 0 to 100, as bar and figure."""
    return st.column_config.ProgressColumn(
        width="small", format="%.0f%%", min_value=0.0, max_value=100.0, help=meaning
    )


def number(decimals: int, meaning: str | None = None, unit: str = "") -> ColumnConfig:
    """A figure with so many decimals, right-aligned."""
    unit = unit.replace("%", "%%")
    return st.column_config.NumberColumn(format=f"%.{decimals}f{unit}", help=meaning)
