//! The distribution protocol and the token endpoint as a tower service.
