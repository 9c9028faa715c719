//! Secrets and personal data in texts.
//!
//! One pass over the bytes: each place at which something may begin is tried. What is found is never shown whole.

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Token(&'static str),
    PrivateKey,
    Credentials,
    Email,
    HomePath,
}

impl Kind {
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Token(_) => "secret.token",
            Self::PrivateKey => "secret.private-key",
            Self::Credentials => "secret.url-credentials",
            Self::Email => "personal.email",
            Self::HomePath => "personal.home-path",
        }
    }

    /// Whether it opens something, rather than telling about somebody.
    pub(super) const fn is_secret(self) -> bool {
        matches!(self, Self::Token(_) | Self::PrivateKey | Self::Credentials)
    }
}

/// Something in a text that should not get around, without its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delicate {
    /// What it is, such as `an e-mail address`.
    pub what: &'static str,
    /// Whether it opens something, rather than telling about somebody.
    pub is_secret: bool,
}

/// What in a text should not get around: keys, tokens, passwords, addresses.
pub fn delicate(text: &[u8]) -> Vec<Delicate> {
    let told = |kind: Kind| match kind {
        Kind::Token(what) => what,
        Kind::PrivateKey => "a private key",
        Kind::Credentials => "a URL with a password",
        Kind::Email => "an e-mail address",
        Kind::HomePath => "a path in somebody's home folder",
    };
    find(text).iter().map(|hit| Delicate { what: told(hit.kind), is_secret: hit.kind.is_secret() }).collect()
}

/// Something found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) kind: Kind,
    pub(super) offset: usize,
    /// The first characters and the length.
    redacted: String,
}

impl Hit {
    /// One sentence, in which the secret stays one.
    pub(super) fn message(&self) -> String {
        match self.kind {
            Kind::Token(what) => format!("what looks like {what}: {}", self.redacted),
            Kind::PrivateKey => "a private key".to_owned(),
            Kind::Credentials => format!("a URL with a password: {}", self.redacted),
            Kind::Email => format!("an e-mail address: {}", self.redacted),
            Kind::HomePath => format!("a path in somebody's home folder: {}", self.redacted),
        }
    }
}

/// Hits in one text at most.
const HITS: usize = 100;
/// The longest thing that is looked at.
const LONGEST: usize = 4096;

/// Tokens: how they begin, the letters that follow, how many of them at least and at most, and whose they are.
struct Token {
    start: &'static [u8],
    letters: fn(u8) -> bool,
    least: usize,
    most: usize,
    name: &'static str,
}

const fn token(
    start: &'static [u8],
    letters: fn(u8) -> bool,
    least: usize,
    most: usize,
    name: &'static str,
) -> Token {
    Token { start, letters, least, most, name }
}

const TOKENS: &[Token] = &[
    token(b"AKIA", upper, 16, 16, "an access key of AWS"),
    token(b"ASIA", upper, 16, 16, "an access key of AWS"),
    token(b"AIza", wordy, 35, 35, "an API key of Google"),
    token(b"ghp_", alphanumeric, 36, 255, "a token of GitHub"),
    token(b"gho_", alphanumeric, 36, 255, "a token of GitHub"),
    token(b"ghs_", alphanumeric, 36, 255, "a token of GitHub"),
    token(b"github_pat_", wordy, 40, 255, "a token of GitHub"),
    token(b"glpat-", wordy, 20, 255, "a token of GitLab"),
    token(b"hf_", alphanumeric, 30, 60, "a token of Hugging Face"),
    token(b"sk-ant-", wordy, 20, 255, "an API key of Anthropic"),
    token(b"sk-", wordy, 32, 255, "an API key of OpenAI"),
    token(b"sk_live_", alphanumeric, 20, 255, "an API key of Stripe"),
    token(b"xoxb-", wordy, 20, 255, "a token of Slack"),
    token(b"xoxp-", wordy, 20, 255, "a token of Slack"),
    token(b"xoxa-", wordy, 20, 255, "a token of Slack"),
    token(b"xoxr-", wordy, 20, 255, "a token of Slack"),
    token(b"xoxs-", wordy, 20, 255, "a token of Slack"),
    token(b"npm_", alphanumeric, 36, 36, "a token of npm"),
    token(b"pypi-AgEI", wordy, 50, 255, "a token of PyPI"),
];

