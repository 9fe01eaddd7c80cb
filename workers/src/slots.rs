//! Slots as the queue has them, held against the tasks that the ledger says hold one.

use crate::core::Core;
use crate::sweep::SweepError;
use ledger::DueTask;
use std::collections::{HashMap, HashSet};
use task::TaskId;

/// Ids that the ledger is asked about at a time.
const IDS_MAX: usize = 500;

/// The slots of all channels. What is left of them when every holder has been read is held for nothing, or nearly.
#[derive(Debug)]
pub(crate) struct Slots {
    /// Of each channel, the members whose tasks were not read yet.
    unread: HashMap<String, HashSet<TaskId>>,
    /// Tasks that held none in the queue. They may have left it while their rows were on the way.
    joined: HashMap<String, Vec<TaskId>>,
}

impl Slots {
    /// Who holds slots now. To be read before the holders: a task that takes a slot later is not looked for.
    pub(crate) async fn read(core: &Core) -> Result<Self, SweepError> {
        let mut unread = HashMap::new();
        for channel in core.channels.all().iter() {
            let members = core.scheduler.slot_members(&channel.name).await?;
            unread.insert(channel.name.clone(), members.into_iter().collect());
        }
        Ok(Self { unread, joined: HashMap::new() })
    }

    /// Ticks these holders off; gives back those that had no slot.
    pub(crate) fn without<'a>(&mut self, holders: &'a [DueTask]) -> Vec<&'a DueTask> {
        let mut absent = Vec::new();
        for row in holders {
            if !self.unread.get_mut(&row.channel).is_some_and(|members| members.remove(&row.id)) {
                self.joined.entry(row.channel.clone()).or_default().push(row.id);
                absent.push(row);
            }
        }
        absent
    }

    /// Frees the slots whose tasks hold none any more.
    pub(crate) async fn free_idle(self, core: &Core) -> Result<(), SweepError> {
        let Self { unread, joined: mut doubtful } = self;
        for (channel, members) in unread {
            doubtful.entry(channel).or_default().extend(members);
        }
        for (channel, ids) in doubtful {
            for ids in ids.chunks(IDS_MAX) {
                if !core.scheduler.is_filled().await? {
                    return Ok(());
                }
                let holders: HashSet<TaskId> = core.ledger.holders(&channel, ids).await?.into_iter().collect();
                let idle: Vec<TaskId> = ids.iter().copied().filter(|id| !holders.contains(id)).collect();
                core.scheduler.leave_slots(&channel, &idle).await?;
            }
        }
        Ok(())
    }
}
