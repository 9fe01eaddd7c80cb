//! What a button stands for: its `customId` tells the action, and the action tells the model
//! (`contract/DECISIONS.md`, buttons and `action`; model names as the usual relays have them).

use task::Button;

/// An action and its model.
pub(super) type Action = (&'static str, &'static str);

/// The actions that `change` takes, and what their buttons' names begin with.
const CHANGES: &[(&str, &str, &str)] = &[
    ("UPSCALE", "mj_upscale", "upsample"),
    ("VARIATION", "mj_variation", "variation"),
    ("REROLL", "mj_reroll", "reroll"),
];

/// How the name within a `customId` begins, in lower case, and the action that it stands for.
const NAMES: &[(&str, Action)] = &[
    ("upsample", ("UPSCALE", "mj_upscale")),
    ("variation", ("VARIATION", "mj_variation")),
    ("low_variation", ("VARIATION", "mj_variation")),
    ("high_variation", ("VARIATION", "mj_variation")),
    ("reroll", ("REROLL", "mj_reroll")),
    ("outpaint", ("ZOOM", "mj_zoom")),
    ("pan", ("PAN", "mj_pan")),
    ("customzoom", ("CUSTOM_ZOOM", "mj_custom_zoom")),
    ("inpaint", ("INPAINT", "mj_inpaint")),
];

/// Buttons that open a dialogue before they do anything: their submission answers 21.
const MODAL_PREFIXES: &[&str] = &["MJ::CustomZoom", "MJ::Inpaint"];

/// The action words that `change` accepts.
pub(super) const CHANGE_WORDS: &[&str] = &["UPSCALE", "VARIATION", "REROLL"];

/// The action of a button; `ACTION` when its name is not known.
pub(super) fn of_button(custom_id: &str) -> Action {
    let name = name_in(custom_id).to_ascii_lowercase();
    let known = NAMES.iter().find(|(begin, _)| name.starts_with(begin));
    known.map_or(("ACTION", "mj_action"), |(_, action)| *action)
}

/// The model of an action word that `change` accepts.
pub(super) fn of_change(word: &str) -> Action {
    let known = CHANGES.iter().find(|(action, ..)| *action == word);
    known.map_or(("ACTION", "mj_action"), |(action, model, _)| (*action, *model))
}

/// Whether a button asks for a modal before it does anything.
pub(super) fn asks_for_modal(custom_id: &str) -> bool {
    MODAL_PREFIXES.iter().any(|prefix| custom_id.starts_with(prefix))
}

/// The button of a four-picture grid for this action and picture (1 to 4; a reroll has none): by its
/// `customId` (`MJ::JOB::upsample::1::…`), else by its label (`U1`).
pub(super) fn find_button<'a>(buttons: &'a [Button], word: &str, index: Option<i64>) -> Option<&'a Button> {
    let (.., name) = CHANGES.iter().find(|(action, ..)| *action == word)?;
    let by_id = |button: &&Button| {
        let mut parts = button.custom_id.split("::");
        let named = parts.nth(2) == Some(*name);
        named && index.is_none_or(|index| parts.next() == Some(index.to_string().as_str()))
    };
    let label = index.map(|index| format!("{}{index}", &word[..1]));
    let by_label = |button: &&Button| label.as_deref() == Some(button.label.as_str());
    buttons.iter().find(by_id).or_else(|| buttons.iter().find(by_label))
}

/// `MJ::JOB::<name>::…` or `MJ::<name>::…`.
fn name_in(custom_id: &str) -> &str {
    let mut parts = custom_id.split("::").skip(1);
    match parts.next() {
        Some(job) if job.eq_ignore_ascii_case("job") => parts.next().unwrap_or_default(),
        Some(name) => name,
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_tells_its_action() {
        for (custom_id, action, model) in [
            ("MJ::JOB::upsample::1::abc123", "UPSCALE", "mj_upscale"),
            ("MJ::JOB::upsample_v6_2x_subtle::1::h::SOLO", "UPSCALE", "mj_upscale"),
            ("MJ::JOB::variation::4::h", "VARIATION", "mj_variation"),
            ("MJ::JOB::low_variation::1::h::SOLO", "VARIATION", "mj_variation"),
            ("MJ::JOB::high_variation::1::h::SOLO", "VARIATION", "mj_variation"),
            ("MJ::JOB::reroll::0::h::SOLO", "REROLL", "mj_reroll"),
            ("MJ::JOB::pan_left::1::h::SOLO", "PAN", "mj_pan"),
            ("MJ::Outpaint::50::1::h::SOLO", "ZOOM", "mj_zoom"),
            ("MJ::CustomZoom::h", "CUSTOM_ZOOM", "mj_custom_zoom"),
            ("MJ::Inpaint::1::h::SOLO", "INPAINT", "mj_inpaint"),
            ("MJ::JOB::animate_high::1::h::SOLO", "ACTION", "mj_action"),
            ("MJ::BOOKMARK::h", "ACTION", "mj_action"),
            ("MJ::Job::PicReader::1", "ACTION", "mj_action"),
            ("", "ACTION", "mj_action"),
            ("MJ", "ACTION", "mj_action"),
        ] {
            assert_eq!(of_button(custom_id), (action, model), "{custom_id}");
        }
    }

    #[test]
    fn only_two_buttons_ask_first() {
        assert!(asks_for_modal("MJ::CustomZoom::h"));
        assert!(asks_for_modal("MJ::Inpaint::1::h::SOLO"));
        assert!(!asks_for_modal("MJ::Outpaint::50::1::h::SOLO"));
        assert!(!asks_for_modal("MJ::JOB::upsample::1::h"));
    }

    #[test]
    fn every_action_has_a_model_in_the_catalogue() {
        let models = task::catalogue::of_family("midjourney");
        let listed = |model: &str| models.iter().any(|(name, _)| *name == model);
        assert!(NAMES.iter().all(|(_, (_, model))| listed(model)));
        assert!(CHANGE_WORDS.iter().all(|word| listed(of_change(word).1)));
    }
}
