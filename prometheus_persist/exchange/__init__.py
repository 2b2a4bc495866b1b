"""Shell. The venue: a reader with completeness per source; OKX through ccxt, imported when used."""
