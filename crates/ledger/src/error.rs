//! What can go wrong with the ledger, and whether trying again may help.

use sqlx::error::DatabaseError;

/// A verb did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// Somebody else changed the task first. Nothing of the unit was written.
    #[error("the task was changed by somebody else")]
    Stale,
    /// The token has less left than the opening needs. Nothing of the unit was written.
    #[error("the token has not enough quota left")]
    InsufficientQuota,
    /// The database could not be reached, or was too busy. Nothing was written.
    #[error("the ledger is away: {0}")]
    Away(String),
    /// The connection was lost while the change was being committed: it may or may not be written.
    /// Read back by id before anything is answered.
    #[error("the ledger can't tell whether the change was committed: {0}")]
    Unknown(String),
    /// A stored value can't be read.
    #[error("{table}.{column} of {row} can't be read: {reason}")]
    Corrupt {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// The row's key.
        row: String,
        /// What is wrong with it, without the value.
        reason: String,
    },
    /// The database refused a statement. A mistake of ours.
    #[error("the ledger refused a statement: {0}")]
    Sql(String),
    /// There is no such row.
    #[error("no such row in the ledger")]
    NotFound,
    /// What was asked contradicts itself: a mistake of the caller, found before any SQL.
    #[error("the ledger can't be asked this: {0}")]
    Invalid(String),
}

impl LedgerError {
    /// Whether the same call may work later. After [`LedgerError::Unknown`] read back first.
    pub fn may_retry(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Unknown(_))
    }
}

/// Why a statement failed, as the group commit needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection is gone or none was to be had; other statements would fare no better.
    Lost(String),
    /// The engine was too busy for this one (lock, time limit, full disk); others may work.
    Busy(String),
    /// Two transactions met; the same one works when it is run again.
    Raced(String),
    /// The statement itself was refused, or what it found can't be used.
    Refused(LedgerError),
}

/// Why a transaction did not come to its end.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Nothing was written.
    Before(Fault),
    /// Something may have been.
    AtCommit(LedgerError),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Before(fault)
    }
}

impl From<Trouble> for LedgerError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Before(fault) => fault.into(),
            Trouble::AtCommit(error) => error,
        }
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match error {
            E::Database(database) => of_database(database.as_ref()),
            E::Io(_) | E::Tls(_) | E::Protocol(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed => {
                Self::Lost(error.to_string())
            }
            E::RowNotFound => Self::Refused(LedgerError::NotFound),
            other => Self::Refused(LedgerError::Sql(other.to_string())),
        }
    }
}

impl From<LedgerError> for Fault {
    fn from(error: LedgerError) -> Self {
        Self::Refused(error)
    }
}

/// Reads the code: SQLSTATE on Postgres (appendix A of its manual), the extended result code on SQLite
/// (`sqlite.org/rescode.html`). Only the message is kept: the detail line would quote values.
fn of_database(error: &dyn DatabaseError) -> Fault {
    let code = error.code().unwrap_or_default().into_owned();
    let text = format!("{} ({code})", error.message());
    if let Ok(number) = code.parse::<u32>()
        && code.len() < 5
    {
        return match number & 0xff {
            // BUSY, LOCKED, IOERR, FULL, PROTOCOL (a race for the WAL).
            5 | 6 | 10 | 13 | 15 => Fault::Busy(text),
            // CANTOPEN.
            14 => Fault::Lost(text),
            _ => Fault::Refused(LedgerError::Sql(text)),
        };
    }
    match (code.get(..2).unwrap_or_default(), code.as_str()) {
        (_, "40001" | "40P01") => Fault::Raced(text),
        (_, "57014" | "55P03") | ("53" | "58", _) => Fault::Busy(text),
        ("08" | "57", _) | (_, "25P03") => Fault::Lost(text),
        _ => Fault::Refused(LedgerError::Sql(text)),
    }
}

impl From<Fault> for LedgerError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Lost(text) | Fault::Busy(text) | Fault::Raced(text) => Self::Away(text),
            Fault::Refused(error) => error,
        }
    }
}

impl From<sqlx::Error> for LedgerError {
    fn from(error: sqlx::Error) -> Self {
        Fault::from(error).into()
    }
}
