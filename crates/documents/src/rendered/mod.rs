//! A page as a terminal shows it: headings, code, lists and tables that fit its width, and a command in the
//! place of each link to another page.

mod table;
mod words;

use model::report::{Span, Style};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::pages::{Page, explain_command, page_at};
use table::Cells;
use words::{NO_BREAK, words_of, wrapped};

/// Lines of prose are no longer, however wide the terminal is.
const WIDEST: usize = 100;
const CODE_INDENT: &str = "    ";

/// The lines of a page, for a terminal with so many columns.
pub fn rendered(page: &Page, columns: usize) -> Vec<Vec<Span>> {
    let mut renderer = Renderer { columns, ..Renderer::of(page) };
    for event in Parser::new_ext(page.text, Options::ENABLE_TABLES) {
        renderer.take(event);
    }
    renderer.lines
}

struct Renderer<'p> {
    page: &'p Page,
    columns: usize,
    lines: Vec<Vec<Span>>,
    /// What was read of the paragraph, heading or cell that is open.
    inline: Vec<Span>,
    style: Style,
    /// Where the link that is open leads to, and where its text begins.
    link: Option<(String, usize)>,
    /// The lists that are open: of one with numbers, the next.
    lists: Vec<Option<u64>>,
    /// What stands before the first line of an item, until it is there.
    bullet: Option<String>,
    table: Option<Cells>,
    is_code: bool,
    /// A blank line is due before what comes next.
    is_apart: bool,
}

impl<'p> Renderer<'p> {
    fn of(page: &'p Page) -> Self {
        Self {
            page,
            columns: WIDEST,
            lines: Vec::new(),
            inline: Vec::new(),
            style: Style::Plain,
            link: None,
            lists: Vec::new(),
            bullet: None,
            table: None,
            is_code: false,
            is_apart: false,
        }
    }

    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.open(tag),
            Event::End(end) => self.close(end),
            Event::Text(text) if self.is_code => self.code(&text),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.push(self.style, &text),
            Event::Code(text) => self.push(Style::Code, &text),
            Event::SoftBreak | Event::HardBreak => self.push(self.style, " "),
            _ => {}
        }
    }

    fn push(&mut self, style: Style, text: &str) {
        self.inline.push(Span::new(style, text));
    }

    fn open(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } => self.style = Style::Heading,
            Tag::Strong | Tag::Emphasis => self.style = Style::Strong,
            // A terminal has what is said of it.
            Tag::Image { .. } => self.push(Style::Plain, "[picture: "),
            Tag::Link { dest_url, .. } => self.link = Some((dest_url.to_string(), self.inline.len())),
            Tag::CodeBlock(_) => {
                self.item_text();
                self.begin();
                self.is_code = true;
            }
            Tag::List(number) => {
                self.item_text();
                self.lists.push(number);
            }
            Tag::Item => self.bullet = Some(self.next_bullet()),
            Tag::Table(_) => self.table = Some(Cells::default()),
            Tag::TableHead | Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.begin_row();
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, end: TagEnd) {
        match end {
            TagEnd::Heading(_) => {
                self.paragraph();
                self.style = Style::Plain;
            }
            TagEnd::Strong | TagEnd::Emphasis => self.style = Style::Plain,
            TagEnd::Image => self.push(Style::Plain, "]"),
            TagEnd::Link => self.end_link(),
            TagEnd::Paragraph => self.paragraph(),
            TagEnd::Item => {
                self.item_text();
                self.bullet = None;
            }
            TagEnd::List(_) => {
                self.lists.pop();
                self.is_apart = self.lists.is_empty();
            }
            TagEnd::CodeBlock => {
                self.is_code = false;
                self.is_apart = true;
            }
            TagEnd::TableCell => {
                let words = words_of(std::mem::take(&mut self.inline));
                if let Some(table) = &mut self.table {
                    table.cell(words);
                }
            }
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    self.begin();
                    let indent = self.indent();
                    self.lines.extend(table.lines(&indent, self.columns));
                    self.is_apart = true;
                }
            }
            _ => {}
        }
    }

    /// What is in an item without a blank line is no paragraph.
    fn item_text(&mut self) {
        if !self.inline.is_empty() {
            self.paragraph();
            self.is_apart = false;
        }
    }

    fn paragraph(&mut self) {
        let words = words_of(std::mem::take(&mut self.inline));
        self.begin();
        let indent = self.indent();
        let first = match self.bullet.take() {
            Some(bullet) => format!("{}{bullet}", self.outer_indent()),
            None => indent.clone(),
        };
        self.lines.extend(wrapped(&first, &indent, &words, self.columns.min(WIDEST)));
        self.is_apart = true;
    }

    fn code(&mut self, text: &str) {
        let indent = format!("{}{CODE_INDENT}", self.indent());
        self.lines.extend(text.lines().map(|line| match line {
            "" => Vec::new(),
            _ => vec![Span::plain(indent.as_str()), Span::new(Style::Code, line.replace('\t', "    "))],
        }));
    }

    fn begin(&mut self) {
        if std::mem::take(&mut self.is_apart) && !self.lines.is_empty() {
            self.lines.push(Vec::new());
        }
    }

    fn next_bullet(&mut self) -> String {
        match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{}. ", *number - 1)
            }
            _ => "- ".to_owned(),
        }
    }

    /// What is within an item stands below its text.
    fn indent(&self) -> String {
        self.lists.iter().map(|number| if number.is_some() { "   " } else { "  " }).collect()
    }

    fn outer_indent(&self) -> String {
        let outer = self.lists.len().saturating_sub(1);
        self.lists.iter().take(outer).map(|number| if number.is_some() { "   " } else { "  " }).collect()
    }

    /// A link to a page is followed by the command that shows it; one that names a file is that command.
    fn end_link(&mut self) {
        let Some((target, start)) = self.link.take() else { return };
        match page_at(self.page, &target) {
            // Another heading of the same page.
            _ if target.starts_with('#') => {}
            Some(page) => {
                let name = page.name();
                // To be copied, so on one line.
                let command = explain_command(name).replace(' ', NO_BREAK);
                let text: String = self.inline.iter().skip(start).map(|span| span.text.as_str()).collect();
                let is_file = text.ends_with(".md") || name.strip_prefix("problems/") == Some(&text);
                if is_file {
                    self.inline.truncate(start);
                    self.push(Style::Code, &command);
                } else {
                    self.push(Style::Plain, " (");
                    self.push(Style::Code, &command);
                    self.push(Style::Plain, ")");
                }
            }
            None => self.push(Style::Plain, &format!(" ({})", target.trim_start_matches("../"))),
        }
    }
}
