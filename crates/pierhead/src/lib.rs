//! The facade: Pierhead's crates under one name, and a builder that joins them.
