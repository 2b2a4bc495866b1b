"""Pure. Every cent that moved is booked, explained, or a finding.

``explained`` the whole of it · ``bills`` ``bill_evidence`` ``funding`` ``penalty`` what moved it ·
``residual_money`` what nothing explains.
"""
