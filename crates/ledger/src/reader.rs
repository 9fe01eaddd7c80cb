//! Reads a row's columns in the order of its SELECT, with a name for the error.

use crate::error::LedgerError;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::any::AnyRow;
use std::str::FromStr;

/// A row and the next column.
pub(crate) struct Reader<'a> {
    row: &'a AnyRow,
    table: &'static str,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(table: &'static str, row: &'a AnyRow) -> Self {
        Self { row, table, at: 0 }
    }

    fn corrupt(&self, column: &'static str, reason: impl ToString) -> LedgerError {
        // The first column of every SELECT of ours is the row's key, or a part of it.
        let row = self.row.try_get::<String, _>(0).unwrap_or_default();
        LedgerError::Corrupt { table: self.table, column, row, reason: reason.to_string() }
    }

    pub(crate) fn opt_text(&mut self, column: &'static str) -> Result<Option<String>, LedgerError> {
        let value = self.row.try_get(self.at).map_err(|_| self.corrupt(column, "not text"))?;
        self.at += 1;
        Ok(value)
    }

    pub(crate) fn text(&mut self, column: &'static str) -> Result<String, LedgerError> {
        let value = self.opt_text(column)?;
        value.ok_or_else(|| self.corrupt(column, "null"))
    }

    pub(crate) fn opt_int(&mut self, column: &'static str) -> Result<Option<i64>, LedgerError> {
        let value = self.row.try_get(self.at).map_err(|_| self.corrupt(column, "not a number"))?;
        self.at += 1;
        Ok(value)
    }

    pub(crate) fn int(&mut self, column: &'static str) -> Result<i64, LedgerError> {
        let value = self.opt_int(column)?;
        value.ok_or_else(|| self.corrupt(column, "null"))
    }

    pub(crate) fn flag(&mut self, column: &'static str) -> Result<bool, LedgerError> {
        Ok(self.int(column)? != 0)
    }

    pub(crate) fn bytes(&mut self, column: &'static str) -> Result<Vec<u8>, LedgerError> {
        let value = self.row.try_get(self.at).map_err(|_| self.corrupt(column, "not bytes"))?;
        self.at += 1;
        Ok(value)
    }

    /// Passes over a column that is only there to be searched by.
    pub(crate) fn skip(&mut self) -> &mut Self {
        self.at += 1;
        self
    }

    /// A word that `meaning` knows.
    pub(crate) fn word<T>(
        &mut self,
        column: &'static str,
        meaning: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, LedgerError> {
        let text = self.text(column)?;
        meaning(&text).ok_or_else(|| self.corrupt(column, "not one of its words"))
    }

    /// An identifier, a state: anything that reads itself from text.
    pub(crate) fn parsed<T: FromStr>(&mut self, column: &'static str) -> Result<T, LedgerError> {
        self.text(column)?.parse().map_err(|_| self.corrupt(column, "not one of its words"))
    }

    pub(crate) fn opt_parsed<T: FromStr>(&mut self, column: &'static str) -> Result<Option<T>, LedgerError> {
        let text = self.opt_text(column)?;
        text.map(|text| text.parse().map_err(|_| self.corrupt(column, "not one of its words"))).transpose()
    }

    pub(crate) fn json<T: DeserializeOwned>(&mut self, column: &'static str) -> Result<T, LedgerError> {
        let text = self.text(column)?;
        serde_json::from_str(&text).map_err(|error| self.corrupt(column, place_of(&error)))
    }

    pub(crate) fn opt_json<T: DeserializeOwned>(&mut self, column: &'static str) -> Result<Option<T>, LedgerError> {
        let text = self.opt_text(column)?;
        text.map(|text| serde_json::from_str(&text).map_err(|error| self.corrupt(column, place_of(&error)))).transpose()
    }
}

/// Where the JSON goes wrong, without quoting it.
fn place_of(error: &serde_json::Error) -> String {
    format!("{:?} error at line {} column {}", error.classify(), error.line(), error.column())
}
