//! Guarantee 5: a callback never goes backwards.

use super::super::submissions::rank;
use super::Book;
use ledger::CallbackState;
use tests::World;
use tests::receiver::Heard;

/// Per task: words in the order heard never go back, one id always carries the same bytes, the first
/// word is among the rows, and the last one tells of the end unless it is visibly dead.
pub(super) fn never_go_backwards(world: &World, book: &Book) -> Result<(), String> {
    let id = book.task.id.to_string();
    let heard: Vec<Heard> = world.receiver.heard().into_iter().filter(|heard| heard.task == id).collect();
    if book.task.callback_url.is_none() {
        let silent = heard.is_empty() && book.callbacks.is_empty();
        return if silent { Ok(()) } else { Err("called back without being asked".to_owned()) };
    }
    for pair in heard.windows(2) {
        let (before, after) = (rank(&pair[0].word), rank(&pair[1].word));
        if before.is_none() || after.is_none() || after < before {
            return Err(format!("heard {} after {}", pair[1].word, pair[0].word));
        }
    }
    same_bytes(&heard, book)?;
    rows_end_well(&heard, book)
}

fn same_bytes(heard: &[Heard], book: &Book) -> Result<(), String> {
    for one in heard {
        let row = book.callbacks.iter().find(|row| row.id.to_string() == one.id);
        let row = row.ok_or_else(|| format!("heard {:?}, which is no row", one.id))?;
        if row.body != one.body || row.word != one.word {
            return Err(format!("{} carried other bytes than its row", one.id));
        }
    }
    Ok(())
}

fn rows_end_well(heard: &[Heard], book: &Book) -> Result<(), String> {
    let rows = &book.callbacks;
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Err("no callbacks".to_owned()) };
    if !["NOT_START", "queued", "submitted"].contains(&first.word.as_str()) || first.seq != 1 {
        return Err(format!("the first callback tells {} at version {}", first.word, first.seq));
    }
    if let Some(row) = rows.iter().find(|row| row.state == CallbackState::Pending) {
        return Err(format!("{} is still to be sent", row.word));
    }
    if let Some(row) = rows.iter().find(|row| row.terminal && row.state == CallbackState::Superseded) {
        return Err(format!("{} tells of the end and was superseded", row.word));
    }
    if let Some(row) =
        rows.iter().find(|row| row.state == CallbackState::Superseded && row.attempts == 0 && !is_between(rows, row))
    {
        return Err(format!("{} was superseded and never tried", row.word));
    }
    let handed_over = book.task.state == task::State::HandedOver;
    if !handed_over && !last.terminal {
        return Err(format!("the last callback tells {}", last.word));
    }
    if last.state == CallbackState::Dead || last.state == CallbackState::Superseded {
        return Ok(());
    }
    match heard.last() {
        Some(told) if told.word == last.word => Ok(()),
        told => Err(format!("{} counts as delivered, heard last: {:?}", last.word, told.map(|told| &told.word))),
    }
}

/// Whether an earlier one that had failed gave way to a later one across this one.
fn is_between(rows: &[ledger::Callback], row: &ledger::Callback) -> bool {
    rows.iter().any(|other| other.seq < row.seq && other.state == CallbackState::Superseded && other.attempts > 0)
}
