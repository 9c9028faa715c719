//! What must not enter a document: credentials, and the home folder that tells a user's name.

/// A reference without the user name and password that a URL may hold.
pub fn without_credentials(reference: String) -> String {
    let Some((scheme, rest)) = reference.split_once("://") else { return reference };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => reference,
    }
}

/// The place that a URL or path names: without credentials, without query and fragment (which may hold a token), and
/// with the home folder shortened.
pub fn place(reference: &str, home: Option<&str>) -> String {
    let known = without_credentials(reference.to_owned());
    let end = if known.contains("://") { known.find(['?', '#']).unwrap_or(known.len()) } else { known.len() };
    match known[..end].split_once("://") {
        Some(("file", path)) => format!("file://{}", shortened(path, home)),
        Some(_) => known[..end].to_owned(),
        None => shortened(&known, home),
    }
}

/// A path with the home folder as `~`.
pub fn shortened(path: &str, home: Option<&str>) -> String {
    let home = home.map(|home| home.trim_end_matches('/')).filter(|home| !home.is_empty());
    match home.and_then(|home| path.strip_prefix(home)) {
        Some("") => "~".to_owned(),
        Some(rest) if rest.starts_with('/') => format!("~{rest}"),
        _ => path.to_owned(),
    }
}

/// A text, such as the value of a variable, with the home folder as `~` wherever it stands.
pub fn without_home(text: &str, home: Option<&str>) -> String {
    match home.map(|home| home.trim_end_matches('/')).filter(|home| !home.is_empty()) {
        Some(home) => text.replace(home, "~"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_cut_out_of_references() {
        let cut = |text: &str| without_credentials(text.to_owned());
        assert_eq!(cut("https://user:secret@host/data?x=1"), "https://host/data?x=1");
        assert_eq!(cut("s3://bucket/path@v2"), "s3://bucket/path@v2");
        assert_eq!(cut("scikit-learn digits"), "scikit-learn digits");
    }

    #[test]
    fn places_tell_neither_tokens_nor_users() {
        let home = Some("/home/ada/");
        assert_eq!(place("https://ada:pw@host/a.whl?token=1#sha256=2", home), "https://host/a.whl");
        assert_eq!(place("file:///home/ada/src/model", home), "file://~/src/model");
        assert_eq!(place("/home/ada", home), "~");
        assert_eq!(place("/home/adamant/x", home), "/home/adamant/x");
        assert_eq!(place("/opt/x", None), "/opt/x");
        assert_eq!(without_home("--dump=/home/ada/x --y", home), "--dump=~/x --y");
    }
}
