"""Pure. WHAT people are told: the facts of a recovery, in Chinese, in English, and as JSON."""
