"""Speed claims that can be run again: `powderkeg bench [NAME ...]`, `make bench`.

Each module here measures one room against the peer its claim names, in one process and one run, and returns
`Measure`s; `docs/benchmarks.md` keeps what they said. Wall-clock numbers on shared machines wander, so claims are
ratios or carry a wide margin, and nothing here is a test.
"""
