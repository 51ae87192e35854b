"""Pieces of layout shared by the pages, and the live graph."""
