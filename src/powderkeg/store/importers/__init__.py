"""Recorded files as journals and events: one module per family of files."""
