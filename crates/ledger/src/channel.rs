//! Channels: configured accounts, their credentials sealed.

use crate::connection::Connection;
use crate::connection::Row;
use crate::error::{Fault, LedgerError};
use crate::ledger::Ledger;
use crate::reader::Reader;
use crate::rows::json;
use crate::sealed::Place;
use crate::statement::{Cell, Statement, cells};
use task::{Channel, ChannelLimits, UncertainPolicy};

/// Most channels that are read, removed ones included.
const MAX_CHANNELS: i64 = 10_000;

const COLUMNS: &str = "name, dialect, base_url, api_key, hook_secret, models, weight, priority, slots, rate_per_min, \
     burst, uncertain, options, paused, removed, created_ms";

fn policy_word(policy: UncertainPolicy) -> &'static str {
    match policy {
        UncertainPolicy::Fail => "fail",
        UncertainPolicy::Hold => "hold",
        UncertainPolicy::Resubmit => "resubmit",
    }
}

fn policy_of(word: &str) -> Option<UncertainPolicy> {
    let all = [UncertainPolicy::Fail, UncertainPolicy::Hold, UncertainPolicy::Resubmit];
    all.into_iter().find(|policy| policy_word(*policy) == word)
}

fn key_place(name: &str) -> Place<'_> {
    Place { table: "channel", column: "api_key", row: name }
}

fn hook_place(name: &str) -> Place<'_> {
    Place { table: "channel", column: "hook_secret", row: name }
}

impl Ledger {
    fn channel_row(&self, channel: &Channel) -> Result<Vec<Cell>, LedgerError> {
        let name = &channel.name;
        Ok(cells![
            name,
            &channel.dialect,
            &channel.base_url,
            self.keyring().seal(key_place(name), &channel.key, self.entropy())?,
            self.keyring().seal(hook_place(name), &channel.hook_secret, self.entropy())?,
            json("models", &channel.models)?,
            channel.weight,
            channel.priority,
            channel.limits.slots,
            channel.limits.rate_per_min,
            channel.limits.burst,
            policy_word(channel.uncertain),
            json("options", &channel.options)?,
            channel.paused,
            channel.removed,
            channel.created_ms,
        ])
    }

    fn read_channel(&self, row: &Row) -> Result<Channel, LedgerError> {
        let mut row = Reader::new("channel", row);
        let name = row.text("name")?;
        Ok(Channel {
            dialect: row.text("dialect")?,
            base_url: row.text("base_url")?,
            key: self.keyring().open(key_place(&name), &row.text("api_key")?)?,
            hook_secret: self.keyring().open(hook_place(&name), &row.text("hook_secret")?)?,
            models: row.json("models")?,
            weight: row.int("weight")?,
            priority: row.int("priority")?,
            limits: ChannelLimits {
                slots: row.int("slots")?,
                rate_per_min: row.int("rate_per_min")?,
                burst: row.int("burst")?,
            },
            // A word of a newer version: until this process is replaced, an operator decides.
            uncertain: policy_of(&row.text("uncertain")?).unwrap_or(UncertainPolicy::Hold),
            options: row.json("options")?,
            paused: row.flag("paused")?,
            removed: row.flag("removed")?,
            created_ms: row.int("created_ms")?,
            name,
        })
    }

    /// Adds a channel or replaces the one of that name, removed or not. Its secrets are sealed.
    pub async fn put_channel(&self, channel: &Channel) -> Result<(), LedgerError> {
        self.put_channels(std::slice::from_ref(channel)).await
    }

    /// The same for several, all or none of them: one commit.
    pub async fn put_channels(&self, channels: &[Channel]) -> Result<(), LedgerError> {
        if channels.is_empty() {
            return Ok(());
        }
        let mut transaction = self.database().begin().await?;
        // As in `change_channels`, the counter comes first.
        self.raise_channels_version(&mut transaction).await?;
        for channel in channels {
            self.put_statement(channel)?.execute(&mut transaction).await?;
        }
        self.database().commit(transaction).await
    }

    fn put_statement(&self, channel: &Channel) -> Result<Statement, LedgerError> {
        let mut sql = self.statement(&format!("/* put_channel */ INSERT INTO channel ({COLUMNS}) VALUES "));
        let set: Vec<_> = COLUMNS.split(", ").skip(1).map(|column| format!("{column} = excluded.{column}")).collect();
        sql.row(self.channel_row(channel)?).push(" ON CONFLICT (name) DO UPDATE SET ").push(&set.join(", "));
        Ok(sql)
    }

    /// All channels by name, removed ones included: running tasks may still name them.
    pub async fn channels(&self) -> Result<Vec<Channel>, LedgerError> {
        let mut sql = self.statement(&format!("/* channels */ SELECT {COLUMNS} FROM channel ORDER BY name LIMIT "));
        sql.bind(MAX_CHANNELS);
        self.database().fetch_all(sql).await?.iter().map(|row| self.read_channel(row)).collect()
    }

    /// One channel, removed or not.
    pub async fn channel(&self, name: &str) -> Result<Option<Channel>, LedgerError> {
        let mut sql = self.statement(&format!("/* channel */ SELECT {COLUMNS} FROM channel WHERE name = "));
        sql.bind(name);
        self.database().fetch_first(sql).await?.map(|row| self.read_channel(&row)).transpose()
    }

    /// Pauses a channel or lets it go on; tells whether there is one of that name that is not removed.
    pub async fn set_channel_paused(&self, name: &str, paused: bool) -> Result<bool, LedgerError> {
        let sql = "/* set_channel_paused */ UPDATE channel SET paused = $2 WHERE name = $1 AND removed = 0";
        self.change_channels(self.fixed(sql, cells![name, paused])).await
    }

    /// Marks a channel removed; tells whether there was one that was not. Its row stays for its tasks.
    pub async fn remove_channel(&self, name: &str) -> Result<bool, LedgerError> {
        let sql = "/* remove_channel */ UPDATE channel SET removed = 1 WHERE name = $1 AND removed = 0";
        self.change_channels(self.fixed(sql, cells![name])).await
    }

    /// Raised by every change of a channel, in any process.
    pub async fn channels_version(&self) -> Result<i64, LedgerError> {
        let sql = "/* channels_version */ SELECT value FROM counter WHERE name = 'channels'";
        let row = self.database().fetch_first(self.fixed(sql, vec![])).await?;
        row.map_or(Ok(0), |row| Reader::new("counter", &row).int("value"))
    }

    async fn change_channels(&self, sql: Statement) -> Result<bool, LedgerError> {
        let mut transaction = self.database().begin().await?;
        // The counter comes first: its row lock puts changes of channels in one order.
        self.raise_channels_version(&mut transaction).await?;
        let changed = sql.execute(&mut transaction).await? > 0;
        self.database().commit(transaction).await?;
        Ok(changed)
    }

    async fn raise_channels_version(&self, connection: &mut Connection) -> Result<(), Fault> {
        let sql = "/* raise_channels_version */ INSERT INTO counter (name, value) VALUES ('channels', 1) \
             ON CONFLICT (name) DO UPDATE SET value = counter.value + 1";
        self.fixed(sql, vec![]).execute(connection).await?;
        Ok(())
    }
}
