"""Shell. OKX over WebSocket: ``sockets`` the wire, ``links`` one connection, ``hub`` all."""
