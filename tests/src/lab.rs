//! The set-up most tests need.

/// One project, `syn101`, and one certified account that owns it, `ana`.
pub const LAB: &str = r#"
[[user]]
name = "ana"
email = "ana@example.org"
password = "ana-keeps-her-bytes"
certified = true

[[project]]
id = "syn101"
name = "Genomics"
owner = "ana"
"#;

/// The password of `ana`.
pub const ANA_PASSWORD: &str = "ana-keeps-her-bytes";
