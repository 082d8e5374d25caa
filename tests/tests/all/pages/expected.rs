//! Whether what is seen is what a page shows.

use std::collections::BTreeMap;

/// What a page gave names to so far: `‹name›` in what is shown stands for any text the first
/// time, and for that text from then on, in what is typed as well.
pub(super) type Names = BTreeMap<String, String>;

/// What stands for any text in a line and, alone in a line, for any lines.
const ANYTHING: &str = "…";

/// Ends a line that asks for something: what was typed there stands before it.
const ENTER: &str = "⏎";

/// Compares, and learns the names. `None`: it is something else.
pub(super) fn compare(shown: &[String], seen: &[&str], names: &Names) -> Option<Names> {
    let Some((first, rest)) = shown.split_first() else {
        return seen.is_empty().then(|| names.clone());
    };
    if first.trim() == ANYTHING {
        return (0..=seen.len()).find_map(|skipped| compare(rest, &seen[skipped..], names));
    }
    let (line, left) = seen.split_first()?;
    let wanted = match question(first) {
        // What is secret is not seen when it is typed.
        Some((prompt, _)) if line.trim_end() == prompt.trim_end() => {
            return compare(rest, left, names);
        }
        Some((prompt, answer)) => format!("{prompt}{}", fill(answer, names)),
        None => first.clone(),
    };
    let names = compare_line(wanted.trim_end(), line.trim_end(), names)?;
    compare(rest, left, &names)
}

/// What a line asks, and what is typed in answer: behind `[y/N] `, else behind the first `: `.
pub(super) fn question(shown: &str) -> Option<(&str, &str)> {
    let line = shown.trim_end().strip_suffix(ENTER)?;
    let ends = ["] ", ": "]
        .iter()
        .find_map(|end| Some(line.find(end)? + end.len()));
    let (prompt, answer) = line.split_at(ends?);
    Some((prompt, answer.trim_end()))
}

/// What is typed: names stand for what they were given to.
pub(super) fn fill(text: &str, names: &Names) -> String {
    names.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("‹{name}›"), value)
    })
}

fn compare_line(shown: &str, seen: &str, names: &Names) -> Option<Names> {
    let special = shown.find(['…', '‹']);
    let Some(at) = special else {
        return (shown == seen).then(|| names.clone());
    };
    let seen = seen.strip_prefix(&shown[..at])?;
    let ends = || seen.char_indices().map(|(at, _)| at).chain([seen.len()]);
    if let Some(rest) = shown[at..].strip_prefix(ANYTHING) {
        return ends().find_map(|end| compare_line(rest, &seen[end..], names));
    }
    let (name, rest) = shown[at..].strip_prefix('‹')?.split_once('›')?;
    if let Some(value) = names.get(name) {
        return compare_line(rest, seen.strip_prefix(&**value)?, names);
    }
    ends().skip(1).find_map(|end| {
        let mut names = names.clone();
        names.insert(name.to_owned(), seen[..end].to_owned());
        compare_line(rest, &seen[end..], &names)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(shown: &str, seen: &str) -> Option<Names> {
        let shown: Vec<String> = shown.lines().map(str::to_owned).collect();
        let seen: Vec<&str> = seen.lines().collect();
        compare(&shown, &seen, &Names::from([("old".into(), "7".into())]))
    }

    #[test]
    fn what_a_page_shows_is_what_is_seen() {
        for (shown, seen, good) in [
            ("", "", true),
            ("a", "a  ", true),
            ("a", "b", false),
            ("a", "", false),
            ("", "a", false),
            ("a\n\nb", "a\n\nb", true),
            ("a\nb", "a\n\nb", false),
            ("…", "", true),
            ("…", "a\nb", true),
            ("a\n…\nd", "a\nb\nc\nd", true),
            ("a\n…\nd", "a\nb\nc", false),
            ("a … c", "a b b c", true),
            ("a…", "a", true),
            ("a … c", "a c", false),
            ("id ‹x›, ‹x›", "id 12, 12", true),
            ("id ‹x›, ‹x›", "id 12, 13", false),
            ("id ‹x›", "id ", false),
            ("‹old›", "7", true),
            ("‹old›", "8", false),
            ("Password: secret⏎\nok", "Password: \nok", true),
            ("User: ana⏎\nok", "User: ana\nok", true),
            ("User: ana⏎\nok", "User: ben\nok", false),
            ("Sure? [y/N] y⏎", "Sure? [y/N] y", true),
            ("Password: secret⏎", "Password: secret", true),
        ] {
            assert_eq!(is(shown, seen).is_some(), good, "{shown:?} {seen:?}");
        }
    }

    #[test]
    fn names_are_kept_for_what_is_typed() {
        let names = is("token ‹token›.", "token php_1.").unwrap();
        assert_eq!(
            fill("echo ‹token› ‹old› ‹else›", &names),
            "echo php_1 7 ‹else›"
        );
    }

    #[test]
    fn a_question_is_told_from_its_answer() {
        for (line, parts) in [
            ("Password: a: b⏎", Some(("Password: ", "a: b"))),
            (
                "sure: really? [y/N] y ⏎",
                Some(("sure: really? [y/N] ", "y")),
            ),
            (
                "of a at http://h:1: b⏎",
                Some(("of a at http://h:1: ", "b")),
            ),
            ("Password: a", None),
        ] {
            assert_eq!(question(line), parts, "{line}");
        }
    }
}
