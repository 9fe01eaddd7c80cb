//! Guarantee 4: money adds up.

use super::Book;
use task::{State, Task, Token};
use tests::process::PRICE;

/// Granted = reserved + settled + left at every moment, with nothing negative, and the token's sums are
/// those of its tasks.
pub(super) fn adds_up(tokens: &[Token], tasks: &[Task]) -> Result<(), String> {
    for token in tokens {
        let own = || tasks.iter().filter(|task| task.token == token.id);
        let reserved: i64 = own().map(|task| task.reserved).sum();
        let settled: i64 = own().map(|task| task.charged).sum();
        if (token.reserved, token.settled) != (reserved, settled) {
            let Token { name, reserved: r, settled: s, .. } = token;
            return Err(format!("{name}: reserved {r}, settled {s}; its tasks say {reserved}, {settled}"));
        }
        if token.reserved + token.settled + token.left() != token.granted || (!token.unlimited && token.left() < 0) {
            return Err(format!("{}: {token:?} does not add up", token.name));
        }
        if let Some(task) = own().find(|task| task.is_over() && task.reserved != 0) {
            return Err(format!("{} has ended and holds {}", task.id, task.reserved));
        }
    }
    Ok(())
}

/// At the end nothing is reserved, and what was taken is the price of what succeeded.
pub(super) fn is_settled(tokens: &[Token], books: &[Book]) -> Result<(), String> {
    for token in tokens {
        let succeeded =
            books.iter().filter(|book| book.task.token == token.id && book.task.state == State::Succeeded).count();
        let due = PRICE * i64::try_from(succeeded).unwrap_or(i64::MAX);
        if token.reserved != 0 || token.settled != due {
            let Token { name, reserved, settled, .. } = token;
            return Err(format!("{name}: reserved {reserved}, settled {settled} for {succeeded} successes"));
        }
    }
    Ok(())
}
