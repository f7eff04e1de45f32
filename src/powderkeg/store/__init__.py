"""Journal of raw frames, Parquet archive, queries, importers.

The journal is the truth. Everything after it is a view that can be rebuilt from it, byte for byte.

    journal_format.py   the bytes of a journal: tables, batches, checksums
    journal_file.py     opening journals, for writing and for reading
    journal.py          the writer
    journal_reader.py   the reader, which never returns a damaged record
    rows.py             the seam to imported tables
    decode.py           records to events, in any number of parts
    overlap.py          rows two connections of a venue both saw
    columns.py          events to columns
    parquet.py          columns to files, in bounded memory
    archive_pass.py     one pass over a journal
    archive.py          grow, seal, rebuild
    manifest.py         the archive's commit point
    spans.py            when what was observed
    identity.py         when two rows are one event
    repeats.py          what of a file has to be compared
    tail.py             a journal's records behind the archive
    query.py            SQL over all of it
    lock.py             a lock that dies with its holder
"""
