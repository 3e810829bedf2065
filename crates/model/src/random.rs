//! Random numbers: none can be guessed, and no two draws are the same.

use aws_lc_rs::rand;

use crate::error::{Failure, Result};

/// So many random bytes.
///
/// # Errors
/// The system gives none.
pub fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| Failure::internal("the system gives no random numbers"))?;
    Ok(bytes)
}
