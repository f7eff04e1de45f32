"""Alerts on recorded and on live data: settings, readings, the worker process, and previews."""
