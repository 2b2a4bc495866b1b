"""OKX, read through an unmodified ``ccxt.okx`` client.

``client`` the reader and how it is made · ``view`` one reading, source by source · ``sources``
``pages`` ``query`` what is asked, and how it is known that a list came whole · ``rows``
``money_rows`` ``fields`` ``listed`` from exact text to exact values · ``order_lookup`` one order of
ours · ``rate_limit`` ``scheduler`` how fast, and many walks at once · ``sender`` ``expiring``
orders that leave · ``allowed_hosts`` where signed requests may go · ``refusals`` what to do when
OKX refuses a key.
"""
