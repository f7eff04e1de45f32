"""One streaming statistic per file; windows written once. Pure: no clock, no disk."""
