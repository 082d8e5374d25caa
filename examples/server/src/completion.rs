//! `pierhead completion`: what a shell needs to complete a command line.

use clap::Args;
use clap_complete::{Shell, generate};

use crate::cli;

/// For which shell.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  source <(pierhead completion bash)\n  \
    pierhead completion bash > /etc/bash_completion.d/pierhead\n  \
    pierhead completion zsh > /usr/local/share/zsh/site-functions/_pierhead\n  \
    pierhead completion fish > ~/.config/fish/completions/pierhead.fish")]
pub(crate) struct CompletionArgs {
    /// The shell
    #[arg(value_parser = ["bash", "zsh", "fish"])]
    shell: String,
}

/// Writes it on standard output.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn completion(args: &CompletionArgs) -> Result<(), crate::failure::Failure> {
    let shell = match &*args.shell {
        "zsh" => Shell::Zsh,
        "fish" => Shell::Fish,
        _ => Shell::Bash,
    };
    let mut script = Vec::new();
    generate(shell, &mut cli::line(), "pierhead", &mut script);
    crate::terminal::print(&String::from_utf8_lossy(&script))
}
