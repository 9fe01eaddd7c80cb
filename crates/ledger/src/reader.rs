//! Reads a row's columns in the order of its SELECT, with a name for the error.

use crate::connection::Row;
use crate::error::LedgerError;
use serde::de::DeserializeOwned;
use std::str::FromStr;

/// A row and the next column.
pub(crate) struct Reader<'a> {
    row: &'a Row,
    table: &'static str,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(table: &'static str, row: &'a Row) -> Self {
        Self { row, table, at: 0 }
    }

    fn corrupt(&self, column: &'static str, reason: impl ToString) -> LedgerError {
        // The first column of every SELECT of ours is the row's key, or a part of it.
        let row = self.row.text(0).ok().flatten().unwrap_or_default().to_owned();
        LedgerError::Corrupt { table: self.table, column, row, reason: reason.to_string() }
    }

    fn opt_str(&mut self, column: &'static str) -> Result<Option<&'a str>, LedgerError> {
        let value = self.row.text(self.at).map_err(|_| self.corrupt(column, "not text"))?;
        self.at += 1;
        Ok(value)
    }

    fn str(&mut self, column: &'static str) -> Result<&'a str, LedgerError> {
        let value = self.opt_str(column)?;
        value.ok_or_else(|| self.corrupt(column, "null"))
    }

    pub(crate) fn opt_text(&mut self, column: &'static str) -> Result<Option<String>, LedgerError> {
        Ok(self.opt_str(column)?.map(str::to_owned))
    }

    pub(crate) fn text(&mut self, column: &'static str) -> Result<String, LedgerError> {
        self.str(column).map(str::to_owned)
    }

    pub(crate) fn opt_int(&mut self, column: &'static str) -> Result<Option<i64>, LedgerError> {
        let value = self.row.int(self.at).map_err(|_| self.corrupt(column, "not a number"))?;
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
        let value = self.row.bytes(self.at).map_err(|_| self.corrupt(column, "not bytes"))?;
        self.at += 1;
        value.map(<[u8]>::to_vec).ok_or_else(|| self.corrupt(column, "null"))
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
        let text = self.str(column)?;
        meaning(text).ok_or_else(|| self.corrupt(column, "not one of its words"))
    }

    /// An identifier, a state: anything that reads itself from text.
    pub(crate) fn parsed<T: FromStr>(&mut self, column: &'static str) -> Result<T, LedgerError> {
        self.str(column)?.parse().map_err(|_| self.corrupt(column, "not one of its words"))
    }

    pub(crate) fn opt_parsed<T: FromStr>(&mut self, column: &'static str) -> Result<Option<T>, LedgerError> {
        let text = self.opt_str(column)?;
        text.map(|text| text.parse().map_err(|_| self.corrupt(column, "not one of its words"))).transpose()
    }

    pub(crate) fn json<T: DeserializeOwned>(&mut self, column: &'static str) -> Result<T, LedgerError> {
        let text = self.str(column)?;
        serde_json::from_str(text).map_err(|error| self.corrupt(column, place_of(&error)))
    }

    pub(crate) fn opt_json<T: DeserializeOwned>(&mut self, column: &'static str) -> Result<Option<T>, LedgerError> {
        let text = self.opt_str(column)?;
        text.map(|text| serde_json::from_str(text).map_err(|error| self.corrupt(column, place_of(&error)))).transpose()
    }
}

/// Where the JSON goes wrong, without quoting it.
fn place_of(error: &serde_json::Error) -> String {
    format!("{:?} error at line {} column {}", error.classify(), error.line(), error.column())
}
