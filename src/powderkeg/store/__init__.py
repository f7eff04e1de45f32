"""What is kept: the journal of raw frames, the typed archive made from it, and queries over both.

The journal is the truth. Everything after it is a view that can be rebuilt from it, byte for byte.

    journal_format.py   the bytes of a journal: tables, batches, checksums
    journal.py          the writer
    journal_reader.py   the reader, which never returns a damaged record
    decode.py           records to events, in any number of parts
    archive.py          events to Parquet, committed by a manifest
    query.py            DuckDB over the archive and the journals' undecoded tails
"""
