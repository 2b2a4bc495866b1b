"""Break it on purpose, and prove that the breaking was real.

    scenario (data) → run (workload and faults) → record (ndjson) → judge → criteria → report

What the workload said over its pipe, and the exchange's own ledger, are the truth that judges; the
library's word is not.
"""
