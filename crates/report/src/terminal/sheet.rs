//! Lines that fit the width, in colour or without.

use std::borrow::Cow;

use anstyle::{AnsiColor, Style as Ansi};

use super::Style;
use crate::text::{columns, elide, prose, visible, wrap};
use crate::tone::Tone;

/// Columns of one message; an engine's stack trace belongs in the JSON report.
const LONGEST: usize = 800;

/// What a span is drawn with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ink {
    Plain,
    Strong,
    Dim,
    Good,
    Notice,
    Open,
    Bad,
}

impl Ink {
    pub(super) fn of(tone: Tone) -> Self {
        match tone {
            Tone::Good => Self::Good,
            Tone::Notice => Self::Notice,
            Tone::Open => Self::Open,
            Tone::Bad => Self::Bad,
            Tone::Muted => Self::Dim,
        }
    }

    fn ansi(self) -> Ansi {
        let colour = |colour: AnsiColor| colour.on_default();
        match self {
            Self::Plain => Ansi::new(),
            Self::Strong => Ansi::new().bold(),
            Self::Dim => Ansi::new().dimmed(),
            Self::Good => colour(AnsiColor::Green),
            Self::Notice => colour(AnsiColor::Yellow),
            Self::Open => colour(AnsiColor::Magenta).bold(),
            Self::Bad => colour(AnsiColor::Red).bold(),
        }
    }
}

/// A piece of a line.
#[derive(Clone, Debug)]
pub(super) struct Span<'a> {
    ink: Ink,
    text: Cow<'a, str>,
}

impl<'a> Span<'a> {
    pub(super) fn new(ink: Ink, text: impl Into<Cow<'a, str>>) -> Self {
        Self { ink, text: text.into() }
    }

    /// The mark of a tone at the beginning of a line of a list.
    pub(super) fn mark(tone: Tone) -> Self {
        Self::new(Ink::of(tone), format!("  {} ", tone.mark()))
    }

    /// A cell of a table: elided and padded to exactly `size` columns.
    pub(super) fn cell(ink: Ink, text: &str, size: usize) -> Self {
        let mut text = elide(&visible(text), size);
        text.extend(std::iter::repeat_n(' ', size.saturating_sub(columns(&text))));
        Self::new(ink, text)
    }
}

/// The text written so far.
#[derive(Debug)]
pub(super) struct Sheet {
    style: Style,
    text: String,
}

impl Sheet {
    pub(super) fn new(style: Style) -> Self {
        Self { style: Style { width: style.width.max(40), ..style }, text: String::new() }
    }

    pub(super) fn width(&self) -> usize {
        self.style.width
    }

    pub(super) fn verbose(&self) -> bool {
        self.style.verbose
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// An empty line.
    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// One line; what is beyond the width is elided.
    pub(super) fn line(&mut self, spans: &[Span<'_>]) {
        let mut room = self.width();
        for (index, span) in spans.iter().enumerate() {
            let mut text = elide(&span.text, room);
            if index + 1 == spans.len() {
                text.truncate(text.trim_end().len());
            }
            room -= columns(&text).min(room);
            self.ink(span.ink, &text);
        }
        self.text.push('\n');
    }

    /// Untrusted text after a lead, wrapped with the lead's width as indentation; `trail` stands at the right end of
    /// the first line.
    pub(super) fn paragraph(&mut self, lead: &[Span<'_>], text: &str, ink: Ink, trail: Option<(Ink, &str)>) {
        self.wrapped(usize::MAX, lead, text, ink, trail);
    }

    /// As [`Self::paragraph`], but at most `most` lines with `…` where it was cut, unless all was asked for.
    pub(super) fn excerpt(
        &mut self,
        most: usize,
        lead: &[Span<'_>],
        text: &str,
        ink: Ink,
        trail: Option<(Ink, &str)>,
    ) {
        self.wrapped(if self.style.verbose { usize::MAX } else { most }, lead, text, ink, trail);
    }

    fn wrapped(&mut self, most: usize, lead: &[Span<'_>], text: &str, ink: Ink, trail: Option<(Ink, &str)>) {
        let indent: usize = lead.iter().map(|span| columns(&span.text)).sum();
        let room = self.width().saturating_sub(indent).max(8);
        let reserved = trail.map_or(0, |(_, text)| columns(text) + 2);
        let mut lines = wrap(&prose(text, LONGEST), room.saturating_sub(reserved), room);
        if lines.len() > most {
            lines.truncate(most);
            if let Some(last) = lines.last_mut() {
                let room = if most == 1 { room.saturating_sub(reserved) } else { room };
                cut(last, room);
            }
        }
        for (index, line) in lines.iter().enumerate() {
            let mut spans =
                if index == 0 { lead.to_vec() } else { vec![Span::new(Ink::Plain, " ".repeat(indent))] };
            spans.push(Span::new(ink, line.as_str()));
            if let (0, Some((ink, text))) = (index, trail) {
                let gap = room.saturating_sub(columns(line) + columns(text));
                spans.push(Span::new(Ink::Plain, " ".repeat(gap)));
                spans.push(Span::new(ink, text));
            }
            self.line(&spans);
        }
    }

    /// Short items in a row, broken between items where they fit.
    pub(super) fn flow(&mut self, indent: usize, items: &[String]) {
        for line in self.rows(indent, items) {
            self.indented(indent, &line);
        }
    }

    /// The items of a row that fit on one line; what comes last matters least.
    pub(super) fn row(&mut self, indent: usize, items: &[String]) {
        if let Some(line) = self.rows(indent, items).first() {
            self.indented(indent, line);
        }
    }

    fn rows(&self, indent: usize, items: &[String]) -> Vec<String> {
        const BETWEEN: &str = " · ";
        let room = self.width().saturating_sub(indent);
        let mut lines: Vec<String> = Vec::new();
        for item in items {
            let item = prose(item, LONGEST);
            match lines.last_mut() {
                Some(line) if columns(line) + columns(BETWEEN) + columns(&item) <= room => {
                    line.extend([BETWEEN, item.as_str()]);
                }
                _ => lines.push(item),
            }
        }
        lines
    }

    fn indented(&mut self, indent: usize, text: &str) {
        self.paragraph(&[Span::new(Ink::Plain, " ".repeat(indent))], text, Ink::Dim, None);
    }

    fn ink(&mut self, ink: Ink, text: &str) {
        let ansi = ink.ansi();
        if self.style.colour && !text.trim().is_empty() && ansi != Ansi::new() {
            self.text.extend([
                ansi.render().to_string().as_str(),
                text,
                ansi.render_reset().to_string().as_str(),
            ]);
        } else {
            self.text.push_str(text);
        }
    }
}

/// Ends a line with `…`, within `room` columns, after a whole word unless that word is a long one.
fn cut(line: &mut String, room: usize) {
    const LONG: usize = 16;
    while columns(line) + 1 > room && line.pop().is_some() {}
    if let Some(space) = line.rfind(' ').filter(|space| line.len() - space <= LONG) {
        line.truncate(space);
    }
    line.truncate(line.trim_end_matches([' ', ',', ';', ':']).len());
    line.push('…');
}
