"""The present status of objectives: counts, burns and remaining budgets."""
