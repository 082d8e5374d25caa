//! The storage traits, their value types and errors, and the stores in memory.
