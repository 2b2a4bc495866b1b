"""For tests, of this library and of other people's: a disk in memory, and what any disk must do.

``memory_fs`` the reference implementation of ``Fs`` with a model of a power cut · ``fs_contract``
the checks that a back-end of one's own can run.
"""
