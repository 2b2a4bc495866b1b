"""Detection on injected faults: one discrepancy at a time, at random, and was it seen?"""
