//! Fail-points: named places in the pipeline where a test build kills or stops its own process. A build
//! without the feature `failpoints` has none of them, and what follows does nothing there.

/// Whether this build has fail-points. No build that serves anybody does (`tests/it/tidy`).
pub const FAIL_POINTS: bool = cfg!(feature = "failpoints");

/// Arms what `BACKLOT_FAIL_POINT` names, as `submit.after_intent=kill;poll.before_verb=freeze@3`: the third
/// time that the process passes there it stops, the first time where no number is given. `kill` is SIGKILL and
/// `freeze` SIGSTOP, until somebody sends SIGCONT. Each hit is a line `NAME ACTION PID` in the file that
/// `BACKLOT_FAIL_POINT_LOG` names, written before anything happens.
///
/// Errors: a sentence, when what is named can't be read. Without the feature: when anything is named at all.
pub fn arm_fail_points(named: Option<&str>, log: Option<&str>) -> Result<(), String> {
    let named = named.unwrap_or_default();
    if named.is_empty() {
        return Ok(());
    }
    armed::arm(named, log)
}

#[cfg(not(feature = "failpoints"))]
mod armed {
    pub(super) fn arm(_named: &str, _log: Option<&str>) -> Result<(), String> {
        Err("BACKLOT_FAIL_POINT is set, but this build has no fail-points".to_owned())
    }
}

#[cfg(feature = "failpoints")]
mod armed {
    use std::fs::OpenOptions;
    use std::io::Write;
    use std::process::{Command, Stdio};
    use std::sync::atomic::{AtomicU64, Ordering};

    /// What happens to the process.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Action {
        Kill,
        Freeze,
    }

    impl Action {
        fn word(self) -> &'static str {
            match self {
                Self::Kill => "kill",
                Self::Freeze => "freeze",
            }
        }

        fn signal(self) -> &'static str {
            match self {
                Self::Kill => "-KILL",
                Self::Freeze => "-STOP",
            }
        }
    }

    /// One place, what happens there, and at which passage.
    #[derive(Debug, PartialEq, Eq)]
    struct Armed {
        name: String,
        action: Action,
        passage: u64,
    }

    pub(super) fn arm(named: &str, log: Option<&str>) -> Result<(), String> {
        let log = log.ok_or("BACKLOT_FAIL_POINT needs BACKLOT_FAIL_POINT_LOG")?.to_owned();
        for one in named.split(';') {
            let Armed { name, action, passage } = read(one)?;
            let (place, log, passages) = (name.clone(), log.clone(), AtomicU64::new(0));
            task::fail::cfg_callback(name, move || {
                if passages.fetch_add(1, Ordering::SeqCst) + 1 == passage {
                    strike(&place, action, &log);
                }
            })?;
        }
        Ok(())
    }

    fn read(text: &str) -> Result<Armed, String> {
        let wrong = || format!("{text} is no fail-point: write NAME=kill, NAME=freeze or NAME=kill@3");
        let (name, rest) = text.split_once('=').ok_or_else(wrong)?;
        let (action, passage) = rest.split_once('@').unwrap_or((rest, "1"));
        let action = match action {
            "kill" => Action::Kill,
            "freeze" => Action::Freeze,
            _ => return Err(wrong()),
        };
        let passage = passage.parse().ok().filter(|passage| *passage > 0).ok_or_else(wrong)?;
        Ok(Armed { name: name.to_owned(), action, passage })
    }

    /// Writes the hit down and signals this very process. Whoever passed here goes no further when it is
    /// killed, and no further before it is thawed when it is stopped.
    fn strike(place: &str, action: Action, log: &str) {
        let pid = std::process::id();
        let line = format!("{place} {} {pid}\n", action.word());
        let noted = OpenOptions::new().create(true).append(true).open(log);
        if let Err(error) = noted.and_then(|mut file| file.write_all(line.as_bytes())) {
            tracing::error!(place, %error, "a hit could not be written down; it counts for nothing");
            return;
        }
        let signalled = Command::new("kill").args([action.signal(), &pid.to_string()]).stdin(Stdio::null()).status();
        if !signalled.is_ok_and(|status| status.success()) {
            tracing::error!(place, "there is no `kill` to be struck with");
            return;
        }
        if action == Action::Kill {
            loop {
                std::thread::park();
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_place_an_action_and_a_passage_are_read() {
            let armed = |name: &str, action, passage| Ok(Armed { name: name.to_owned(), action, passage });
            assert_eq!(read("a.b=kill"), armed("a.b", Action::Kill, 1));
            assert_eq!(read("a.b=freeze@3"), armed("a.b", Action::Freeze, 3));
            for wrong in ["a.b", "a.b=stop", "a.b=kill@0", "a.b=kill@x"] {
                assert!(read(wrong).is_err(), "{wrong}");
            }
        }
    }
}