const HOMES: &[&[u8]] = &[b"/home/", b"/Users/", b":\\Users\\", b":\\\\Users\\\\", b":/Users/"];

fn upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn wordy(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Whether there is a secret in a text.
pub(super) fn holds_any(text: &[u8]) -> bool {
    find(text).iter().any(|hit| hit.kind.is_secret())
}

/// Bytes at which something may begin, or in the middle of which it is recognised.
const TRIGGERS: [bool; 256] = {
    let mut table = [false; 256];
    let bytes = b"Aghsxnpe-@:/";
    let mut index = 0;
    while index < bytes.len() {
        table[bytes[index] as usize] = true;
        index += 1;
    }
    table
};

/// Finds secrets and personal data.
pub(super) fn find(text: &[u8]) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::new();
    if text.len() < 6 {
        return hits;
    }
    let mut at = 0;
    while let Some(found) = text[at..].iter().position(|byte| TRIGGERS[usize::from(*byte)]) {
        at += found;
        if let Some((kind, start, end)) = found_at(text, at) {
            hits.push(Hit { kind, offset: start, redacted: redacted(&text[start..end], kind) });
            if hits.len() == HITS {
                break;
            }
            at = end.max(at + 1);
        } else {
            at += 1;
        }
        if at >= text.len() {
            break;
        }
    }
    hits
}

fn found_at(text: &[u8], at: usize) -> Option<(Kind, usize, usize)> {
    let rest = &text[at..text.len().min(at + LONGEST)];
    let begins_word = at == 0 || !wordy(text[at - 1]);
    match rest[0] {
        b'@' => return email(text, at),
        b':' if rest.starts_with(b"://") => return credentials(text, at),
        b'/' | b':' => return home(text, at),
        b'-' => {
            let key = rest.starts_with(b"-----BEGIN ")
                && rest[11..rest.len().min(60)].windows(12).any(|window| window == b"PRIVATE KEY-");
            return key.then_some((Kind::PrivateKey, at, at + 11));
        }
        b'e' if begins_word && rest.starts_with(b"eyJ") => return web_token(rest, at),
        _ => {}
    }
    if !begins_word {
        return None;
    }
    TOKENS.iter().find_map(|token| {
        let body = rest.strip_prefix(token.start)?;
        let length = body.iter().take_while(|byte| (token.letters)(**byte)).count();
        let random = &body[..length];
        // Words with hyphens are no keys: those have digits and letters.
        let mixed = random.iter().any(u8::is_ascii_digit) && random.iter().any(u8::is_ascii_alphabetic);
        let fits = (token.least..=token.most).contains(&length) && mixed;
        fits.then_some((Kind::Token(token.name), at, at + token.start.len() + length))
    })
}

/// `header.payload.signature`, each in base64.
fn web_token(rest: &[u8], at: usize) -> Option<(Kind, usize, usize)> {
    let length = rest.iter().take_while(|byte| wordy(**byte) || **byte == b'.').count();
    let parts: Vec<&[u8]> = rest[..length].split(|byte| *byte == b'.').collect();
    let sound = parts.len() == 3 && parts[1].starts_with(b"eyJ") && parts.iter().all(|part| part.len() >= 10);
    sound.then_some((Kind::Token("a JSON Web Token"), at, at + length))
}

/// `scheme://user:password@host`, from the colon.
fn credentials(text: &[u8], at: usize) -> Option<(Kind, usize, usize)> {
    let rest = &text[at + 3..text.len().min(at + 300)];
    let length =
        rest.iter().take_while(|byte| byte.is_ascii_graphic() && !b"/\"'<>`\\".contains(byte)).count();
    let authority = &rest[..length];
    let user = authority.iter().rposition(|byte| *byte == b'@')?;
    let colon = authority[..user].iter().position(|byte| *byte == b':')?;
    let password = &authority[colon + 1..user];
    // Templates such as `${PASSWORD}` hold no secret.
    if password.is_empty() || password.iter().any(|byte| b"{}$<>*%".contains(byte)) {
        return None;
    }
    let scheme = text[..at].iter().rev().take(12).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    (scheme > 0).then_some((Kind::Credentials, at - scheme, at + 3 + length))
}

