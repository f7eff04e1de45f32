"""One streaming statistic per file, windows written once. Nothing is imported here: `stats.coverage` stays light."""
