// Lets peer.go declare functions without a body.