fn email(text: &[u8], at: usize) -> Option<(Kind, usize, usize)> {
    let local = |byte: &&u8| byte.is_ascii_alphanumeric() || b"._%+-".contains(byte);
    let before = text[..at].iter().rev().take(64).take_while(local).count();
    let after = text[at + 1..]
        .iter()
        .take(253)
        .take_while(|byte| byte.is_ascii_alphanumeric() || b".-".contains(byte))
        .count();
    let domain = &text[at + 1..at + 1 + after];
    let domain = domain.strip_suffix(b".").unwrap_or(domain);
    let dot = domain.iter().rposition(|byte| *byte == b'.')?;
    let top = &domain[dot + 1..];
    let sound = before > 0
        && text[at - before].is_ascii_alphanumeric()
        && domain[0].is_ascii_alphanumeric()
        && dot > 1
        && (2..=12).contains(&top.len())
        && top.iter().all(u8::is_ascii_lowercase);
    sound.then_some((Kind::Email, at - before, at + 1 + domain.len()))
}

fn home(text: &[u8], at: usize) -> Option<(Kind, usize, usize)> {
    let rest = &text[at..text.len().min(at + 100)];
    let start = HOMES.iter().find(|home| rest.starts_with(home))?;
    // In the middle of a path it is somebody else's folder, such as `/mnt/home/`, or a URL.
    if start[0] == b'/' && at > 0 && (wordy(text[at - 1]) || text[at - 1] == b'.') {
        return None;
    }
    let name = rest[start.len()..].iter().take_while(|byte| wordy(**byte) || **byte == b'.').count();
    let after = rest.get(start.len() + name);
    (name > 0 && matches!(after, Some(b'/' | b'\\'))).then_some((Kind::HomePath, at, at + start.len() + name))
}

/// The first four characters, and how many there are.
fn redacted(bytes: &[u8], kind: Kind) -> String {
    const SHOWN: usize = 4;
    // The scheme, the first letters, the folder that homes lie in.
    let shown = match kind {
        Kind::HomePath => {
            bytes.iter().rposition(|byte| matches!(byte, b'/' | b'\\')).map_or(SHOWN, |at| at + 1)
        }
        _ => SHOWN,
    };
    let shown = String::from_utf8_lossy(&bytes[..shown.min(bytes.len())]);
    format!("`{shown}…` of {} characters", bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kinds found in a text.
    fn kinds(text: &str) -> Vec<&'static str> {
        find(text.as_bytes()).iter().map(|hit| hit.kind.id()).collect()
    }

    #[test]
    fn secrets_are_found_and_stay_secret() {
        // Assembled, so that no scanner takes this file for a leak.
        let random = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
        for start in ["ghp_", "hf_", "sk-", "xoxb-", "github_pat_0000"] {
            let text = format!("token = \"{start}{random}\"");
            let hits = find(text.as_bytes());
            assert_eq!(hits.len(), 1, "{start}");
            assert!(
                hits[0].kind.is_secret() && !hits[0].message().contains("a1B2c3"),
                "{}",
                hits[0].message()
            );
        }
        assert_eq!(kinds(&format!("{}{}", "AKIA", "ABCDEFGH12345678")), ["secret.token"]);
        assert_eq!(kinds("-----BEGIN RSA PRIVATE KEY-----\nMII"), ["secret.private-key"]);
        assert_eq!(kinds("https://me:hunter2@example.org/x"), ["secret.url-credentials"]);
    }

    #[test]
    fn personal_data_is_found() {
        assert_eq!(kinds("by Ada <ada.lovelace@example.org>."), ["personal.email"]);
        assert_eq!(kinds("\"/home/ada/model\""), ["personal.home-path"]);
        assert_eq!(kinds(r"C:\Users\ada\model"), ["personal.home-path"]);
        assert_eq!(kinds(r#""C:\\Users\\ada\\model""#), ["personal.home-path"]);
        let hits = find(b"/home/ada/model");
        assert!(!hits[0].message().contains("ada"), "{}", hits[0].message());
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in [
            "https://huggingface.co/org/model",
            "a@b",
            "@decorator.property",
            "sk-learn-is-a-library-with-a-long-name",
            "https://user:${PASSWORD}@example.org",
            "hf_hub_download",
            "10.5@torch.float32",
            "/homework/x/",
            "model@sha256:0123",
            "-----BEGIN CERTIFICATE-----",
        ] {
            assert_eq!(kinds(text), Vec::<&str>::new(), "{text}");
        }
    }
}
