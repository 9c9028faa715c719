//! What was probably meant.

/// Characters of a text that are looked at: longer ones are no misspelt name, and the work grows with the square.
const LONGEST: usize = 40;

/// The known name that `text` is nearest to, if it is near: a third of its characters may differ.
pub(crate) fn nearest<'a>(text: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let typed: Vec<char> = text.chars().take(LONGEST + 1).collect();
    if typed.len() > LONGEST {
        return None;
    }
    let distances = known.map(|name| (distance(&typed, name), name));
    let (distance, name) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= (typed.len() / 3).max(1)).then(|| name.to_owned())
}

/// The end of a message.
pub(crate) fn sentence(suggestion: Option<&str>) -> String {
    suggestion.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// The least number of characters to insert, remove or replace.
fn distance(typed: &[char], name: &str) -> usize {
    let mut row: Vec<usize> = (0..=typed.len()).collect();
    for (line, expected) in (1..).zip(name.chars()) {
        let mut diagonal = std::mem::replace(&mut row[0], line);
        for (place, got) in typed.iter().enumerate() {
            let replaced = diagonal + usize::from(*got != expected);
            diagonal = row[place + 1];
            row[place + 1] = replaced.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[typed.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["verdict", "assurance", "scan"];
        let nearest = |text| nearest(text, known.into_iter());
        assert_eq!(nearest("verdit").as_deref(), Some("verdict"));
        assert_eq!(nearest("asurrance").as_deref(), Some("assurance"));
        assert_eq!(nearest("scna").as_deref(), None, "two of four characters");
        assert_eq!(nearest("scam").as_deref(), Some("scan"));
        assert_eq!(nearest("something").as_deref(), None);
        assert_eq!(nearest(&"verdict".repeat(100)), None);
        assert_eq!(distance(&['a', 'b'], ""), 2);
    }
}
