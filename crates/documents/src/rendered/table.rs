//! Tables: in columns where they fit, and otherwise a row as a list of its cells.

use model::report::{Span, Style};
use unicode_width::UnicodeWidthStr;

use super::words::{Word, width_of, wrapped};

const GAP: &str = "  ";
/// Fewer columns than this make no text that can be read.
const NARROWEST: usize = 12;

/// The cells of a table, row by row; the first row is its head.
#[derive(Default)]
pub(super) struct Cells {
    rows: Vec<Vec<Vec<Word>>>,
}

impl Cells {
    pub(super) fn begin_row(&mut self) {
        self.rows.push(Vec::new());
    }

    pub(super) fn cell(&mut self, words: Vec<Word>) {
        if let Some(row) = self.rows.last_mut() {
            row.push(words);
        }
    }

    pub(super) fn lines(&self, indent: &str, columns: usize) -> Vec<Vec<Span>> {
        match self.widths(columns.saturating_sub(indent.width())) {
            Some(widths) => self.in_columns(indent, &widths),
            None => self.as_lists(indent, columns),
        }
    }

    /// How wide each column is: as wide as its text if there is room, and no narrower than its longest word.
    fn widths(&self, room: usize) -> Option<Vec<usize>> {
        let count = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let most = |measure: fn(&[Word]) -> usize| -> Vec<usize> {
            let of = |column: usize| self.rows.iter().filter_map(move |row| row.get(column));
            (0..count).map(|column| of(column).map(|cell| measure(cell)).max().unwrap_or_default()).collect()
        };
        let mut widths = most(|cell| cell.iter().map(|word| width_of(word) + 1).sum::<usize>().max(1) - 1);
        let least = most(|cell| cell.iter().map(width_of).max().unwrap_or_default());
        let room = room.checked_sub(GAP.len() * count.saturating_sub(1))?;
        while widths.iter().sum::<usize>() > room {
            let can_shrink = |column: &usize| {
                let (width, least) = (widths.get(*column), least.get(*column));
                width.zip(least).is_some_and(|(width, least)| *width > (*least).max(NARROWEST))
            };
            let widest = (0..count).filter(can_shrink).max_by_key(|column| widths.get(*column).copied())?;
            *widths.get_mut(widest)? -= 1;
        }
        Some(widths)
    }

    fn in_columns(&self, indent: &str, widths: &[usize]) -> Vec<Vec<Span>> {
        let mut lines = Vec::new();
        let rows: Vec<Vec<Vec<Span>>> =
            (0..).zip(&self.rows).map(|(index, row)| row_lines(row, indent, widths, index == 0)).collect();
        let is_wrapped = rows.iter().any(|row| row.len() > 1);
        for (index, row) in rows.into_iter().enumerate() {
            if is_wrapped && index > 0 {
                lines.push(Vec::new());
            }
            lines.extend(row);
        }
        lines
    }

    /// Each cell below the other, after the head of its column.
    fn as_lists(&self, indent: &str, columns: usize) -> Vec<Vec<Span>> {
        let Some((head, rows)) = self.rows.split_first() else { return Vec::new() };
        let mut lines = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            if index > 0 {
                lines.push(Vec::new());
            }
            for (cell, heading) in row.iter().zip(head).filter(|(cell, _)| !cell.is_empty()) {
                let mut words: Vec<Word> = heading.iter().map(strong).collect();
                if let Some(last) = words.last_mut() {
                    last.push(Span::new(Style::Strong, ":"));
                }
                words.extend(cell.iter().cloned());
                lines.extend(wrapped(indent, &format!("{indent}{GAP}"), &words, columns));
            }
        }
        lines
    }
}

fn strong(word: &Word) -> Word {
    word.iter().map(|span| Span::new(Style::Strong, span.text.as_str())).collect()
}

fn row_lines(row: &[Vec<Word>], indent: &str, widths: &[usize], is_head: bool) -> Vec<Vec<Span>> {
    let cell_lines = |(cell, width): (&Vec<Word>, &usize)| {
        let words: Vec<Word> = if is_head { cell.iter().map(strong).collect() } else { cell.clone() };
        wrapped("", "", &words, *width)
    };
    let cells: Vec<Vec<Vec<Span>>> = row.iter().zip(widths).map(cell_lines).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or_default();
    (0..height)
        .map(|number| {
            let mut line = vec![Span::plain(indent)];
            // Blanks wait until something stands behind them.
            let mut blanks = String::new();
            for (cell, width) in cells.iter().zip(widths) {
                let spans = cell.get(number).cloned().unwrap_or_default();
                let taken: usize = spans.iter().map(|span| span.text.width()).sum();
                if taken > 0 {
                    line.push(Span::plain(std::mem::take(&mut blanks)));
                    line.extend(spans);
                }
                blanks.push_str(&" ".repeat(width.saturating_sub(taken)));
                blanks.push_str(GAP);
            }
            line
        })
        .collect()
}
