//! Whether the data of a user's case should stay with the user: what can be told from its texts.

use reproof_contract::contract::{DataClass, DataRecord};
use reproof_formats::scan::delicate;
use reproof_tensor::{Leaf, Value};

/// Looks through every text of a case. Numbers cannot be read: that nothing was found says nothing about a picture.
pub fn classify(inputs: &[(String, Value)]) -> DataRecord {
    let mut record = DataRecord { class: DataClass::Numbers, found: Vec::new() };
    for (_, leaf) in inputs.iter().flat_map(|(name, value)| value.leaves(name)) {
        match leaf {
            Leaf::Text(text) => look(text, &mut record),
            Leaf::Strings(strings) => strings.values.iter().for_each(|text| look(text, &mut record)),
            _ => {}
        }
    }
    record.found.sort();
    record.found.dedup();
    record
}

fn look(text: &str, record: &mut DataRecord) {
    let mut class = DataClass::Text;
    for found in delicate(text.as_bytes()) {
        class = class.max(if found.is_secret { DataClass::Secret } else { DataClass::Personal });
        record.found.push(found.what.to_owned());
    }
    for (what, is_there) in [
        ("the number of a payment card", numbers(text).any(|digits| is_card(&digits))),
        ("the number of a bank account (IBAN)", text.split_whitespace().any(is_iban)),
        ("a telephone number", has_telephone(text)),
    ] {
        if is_there {
            class = class.max(DataClass::Personal);
            record.found.push(what.to_owned());
        }
    }
    record.class = record.class.max(class);
}

/// Digits that stand together, written in groups or not.
fn numbers(text: &str) -> impl Iterator<Item = Vec<u32>> {
    let parts = text.split(|letter: char| !(letter.is_ascii_digit() || letter == ' ' || letter == '-'));
    parts.map(|part| part.chars().filter_map(|letter| letter.to_digit(10)).collect())
}

/// ISO/IEC 7812: 13 to 19 digits of which the last is a check by Luhn's rule, and the first a network of cards.
fn is_card(digits: &[u32]) -> bool {
    let network = digits.first().is_some_and(|first| (3..=6).contains(first));
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => *digit,
            _ => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    network && (13..=19).contains(&digits.len()) && sum.is_multiple_of(10)
}

/// ISO 13616: a country, two check digits and up to 30 letters, which as one number leave 1 when divided by 97.
fn is_iban(word: &str) -> bool {
    let word = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
    let bytes = word.as_bytes();
    let shaped = (15..=34).contains(&bytes.len())
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..4].iter().all(u8::is_ascii_digit)
        && bytes.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    shaped && {
        let moved = bytes[4..].iter().chain(&bytes[..4]);
        let rest = moved.fold(0_u32, |rest, byte| match byte {
            b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
            _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
        });
        rest == 1
    }
}

/// ITU-T E.164 as people write it: a plus, then 9 to 15 digits with blanks, dashes, dots or brackets between them.
fn has_telephone(text: &str) -> bool {
    text.match_indices('+').any(|(place, _)| {
        let number = text[place + 1..]
            .chars()
            .take_while(|letter| letter.is_ascii_digit() || " -.()/".contains(*letter));
        let digits: String = number.filter(char::is_ascii_digit).collect();
        let free = text[..place].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
        free && (9..=15).contains(&digits.len()) && !digits.starts_with('0')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(text: &str) -> (DataClass, Vec<String>) {
        let record = classify(&[("text".to_owned(), Value::Text(text.to_owned()))]);
        (record.class, record.found)
    }

    #[test]
    fn texts_that_name_or_reach_a_person_are_personal() {
        for (text, found) in [
            ("write to ada@example.org soon", "an e-mail address"),
            ("call +44 20 7946 0958 after six", "a telephone number"),
            ("card 4111 1111 1111 1111 please", "the number of a payment card"),
            ("pay to DE89370400440532013000.", "the number of a bank account (IBAN)"),
        ] {
            assert_eq!(class(text), (DataClass::Personal, vec![found.to_owned()]), "{text}");
        }
    }

    #[test]
    fn what_opens_something_is_a_secret() {
        let (class, found) = class("token hf_abcdefghijklmnopqrstuvwxyz12345678 and ada@example.org");
        assert_eq!(class, DataClass::Secret);
        assert_eq!(found, ["a token of Hugging Face", "an e-mail address"]);
    }

    #[test]
    fn ordinary_texts_and_numbers_are_neither() {
        for text in [
            "the quick brown fox",
            "1 + 1 = 2, and 2 + 123456 = 123458",
            "order 4111 1111 1111 1112",
            "DE00370400440532013000",
            "C+10000000000",
            "2026-11-26 18:02:47",
        ] {
            assert_eq!(class(text), (DataClass::Text, Vec::new()), "{text}");
        }
        let record = classify(&[("x".to_owned(), Value::Integer(4_111_111_111_111_111))]);
        assert_eq!(record.class, DataClass::Numbers);
    }
}
