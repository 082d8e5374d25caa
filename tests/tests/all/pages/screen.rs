//! What somebody reads on a terminal once a program has moved its cursor about.

/// The lines that these bytes leave on a screen that is wide and tall enough for all of them,
/// without colours and without spaces at their ends.
pub(super) fn lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut screen = Screen::default();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' => screen.escape(&mut letters),
            '\r' => screen.column = 0,
            '\n' => screen.row += 1,
            '\u{8}' => screen.column = screen.column.saturating_sub(1),
            letter if letter.is_control() && letter != '\t' => {}
            letter => screen.put(letter),
        }
    }
    let mut lines: Vec<String> = screen
        .lines
        .into_iter()
        .map(|line| line.into_iter().collect::<String>().trim_end().to_owned())
        .collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

#[derive(Default)]
struct Screen {
    lines: Vec<Vec<char>>,
    row: usize,
    column: usize,
}

impl Screen {
    fn line(&mut self) -> &mut Vec<char> {
        if self.lines.len() <= self.row {
            self.lines.resize(self.row + 1, Vec::new());
        }
        &mut self.lines[self.row]
    }

    fn put(&mut self, letter: char) {
        let column = self.column;
        let line = self.line();
        if line.len() <= column {
            line.resize(column + 1, ' ');
        }
        line[column] = letter;
        self.column += 1;
    }

    /// Obeys a control sequence; those it does not know change nothing.
    fn escape(&mut self, letters: &mut std::str::Chars<'_>) {
        if letters.next() != Some('[') {
            return;
        }
        let mut number = String::new();
        for letter in letters {
            if !('@'..='~').contains(&letter) {
                number.push(letter);
                continue;
            }
            let count: usize = number.parse().unwrap_or(1);
            let column = self.column;
            match letter {
                'A' => self.row = self.row.saturating_sub(count),
                'B' => self.row += count,
                'C' => self.column += count,
                'D' => self.column = self.column.saturating_sub(count),
                'G' => self.column = count.saturating_sub(1),
                'K' if number == "2" => self.line().clear(),
                'K' if number.is_empty() || number == "0" => self.line().truncate(column),
                'J' if number.is_empty() || number == "0" => {
                    self.line().truncate(column);
                    self.lines.truncate(self.row + 1);
                }
                _ => {}
            }
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_was_written_over_is_not_read() {
        for (bytes, read) in [
            ("a\r\nb\r\n", "a|b"),
            ("50 %\r100 %\r\n", "100 %"),
            (
                "one: 1\r\ntwo: 1\r\n\u{1b}[2A\u{1b}[2K\rone: 2\r\u{1b}[2Bend",
                "one: 2|two: 1|end",
            ),
            (
                "\u{1b}[2m12:00\u{1b}[0m \u{1b}[32mINFO\u{1b}[0m up\r\n",
                "12:00 INFO up",
            ),
            ("working…\r\u{1b}[Kdone\r\n\r\n", "done"),
            ("abc\u{8}\u{8}x", "axc"),
        ] {
            assert_eq!(super::lines(bytes.as_bytes()).join("|"), read, "{bytes:?}");
        }
    }
}
