"""Journal of raw frames, Parquet archive, queries, importers, exporters: the only room that touches the disk."""
