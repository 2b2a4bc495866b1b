"""The check of OKX demo trading: the same script against OKX and against fakeokx, compared.

``check`` the script · ``demo_line`` ``tidy_up`` ``round_trip`` its requests · ``transcript``
``shape`` ``differences`` ``known`` what was seen beside ``reference/``, what fakeokx answers ·
``command`` ``words`` what ``reconcile --sandbox`` prints.
"""
