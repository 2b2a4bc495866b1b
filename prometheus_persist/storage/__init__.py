"""Shell. WHERE bytes live: the ``Fs`` seam, local files, the lock, and the store on top of them."""
