"""Analytics: usage and costs as charts and tables."""
