//! Digests, manifests, repository names and the other words of the distribution protocol.
