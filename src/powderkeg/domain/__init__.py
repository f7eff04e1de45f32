"""The market's nouns: events, instruments, units, time, errors. This layer depends on nothing else of the package."""
