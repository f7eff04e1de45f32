"""Live collection: frames of many venues into the journal, and from there into numbers, while things go wrong.

A frame is admitted or counted as shed, then journaled (staged at once, durable within 250 ms), then it waits in its
venue's queue, is decoded as a replay would, and moves the totals.

    streams.py     which class of stream a frame is of, told cheaply, only when something has to be shed
    queues.py      bounded queues and the declared order of shedding
    admission.py   whether an offered frame is taken
    ledger.py      what was not taken, as gaps
    watched.py     when each stream was watched
    recorder.py    journals by day, commits off the loop, the pause when the disk is full
    lag.py         quantiles of delays in constant memory
    counters.py    everything counted, as plain structs
    session.py     the wiring of all of it: what feeds report goes in, numbers come out
    rebuild.py     windows as an uninterrupted run would have them, after a restart
    snapshot.py    what a terminal or a page shows, at most four times a second
    archiver.py    a worker process that archives what was journaled
    collector.py   a collector from start to stop
"""
