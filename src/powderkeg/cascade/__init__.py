"""What happens if price gets there: ladder, Monte Carlo, and the exact exchange they are checked against."""
