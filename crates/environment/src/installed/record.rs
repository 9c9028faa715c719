//! `RECORD`: a table of comma-separated values (path, hash, size) of every file that an installation wrote.

use sha2::Digest as _;

use super::{Sha256, base64};

/// The most rows that are read: the largest packages have 20,000.
const MOST_ROWS: usize = 1 << 20;

/// The longest field, in bytes: what a path may have on Linux.
const LONGEST_FIELD: usize = 4096;

/// The most problems that are told of one table.
const MOST_PROBLEMS: usize = 8;

/// What an installer adds to every wheel, which says nothing of what is installed.
const ADDED: [&str; 6] =
    ["/INSTALLER", "/REQUESTED", "/RECORD", "/direct_url.json", "/uv_cache.json", "/uv_build.json"];

/// One file that was installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path as written: below the folder of packages, or leading out of it.
    pub path: String,
    /// Its hash; compiled files and the table itself have none.
    pub sha256: Option<Sha256>,
    /// Its size in bytes.
    pub size: Option<u64>,
}

/// A table of files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The files, as written.
    pub entries: Vec<Entry>,
    /// What could not be read, with the line.
    pub problems: Vec<String>,
}

impl Record {
    /// Reads a table. Rows that make no sense are told and left out.
    pub fn read(bytes: &[u8]) -> Self {
        let mut record = Self::default();
        let mut rest = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut line = 0_usize;
        while !rest.is_empty() {
            line += 1;
            if record.entries.len() >= MOST_ROWS {
                record.tell(line, &format!("more than {MOST_ROWS} files; the others are not looked at"));
                break;
            }
            let (fields, after) = row(rest);
            rest = after;
            match fields {
                Ok(fields) => match entry(&fields) {
                    Ok(Some(entry)) => record.entries.push(entry),
                    Ok(None) => {}
                    Err(why) => record.tell(line, why),
                },
                Err(why) => record.tell(line, why),
            }
        }
        record
    }

    fn tell(&mut self, line: usize, why: &str) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(format!("row {line}: {why}"));
        }
    }
}

/// SHA-256 over the sorted names and hashes of what the wheel itself holds: nothing that an installer adds, and no
/// scripts, which name the interpreter. Nothing where no file has a hash.
pub fn content_sha256(entries: &[Entry]) -> Option<Sha256> {
    let inside = |entry: &&Entry| {
        let added = ADDED.iter().any(|name| entry.path.ends_with(name));
        !added && !entry.path.starts_with("..") && !entry.path.starts_with('/')
    };
    let hashed = entries.iter().filter(inside).filter_map(|entry| Some((&entry.path, entry.sha256?)));
    let mut hashed: Vec<(&String, Sha256)> = hashed.collect();
    hashed.sort_unstable();
    hashed.dedup();
    let mut running = sha2::Sha256::new();
    for (path, hash) in &hashed {
        running.update((path.len() as u64).to_le_bytes());
        running.update(path.as_bytes());
        running.update(hash);
    }
    (!hashed.is_empty()).then(|| running.finalize().into())
}

/// The fields of the first row, and everything after it.
fn row(bytes: &[u8]) -> (Result<Vec<Vec<u8>>, &'static str>, &[u8]) {
    let mut fields = vec![Vec::new()];
    let mut quoted = false;
    let mut problem = None;
    let mut iterator = bytes.iter().enumerate().peekable();
    let mut end = bytes.len();
    while let Some((index, byte)) = iterator.next() {
        let Some(field) = fields.last_mut() else { break };
        match byte {
            b'"' if quoted => {
                if iterator.peek().is_some_and(|(_, next)| **next == b'"') {
                    field.push(b'"');
                    iterator.next();
                } else {
                    quoted = false;
                }
            }
            b'"' if field.is_empty() => quoted = true,
            b',' if !quoted => {
                if fields.len() >= 3 {
                    problem = Some("more than three fields");
                } else {
                    fields.push(Vec::new());
                }
            }
            // A quote that nothing closes must not swallow the rest of the table: no path has line breaks.
            b'\n' => {
                if quoted {
                    problem = Some("a quote without its end");
                }
                end = index + 1;
                break;
            }
            _ if field.len() >= LONGEST_FIELD => problem = Some("a field of more than 4096 bytes"),
            _ => field.push(*byte),
        }
    }
    if let Some(last) = fields.last_mut()
        && last.last() == Some(&b'\r')
    {
        last.pop();
    }
    let rest = bytes.get(end..).unwrap_or_default();
    (problem.map_or(Ok(fields), Err), rest)
}

