"""Journal of raw frames, Parquet archive, queries, importers, exporters."""
