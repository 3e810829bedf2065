//! What a terminal shows: its width, colours, and what others wrote.

mod colour;
mod page;
mod progress;
mod properties;
mod width;
mod words;
mod written;
