//! What callers ask of the families of films, songs and Kling's pictures.

use super::scenario::{Scenario, Told};
use super::submissions::{marker, note_told, tenant, with_hook};
use serde_json::{Value, json};
use tests::Tenant;

/// A submission and what is to come of it.
struct Ask {
    what: &'static str,
    path: String,
    body: Value,
    /// Where it is shown, with `{}` for its id.
    shown_at: &'static str,
    /// Whether the vendor makes no film of the length that is asked for.
    fits: bool,
    /// The task that it goes on from.
    follows: Option<Told>,
}

impl Ask {
    fn new(what: &'static str, path: &str, shown_at: &'static str, body: Value) -> Self {
        Self { what, path: path.to_owned(), body, shown_at, fits: false, follows: None }
    }
}

const SONG: &str = "/suno/fetch/{}";
const FILM: &str = "/v1/videos/{}";

/// Asks for something; the words name the take, by which the upstream's books are compared with ours.
pub(super) async fn ask(scenario: &mut Scenario) -> Result<(), String> {
    scenario.takes += 1;
    let marker = if scenario.dice.percent(30) { marker(scenario) } else { "" };
    let words = format!("take-{}. of a heron {marker}", scenario.takes).trim().to_owned();
    match choose(scenario, &words).await {
        Some(ask) => submit(scenario, ask, &words).await,
        None => Ok(()),
    }
}

/// A finished song or film, and one that goes on from it.
pub(super) async fn begin_with_a_parent(scenario: &mut Scenario) {
    let is_song = scenario.dice.percent(50);
    let first = if is_song { song("take-0. of the sea") } else { film("take-0. of the sea", 4) };
    submit(scenario, first, "take-0.").await.expect("nothing is wrong yet");
    let id = scenario.told.first().expect("it was accepted").id.clone();
    scenario.world.run_to_end(&id).await;
    scenario.takes += 1;
    let words = "take-1. goes on";
    let next = if is_song { going_on(scenario, words).await } else { remix(scenario, words).await };
    submit(scenario, next.expect("the first has ended well"), words).await.expect("nothing is wrong yet");
}

async fn submit(scenario: &mut Scenario, ask: Ask, words: &str) -> Result<(), String> {
    let whose = ask.follows.as_ref().map(|told| told.tenant);
    let tenant: Tenant = whose.unwrap_or_else(|| tenant(scenario));
    let body = with_hook(scenario, ask.body);
    let answer = scenario.world.call(tenant, http::Method::POST, &ask.path, Some(&body), None).await;
    let what = match &ask.follows {
        Some(told) => format!("{} of {} {words:?}", ask.what, scenario.name_of(&told.id)),
        None => format!("{} {words:?}", ask.what),
    };
    let told = Told {
        shown_at: ask.shown_at.to_owned(),
        fits: ask.fits,
        follows: ask.follows.map(|told| told.id),
        ..Told::new(tenant, body.get("notifyHook").is_some())
    };
    if let Some(id) = answer.opened().filter(|_| told.fits)
        && scenario.world.task(&id).await.warnings.is_empty()
    {
        return Err(format!("{what} was fitted, and its caller can't know"));
    }
    note_told(scenario, told, &what, &answer)
}

async fn choose(scenario: &Scenario, words: &str) -> Option<Ask> {
    const WEIGHTS: [usize; 9] = [4, 2, 3, 3, 2, 4, 3, 3, 4];
    let kling = |what, at: &str, shown_at| {
        Ask::new(what, at, shown_at, json!({ "model": "kling-v2-5-turbo", "prompt": words, "duration": "5" }))
    };
    Some(match scenario.dice.weighted(&WEIGHTS) {
        0 => song(words),
        1 => Ask::new("lyrics", "/suno/submit/lyrics", SONG, json!({ "prompt": words })),
        2 => going_on(scenario, words).await?,
        3 => kling("kling film", "/kling/v1/videos/text2video", "/kling/v1/videos/text2video/{}"),
        4 => kling("kling picture", "/kling/v1/images/generations", "/kling/v1/images/generations/{}"),
        5 => {
            let content = json!([{ "type": "text", "text": words }]);
            let path = "/volc/v1/contents/generations/tasks";
            // A relay makes the older one too.
            let model = ["doubao-seedance-2-0", "doubao-seedance-1-0-pro"][scenario.dice.below(2)];
            let body = json!({ "model": model, "content": content, "resolution": "480p", "duration": 4 });
            Ask::new("seedance film", path, "/volc/v1/contents/generations/tasks/{}", body)
        }
        6 => film(words, [4, 3][scenario.dice.below(2)]),
        7 => remix(scenario, words).await?,
        _ => {
            // The vendor makes films of 4, 6 and 8 s.
            let seconds = [4, 5][scenario.dice.below(2)];
            let body = json!({ "model": "veo-3.1-fast", "prompt": words, "duration": seconds, "size": "720P" });
            Ask { fits: seconds == 5, ..Ask::new("veo film", "/v1/video/create", "/v1/video/query?id={}", body) }
        }
    })
}

fn song(words: &str) -> Ask {
    Ask::new("song", "/suno/submit/music", SONG, json!({ "gpt_description_prompt": words, "mv": "chirp-v4" }))
}

/// Of so many seconds; the vendor makes films of 4, 8 and 12 s.
fn film(words: &str, seconds: i64) -> Ask {
    let body = json!({ "model": "sora-2", "prompt": words, "duration": seconds, "size": "1280x720" });
    Ask { fits: seconds == 3, ..Ask::new("film", "/v1/videos", FILM, body) }
}

async fn remix(scenario: &Scenario, words: &str) -> Option<Ask> {
    let told = finished_as(scenario, FILM).await?;
    let path = format!("/v1/videos/{}/remix", told.id);
    Some(Ask { path, follows: Some(told), ..Ask::new("remix", "", FILM, json!({ "prompt": words })) })
}

/// A task that its caller sees as finished well; the story may have none.
async fn finished_as(scenario: &Scenario, shown_at: &str) -> Option<Told> {
    for told in scenario.told.iter().rev().filter(|told| told.shown_at == shown_at) {
        let shown = scenario.world.see(told.tenant, &told.path()).await;
        if matches!(shown.word(), "complete" | "completed") {
            return Some(told.clone());
        }
    }
    None
}

/// A song that goes on from a clip of one before.
async fn going_on(scenario: &Scenario, words: &str) -> Option<Ask> {
    let told = finished_as(scenario, SONG).await?;
    let shown = scenario.world.see(told.tenant, &told.path()).await;
    let clip = shown.body.pointer("/data/data/0/id")?.as_str()?.to_owned();
    let body = json!({ "prompt": words, "continue_clip_id": clip, "continue_at": 10, "tags": "pop" });
    Some(Ask { follows: Some(told), ..Ask::new("continuation", "/suno/submit/music", SONG, body) })
}
