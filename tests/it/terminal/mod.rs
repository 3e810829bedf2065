//! What others wrote, on its way through the program.

mod properties;
mod words;
mod written;
