// Bad input over real sockets.