/// The file of a row; nothing for an empty row.
fn entry(fields: &[Vec<u8>]) -> Result<Option<Entry>, &'static str> {
    let field = |index: usize| fields.get(index).map(Vec::as_slice).unwrap_or_default();
    if fields.iter().all(Vec::is_empty) {
        return Ok(None);
    }
    let path = str::from_utf8(field(0)).map_err(|_| "a path that is not UTF-8")?;
    if path.is_empty() || path.contains('\0') {
        return Err("no path");
    }
    let sha256 = match field(1) {
        b"" => None,
        hash => match hash.strip_prefix(b"sha256=") {
            Some(digits) => Some(base64::decode(digits).ok_or("a hash that is none")?),
            None => return Err("a hash other than SHA-256, which is not checked"),
        },
    };
    let size = match field(2) {
        b"" => None,
        digits => {
            let text = str::from_utf8(digits).map_err(|_| "a size that is no number")?;
            Some(text.parse().map_err(|_| "a size that is no number")?)
        }
    };
    Ok(Some(Entry { path: path.to_owned(), sha256, size }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EMPTY: &str = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

    fn paths(record: &Record) -> Vec<&str> {
        record.entries.iter().map(|entry| entry.path.as_str()).collect()
    }

    #[test]
    fn rows_with_and_without_quotes_are_read() {
        let text =
            format!("a/__init__.py,{EMPTY},0\r\n\"b, \"\"c\"\".py\",{EMPTY},0\n\na.dist-info/RECORD,,\n");
        let record = Record::read(text.as_bytes());
        assert_eq!(paths(&record), ["a/__init__.py", "b, \"c\".py", "a.dist-info/RECORD"]);
        assert_eq!(record.problems, Vec::<String>::new());
        assert_eq!(record.entries[0].size, Some(0));
        assert!(record.entries[0].sha256.is_some() && record.entries[2].sha256.is_none());
    }

    #[test]
    fn rows_that_make_no_sense_are_told_and_the_others_read() {
        let long = "x".repeat(5000);
        let rows: [(&[u8], &str); 8] = [
            (b"\xff\xfe.py,,", "not UTF-8"),
            (b",sha256=x,1", "no path"),
            (b"a.py,sha256=short,1", "a hash that is none"),
            (b"a.py,md5=abc,1", "other than SHA-256"),
            (b"a.py,,-1", "no number"),
            (b"a.py,,99999999999999999999999", "no number"),
            (b"a.py,,1,4", "more than three fields"),
            (b"\"a.py,,1", "a quote without its end"),
        ];
        for (row, problem) in rows {
            let record = Record::read(&[row, b"\ngood.py,,1\n"].concat());
            assert_eq!(paths(&record), ["good.py"], "{problem}");
            assert!(record.problems[0].contains(problem), "{:?}", record.problems);
        }
        assert!(Record::read(long.as_bytes()).problems[0].contains("4096"));
        let many = "\"\n".repeat(100);
        assert_eq!(Record::read(many.as_bytes()).problems.len(), MOST_PROBLEMS);
    }

    #[test]
    fn the_content_is_the_same_however_it_was_installed() {
        let with = |rows: &[&str]| {
            let text = rows.iter().map(|row| [row, ",", EMPTY, ",0\n"].concat()).collect::<Vec<_>>().concat();
            content_sha256(&Record::read(text.as_bytes()).entries)
        };
        let wheel = with(&["a/x.py", "a/y.py"]);
        assert!(wheel.is_some());
        assert_eq!(with(&["a/y.py", "a/x.py", "a-1.dist-info/INSTALLER", "../../../bin/a"]), wheel);
        assert_ne!(with(&["a/x.py"]), wheel);
        assert_eq!(with(&["../../../bin/a"]), None);
    }

    proptest! {
        #[test]
        fn nothing_panics_and_nothing_is_larger_than_the_table(bytes: Vec<u8>) {
            let record = Record::read(&bytes);
            let read: usize = record.entries.iter().map(|entry| entry.path.len()).sum();
            prop_assert!(read <= bytes.len());
        }

        #[test]
        fn any_path_is_read_as_written(path in "[^\\x00\\r\\n]{1,40}") {
            let text = format!("\"{}\",{EMPTY},7\n", path.replace('"', "\"\""));
            let record = Record::read(text.as_bytes());
            prop_assert_eq!(paths(&record), [path.as_str()]);
        }
    }
}
