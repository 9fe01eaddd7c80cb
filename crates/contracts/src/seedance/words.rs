//! Status words (`contract/DECISIONS.md`, state → word).

use task::Shown;

/// The Seedance page's words, in order.
pub(super) const SEEDANCE: [&str; 4] = ["queued", "in_progress", "completed", "failed"];

/// The Volcengine page's words, in order.
pub(super) const VOLCENGINE: [&str; 4] = ["SUBMITTED", "PROCESSING", "SUCCESS", "FAILED"];

/// The word of the Seedance page.
pub(super) fn seedance(shown: Shown) -> &'static str {
    SEEDANCE[place(shown)]
}

/// The word of the Volcengine page.
pub(super) fn volcengine(shown: Shown) -> &'static str {
    VOLCENGINE[place(shown)]
}

fn place(shown: Shown) -> usize {
    match shown {
        Shown::Queued | Shown::Submitted => 0,
        Shown::InProgress | Shown::AwaitingInput => 1,
        Shown::Succeeded => 2,
        Shown::Failed | Shown::Cancelled => 3,
    }
}

/// The states that a list's `filter.status` means: the pages' words and Ark's own (`upstream/seedance.md`,
/// section 4). A task that expired or was cancelled is shown as failed.
pub(super) fn filtered(word: &str) -> Option<&'static [Shown]> {
    Some(match word.to_ascii_lowercase().as_str() {
        "queued" | "submitted" => &[Shown::Queued, Shown::Submitted],
        "running" | "in_progress" | "processing" => &[Shown::InProgress, Shown::AwaitingInput],
        "succeeded" | "completed" | "success" => &[Shown::Succeeded],
        "failed" => &[Shown::Failed, Shown::Cancelled],
        "expired" => &[Shown::Failed],
        "cancelled" | "canceled" => &[Shown::Cancelled],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_is_shown_can_be_filtered_by() {
        for shown in Shown::ALL {
            for word in [seedance(shown), volcengine(shown)] {
                assert!(filtered(word).is_some_and(|states| states.contains(&shown)), "{word}");
            }
        }
        for word in ["queued", "running", "succeeded", "failed", "cancelled", "expired"] {
            assert!(filtered(word).is_some(), "{word} is a word of Ark's");
        }
        assert!(filtered("done").is_none());
    }
}
