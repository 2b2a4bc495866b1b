"""Shell. OKX over REST: ``calls`` one request from arrival to answer, ``reads`` and ``writes`` its
endpoints.
"""
