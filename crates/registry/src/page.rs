//! Long lists in pages.
//!
//! A page ends with a cursor that names the last thing on it, so the next one begins there however much was added
//! meanwhile, and the hundredth page costs what the first one does.

use std::fmt;
use std::str::FromStr;

use crate::Error;
use crate::database::Row;

/// The most things on a page.
pub const MAX_PAGE: u32 = 1000;

/// Where a page ended. Opaque: only the list that gave it understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    list: String,
    key: String,
}

/// Which page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// The cursor of the page before; `None` for the first page.
    pub after: Option<Cursor>,
    /// The most things to give, from 1 to [`MAX_PAGE`]; what is outside is moved to the nearer end.
    pub limit: u32,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { after: None, limit: 100 }
    }
}

impl PageRequest {
    /// The first page of at most `limit` things.
    pub fn first(limit: u32) -> Self {
        Self { after: None, limit }
    }

    /// The page after `page`, or `None` if that was the last.
    pub fn next<T>(&self, page: &Page<T>) -> Option<Self> {
        page.next.clone().map(|after| Self { after: Some(after), limit: self.limit })
    }

    /// How many rows to ask for: one more than fit tells that there is another page.
    pub(crate) fn rows(&self) -> i64 {
        i64::from(self.limit.clamp(1, MAX_PAGE)) + 1
    }

    /// The key after which the page begins in a list that is ordered by a text.
    pub(crate) fn after_text(&self, list: &str) -> Result<Option<&str>, Error> {
        match &self.after {
            None => Ok(None),
            Some(cursor) if cursor.list == list => Ok(Some(&cursor.key)),
            Some(cursor) => Err(Error::BadCursor { cursor: cursor.to_string().chars().take(80).collect() }),
        }
    }

    /// The key after which the page begins in a list that is ordered by a number.
    pub(crate) fn after_number(&self, list: &str) -> Result<Option<i64>, Error> {
        let Some(key) = self.after_text(list)? else { return Ok(None) };
        let bad = || Error::BadCursor { cursor: key.chars().take(80).collect() };
        key.parse().map(Some).map_err(|_| bad())
    }

    /// A page from rows that begin with their key.
    pub(crate) fn page<T>(
        &self,
        list: &str,
        rows: Vec<Row>,
        mut read: impl FnMut(&mut Row) -> Result<(String, T), Error>,
    ) -> Result<Page<T>, Error> {
        let limit = self.limit.clamp(1, MAX_PAGE) as usize;
        let more = rows.len() > limit;
        let mut items = Vec::with_capacity(rows.len().min(limit));
        let mut last = None;
        for mut row in rows.into_iter().take(limit) {
            let (key, item) = read(&mut row)?;
            last = Some(key);
            items.push(item);
        }
        let next = last.filter(|_| more).map(|key| Cursor { list: list.to_owned(), key });
        Ok(Page { items, next })
    }

    /// A page from rows whose first column is the number that orders them.
    pub(crate) fn numbered<T>(
        &self,
        list: &str,
        rows: Vec<Row>,
        mut read: impl FnMut(i64, &mut Row) -> Result<T, Error>,
    ) -> Result<Page<T>, Error> {
        self.page(list, rows, |row| {
            let key = row.integer()?;
            Ok((key.to_string(), read(key, row)?))
        })
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The things, in the order of the list.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last page.
    pub next: Option<Cursor>,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in format!("{}:{}", self.list, self.key).bytes() {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = || Error::BadCursor { cursor: text.chars().take(80).collect() };
        // Twice the longest key and the name of a list.
        if text.len() > 1024 || !text.len().is_multiple_of(2) || !text.is_ascii() {
            return Err(bad());
        }
        let bytes: Option<Vec<u8>> = (0..text.len())
            .step_by(2)
            .map(|place| u8::from_str_radix(&text[place..place + 2], 16).ok())
            .collect();
        let decoded = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(bad)?;
        let (list, key) = decoded.split_once(':').ok_or_else(bad)?;
        if key.contains('\0') {
            return Err(bad());
        }
        Ok(Self { list: list.to_owned(), key: key.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let cursor = Cursor { list: "models".to_owned(), key: "a/b".to_owned() };
        let request = PageRequest { after: Some(cursor), limit: 5 };
        assert_eq!(request.after_text("models"), Ok(Some("a/b")));
        assert!(matches!(request.after_text("versions"), Err(Error::BadCursor { .. })));
        assert!(matches!(request.after_number("models"), Err(Error::BadCursor { .. })));
    }

    proptest! {
        #[test]
        fn cursors_come_back(list in "[a-z]{1,12}", key in "[^\0]{0,100}") {
            let cursor = Cursor { list, key };
            prop_assert_eq!(cursor.to_string().parse::<Cursor>(), Ok(cursor));
        }

        #[test]
        fn no_text_makes_a_cursor_panic(text in ".{0,40}") {
            let _ = text.parse::<Cursor>();
        }
    }
}
