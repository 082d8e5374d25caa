//! What commands write, and what they ask whoever is at the terminal.

use std::io::{self, Write as _};

use crate::failure::Failure;
use crate::prompt;

/// Writes an answer. Whoever stops reading it, as `head` does, has had enough.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::because("the answer was not written", &error))
        }
        _ => Ok(()),
    }
}

/// Says something beside the answer. Nobody need hear it.
pub(crate) fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Asks whoever is at the terminal; without anybody there, it has to be told beforehand.
pub(crate) fn confirm(question: &str, yes: bool) -> Result<bool, Failure> {
    if yes {
        return Ok(true);
    }
    if !prompt::somebody_is_there() {
        return Err(Failure::told(
            "nobody is at the terminal to be asked; add --yes to go on without",
        ));
    }
    let answer = prompt::line(&format!("{question} [y/N] "))
        .map_err(|error| Failure::because("no answer", &error))?;
    Ok(answer.starts_with(['y', 'Y']))
}

/// Without what would move a terminal's cursor, change its colours, or turn the direction of a line.
pub(crate) fn plain(text: &str) -> String {
    let shown = |letter| if is_obeyed(letter) { ' ' } else { letter };
    text.chars().map(shown).collect()
}

/// Whether a terminal does something else with a letter than show it.
pub(crate) fn is_obeyed(letter: char) -> bool {
    let turns = matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    letter.is_control() || turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor_or_turns_a_line() {
        for (text, shown) in [
            ("tools\u{1b}[2J", "tools [2J"),
            ("a\nb\tc\u{7f}\u{9b}", "a b c  "),
            ("v1\u{202e}gpj", "v1 gpj"),
            ("v1\u{61c}gpj", "v1 gpj"),
            ("Ärzte – 東京", "Ärzte – 東京"),
        ] {
            assert_eq!(plain(text), shown);
        }
    }

    #[test]
    fn whoever_is_sure_is_not_asked() {
        assert!(confirm("?", true).expect("it was told"));
    }
}
