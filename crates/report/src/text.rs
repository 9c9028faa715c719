//! Untrusted text made fit to show: escapes, columns, elision and wrapping.

use unicode_width::UnicodeWidthChar;

/// The text with control, direction and other invisible characters written as `\u{hex}`, so that nothing shown can
/// move the cursor, reorder its neighbours or hide in a name.
pub(crate) fn visible(text: &str) -> String {
    escaped(text, |_| false)
}

/// The text with control, direction and other invisible characters written as `\u{hex}`; line breaks and tabs stay.
pub fn visible_lines(text: &str) -> String {
    escaped(text, |character| matches!(character, '\n' | '\t'))
}

/// A sentence or message on one line: white space of any kind becomes one space, the rest as [`visible`], cut to
/// `limit` columns.
pub(crate) fn prose(text: &str, limit: usize) -> String {
    let words: Vec<String> = text.split_whitespace().map(visible).collect();
    elide(&words.join(" "), limit)
}

fn escaped(text: &str, kept: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_invisible(character) && !kept(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Characters without a shape of their own, and those that no XML document may hold.
///
/// Source: Unicode 17 property `Default_Ignorable_Code_Point`, the bidirectional controls, the line and paragraph
/// separators, the interlinear annotation marks and the noncharacters.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || u32::from(character) & 0xfffe == 0xfffe
}

/// Columns that the text takes on a terminal. Variation selectors and joiners never reach it unescaped, so the
/// sum over characters is not less than what a terminal draws.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

fn width(character: char) -> usize {
    character.width().unwrap_or(0)
}

/// The text cut in the middle to at most `limit` columns, with `…` where something is missing; start and end of a
/// name tell more than its middle.
pub(crate) fn elide(text: &str, limit: usize) -> String {
    // Combining marks take no column, so characters are bounded as well.
    let most = limit.saturating_mul(4);
    if text.len() <= limit || (columns(text) <= limit && text.chars().count() <= most) {
        return text.to_owned();
    }
    let room = limit.saturating_sub(1);
    let (tail_room, tail_most) = (room / 3, most / 3);
    let head = prefix(text.chars(), room - tail_room, most - tail_most);
    let tail: Vec<char> = prefix(text.chars().rev(), tail_room, tail_most).chars().collect();
    let tail: String = tail.into_iter().rev().collect();
    if limit == 0 { String::new() } else { format!("{head}…{tail}") }
}

fn prefix(characters: impl Iterator<Item = char>, limit: usize, most: usize) -> String {
    let mut used = 0;
    let fits = |character: &char| {
        used += width(*character);
        used <= limit
    };
    characters.take(most).take_while(fits).collect()
}

/// The text as lines of at most `first` and then `rest` columns, broken at white space and inside words only where
/// a word is longer than a line. An empty text is one empty line.
pub(crate) fn wrap(text: &str, first: usize, rest: usize) -> Vec<String> {
    let (first, rest) = (first.max(1), rest.max(1));
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let room = if lines.len() == 1 { first } else { rest };
        let size = columns(word);
        let gap = usize::from(used > 0);
        if used + gap + size <= room {
            push(&mut lines, if gap == 1 { " " } else { "" });
            push(&mut lines, word);
            used += gap + size;
        } else {
            if used > 0 {
                lines.push(String::new());
                used = 0;
            }
            for character in word.chars() {
                let room = if lines.len() == 1 { first } else { rest };
                if used > 0 && used + width(character) > room {
                    lines.push(String::new());
                    used = 0;
                }
                push(&mut lines, character.encode_utf8(&mut [0; 4]));
                used += width(character);
            }
        }
    }
    lines
}

fn push(lines: &mut [String], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_are_shown() {
        assert_eq!(visible("a\u{202e}b\u{1b}[31m\u{ffff}"), "a\\u{202e}b\\u{1b}[31m\\u{ffff}");
        assert_eq!(visible("Käse, 模型, नमूना"), "Käse, 模型, नमूना");
        assert_eq!(visible_lines("a\nb\r"), "a\nb\\u{d}");
    }

    #[test]
    fn elision_keeps_both_ends_and_the_limit() {
        assert_eq!(elide("encoder.layer.11.weight", 40), "encoder.layer.11.weight");
        assert_eq!(elide("encoder.layer.11.weight", 13), "encoder.…ight");
        assert_eq!(columns(&elide(&"模".repeat(100), 12)), 12 - 1);
        assert!(elide(&"e\u{301}\u{301}\u{301}\u{301}\u{301}".repeat(900), 10).chars().count() <= 41);
        assert_eq!(elide("abc", 0), "");
    }

    #[test]
    fn lines_break_at_spaces_and_long_words_anywhere() {
        assert_eq!(wrap("one two three", 7, 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh i", 4, 3), ["abcd", "efg", "h i"]);
        assert_eq!(wrap("", 4, 4), [""]);
        assert!(wrap("模型模型 a", 3, 3).iter().all(|line| columns(line) <= 3));
    }
}
