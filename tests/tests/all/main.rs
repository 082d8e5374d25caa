//! The real server, as its users and its attackers meet it.

mod architecture;
