"""Pure. The catalogue: every sentence for people, in Chinese and English, by message id.

Only data. ``report.messages`` puts the tables together and looks a sentence up.
"""
