//! What is replaced in the examples before they run, and what does not run at all.

use serde_json::{Value, json};

/// A picture of 64 by 64 pixels, for tasks that the test makes itself.
pub(super) const PICTURE: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAAAT0lEQVR42u3PQQkAAAgEsItiNKMZ1Qi+hcEKLNXzWgQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQELgui/wEPZWzwqQAAAABJRU5ErkJggg==";

/// Words of the pages that stand for something of the caller's own, and what they become besides the host, the
/// key, the ids of tasks and the host of the caller's files.
pub(super) const WORDS: &[(&str, &str)] = &[
    // A film takes six seconds here, not minutes.
    ("time.sleep(10)", "time.sleep(0.5)"),
    // So that what a program prints can be read as JSON.
    ("print(response.json())", "print(__import__('json').dumps(response.json()))"),
];

/// The pages have lost the indentation of their Python. For each program that needs it: page, heading, and
/// the depth of each line that follows its first `for` or `while`.
pub(super) const DEPTHS: &[(&str, &str, &str)] = &[
    ("models.md", "Request example", "1"),
    ("models.md", "Code Examples", "1"),
    ("suno.md", "Complete Workflow Example", "1112333321221"),
    ("kling.md", "End-to-End Example", "111111221221"),
    ("unified-video.md", "Complete Workflow Example", "11111221221"),
];

/// A program with its indentation.
pub(super) fn indented(page: &str, heading: &str, code: &str) -> String {
    let Some((_, _, depths)) = DEPTHS.iter().find(|(of, under, _)| (*of, *under) == (page, heading)) else {
        return code.to_owned();
    };
    let is_loop = |line: &str| line.starts_with("for ") || line.starts_with("while ");
    let first = code.lines().position(is_loop).expect("a program of the table has a loop") + 1;
    let depth = |place: usize| place.checked_sub(first).and_then(|place| depths.chars().nth(place)?.to_digit(10));
    let lines = code.lines().enumerate();
    lines.map(|(place, line)| format!("{}{line}\n", "    ".repeat(depth(place).unwrap_or(0) as usize))).collect()
}

/// An id on a page, and how the test makes a task of its own in its place.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) id: &'static str,
    pub(super) path: &'static str,
    pub(super) body: Value,
}

fn own(id: &'static str, path: &'static str, body: Value) -> Own {
    Own { id, path, body }
}

/// `contract/suno.md`; the clip of [`CLIP`] is that of the first song.
pub(super) fn songs() -> Vec<Own> {
    let song = json!({ "gpt_description_prompt": "an upbeat song about the sea" });
    vec![
        own("lyrics_task_abc123", "/suno/submit/lyrics", json!({ "prompt": "a rainy day" })),
        own("suno_task_abc123", "/suno/submit/music", song.clone()),
        own("suno_task_def456", "/suno/submit/music", song),
    ]
}

/// The clip that the Suno page goes on from.
pub(super) const CLIP: &str = "clip_abc123";

/// `contract/kling.md`.
pub(super) fn kling() -> Vec<Own> {
    let try_on = json!({ "model_name": "kolors-virtual-try-on-v1", "human_image": PICTURE, "cloth_image": PICTURE });
    let pictures = json!({ "model": "kling-v2-5-turbo", "prompt": "a heron", "n": 2 });
    let from_picture = json!({ "model_name": "kling-v3", "image": PICTURE, "prompt": "it flies off" });
    let omni =
        json!({ "model_name": "kling-v3", "prompt": "<<<image_1>>> walks", "image_list": [{ "image_url": PICTURE }] });
    let many = json!({ "model_name": "kling-v3", "prompt": "a walk", "image_list": [PICTURE, PICTURE] });
    let film = json!({ "model_name": "kling-v2-5-turbo", "prompt": "a heron" });
    vec![
        own("866361099762425934", "/kling/v1/images/kolors-virtual-try-on", try_on),
        own("2037177945839673344", "/kling/v1/images/generations", pictures),
        own("", "/kling/v1/videos/text2video", film),
        own("", "/kling/v1/videos/image2video", from_picture),
        own("", "/kling/v1/videos/multi-image2video", many),
        own("", "/kling/v1/videos/omni-video", omni),
    ]
}

/// `contract/seedance.md` and `contract/volcengine.md`.
pub(super) fn volcano() -> Vec<Own> {
    let path = "/volc/v1/contents/generations/tasks";
    let seagull =
        json!([{ "type": "text", "text": "a seagull" }, { "type": "image_url", "image_url": { "url": PICTURE } }]);
    vec![
        own("cgt_task_abc123", path, json!({ "model": "doubao-seedance-1-0-lite-i2v", "content": seagull })),
        own("volc_task_abc123", path, json!({ "model": "doubao-video", "content": { "prompt": "a butterfly" } })),
    ]
}

/// The pages of the general film routes.
pub(super) fn films() -> Vec<Own> {
    let sora = json!({ "model": "sora-2", "prompt": "a heron", "seconds": "4", "size": "1280x720" });
    let veo = json!({ "model": "veo-3.1", "prompt": "a heron", "images": [PICTURE], "duration": 4 });
    let grok = json!({ "model": "grok-video-3", "prompt": "a heron" });
    vec![
        own("video_abc123", "/v1/videos", sora.clone()),
        own("video_task_abc123", "/v1/video/create", veo.clone()),
        own("veo_task_abc123", "/v1/video/create", grok),
        own("video_123", "/v1/video/generations", veo),
        own("your_task_id", "/v1/video/create", json!({ "model": "sora-2", "prompt": "a cat" })),
        own("sora_task_abc123", "/v1/videos", sora),
    ]
}

/// Where a request goes that stands on a page as bare JSON, when it is not the `POST` line before it:
/// page, heading, path.
pub(super) const BARE: &[(&str, &str, &str)] = &[("midjourney.md", "Using the Seed", "/mj/submit/imagine")];

/// Blocks that are not run: page, heading, why.
pub(super) const LEFT_OUT: &[(&str, &str, &str)] = &[
    (
        "callback.md",
        "Callback Server Examples",
        "servers of the caller's own, which never end; a receiver stands for them",
    ),
    ("callback.md", "Callback URL Configuration", "a part of a request; every task of the test's own calls back"),
    ("models.md", "Request example", "of the three languages there, Node.js is none of curl and Python"),
    ("midjourney.md", "Action Buttons", "a part of the task object, which is held against it"),
    (
        "video-generations-alias.md",
        "Error Response Verified Locally",
        "needs a model without a channel: crates/front/tests/api",
    ),
];

/// Routes that a page names and that are out of scope: page, route, why.
pub(super) const OUT_OF_SCOPE: &[(&str, &str, &str)] = &[
    ("models.md", "GET /api/pricing", "a management route; its page is usage.md"),
    ("models.md", "GET /api/token/models", "the page itself calls it no public endpoint"),
];

/// What a program says when all went well.
pub(super) fn went_well(said: &str) -> bool {
    let bad = ["'error': {", "\"error\": {", "Failed:", "failed\n", "Generation failed"];
    !said.trim().is_empty() && !bad.iter().any(|word| said.contains(word))
}

/// Whether an example has inputs that can't be had: base64 cut short, or a clip that nobody owns. Its task is
/// accepted and may fail.
pub(super) fn may_fail(code: &str) -> bool {
    ["iVBORw0KGgo...", "AAANSUhEUg...", CLIP].iter().any(|words| code.contains(words))
}
