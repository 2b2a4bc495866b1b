"""Shell. A process that answers on a port, and can be killed: ``http`` the port, ``serve`` the
process, ``runner`` starts one from another process, ``tls`` its certificates.
"""
