//! The OpenAI video contract, `/v1/videos` (`contract/openai-video.md`), so that the official SDKs work
//! with their base URL changed and nothing else (`upstream/sdk-requests.md`, section 1).

mod doc;
mod routes;
mod show;

use crate::errors::task_family_body;
use crate::family::{Answer, Content, Family, Input, Order, Page, PageEnd, QueuePosition, Route, RouteDoc, View};
use crate::fields::Fields;
use crate::problem::Problem;
use crate::{film_order, video};
use serde_json::{Value, json};
use task::{Kind, Role, Shown, Spec, State, Task, TaskId};

/// The model that the protocol takes when none is named (`upstream/sora.md`, section 2).
const DEFAULT_MODEL: &str = "sora-2";
/// How many tasks a page holds when `limit` is not given, and the most that it may hold.
const LIMIT_DEFAULT: usize = 20;
const LIMIT_MAX: usize = 100;

/// The family.
#[derive(Debug, Clone, Copy)]
pub struct OpenaiVideo;

impl Family for OpenaiVideo {
    fn name(&self) -> &'static str {
        "openai_video"
    }

    fn routes(&self) -> Vec<Route> {
        routes::all()
    }

    fn serves(&self, family: &str) -> bool {
        matches!(family, "openai_video" | "unified_video")
    }

    fn read(&self, input: &Input<'_>) -> Result<Order, Problem> {
        match input.route.name {
            "remix" => remix(input),
            _ => film_order::read(input.body, Some(DEFAULT_MODEL)),
        }
    }

    fn follow(&self, order: Order, parent: Option<&Task>) -> Result<Order, Problem> {
        let parent = parent.ok_or_else(Problem::no_task)?;
        if parent.state != State::Succeeded {
            return Err(Problem::refused("video_not_ready", "only a completed video can be remixed").at("video_id"));
        }
        let mut spec = order.spec;
        (spec.seconds, spec.size) = (parent.seconds(), parent.size());
        (spec.resolution, spec.aspect_ratio) = (parent.spec.resolution.clone(), parent.spec.aspect_ratio.clone());
        Ok(Order { spec, model: parent.model.clone(), ..order })
    }

    fn accepted(&self, task: &Task, _position: QueuePosition) -> Answer {
        Answer::ok(show::bare(task))
    }

    fn headers(&self, task: &Task) -> Vec<(&'static str, String)> {
        vec![("openai-poll-after-ms", show::poll_after_ms(task).to_string())]
    }

    fn ids(&self, input: &Input<'_>) -> Result<Vec<String>, Problem> {
        Ok(vec![input.path("id").unwrap_or_default().to_owned()])
    }

    fn page(&self, input: &Input<'_>) -> Result<Page, Problem> {
        page(input)
    }

    fn show(&self, view: &View<'_>) -> Value {
        show::task(view)
    }

    fn list(&self, views: &[View<'_>], end: PageEnd) -> Value {
        json!({
            "object": "list",
            "data": views.iter().map(show::task).collect::<Vec<_>>(),
            "first_id": views.first().map(|view| view.task.id),
            "last_id": views.last().map(|view| view.task.id),
            "has_more": end.has_more,
        })
    }

    fn deleted(&self, view: &View<'_>) -> Answer {
        Answer::ok(json!({ "id": view.task.id, "object": "video.deleted", "deleted": true }))
    }

    fn content<'t>(&self, input: &Input<'_>, task: &'t Task) -> Result<Content<'t>, Problem> {
        content(input.query("variant").filter(|text| !text.is_empty()), task)
    }

    fn callback_word(&self, shown: Shown) -> &'static str {
        video::callback_word(shown)
    }

    fn callback(&self, view: &View<'_>) -> Value {
        video::callback(view)
    }

    fn error(&self, problem: &Problem, request_id: &str) -> (u16, Value) {
        (problem.status, task_family_body(problem, request_id))
    }

    fn doc(&self, route: &Route) -> RouteDoc {
        doc::of(route)
    }
}

/// A film made anew with other words; model and measures are those of the film.
fn remix(input: &Input<'_>) -> Result<Order, Problem> {
    let mut fields = Fields::of(input.body)?;
    let prompt = fields.required_text("prompt", film_order::PROMPT_MAX_CHARS)?.to_owned();
    let callback_url = crate::callback_url::read(&mut fields)?;
    let parent: TaskId = input.path("id").unwrap_or_default().parse().map_err(|_| Problem::no_task())?;
    let spec = Spec { prompt, parent: Some(parent), ..Spec::new(Kind::Remix) };
    Ok(Order { callback_url, ..Order::new(spec, "remix", DEFAULT_MODEL) })
}

fn page(input: &Input<'_>) -> Result<Page, Problem> {
    let given = |name: &str| input.query(name).filter(|text| !text.is_empty());
    let ascending = match given("order") {
        None | Some("desc") => false,
        Some("asc") => true,
        Some(_) => return Err(Problem::invalid("order", "order has to be asc or desc")),
    };
    let limit =
        match given("limit") {
            None => LIMIT_DEFAULT,
            Some(text) => text.parse().ok().filter(|limit| *limit <= LIMIT_MAX).ok_or_else(|| {
                Problem::invalid("limit", format!("limit has to be an integer from 0 to {LIMIT_MAX}"))
            })?,
        };
    Ok(Page {
        families: vec!["openai_video".to_owned(), "unified_video".to_owned()],
        after: given("after").map(str::to_owned),
        ascending,
        limit,
        ..Page::default()
    })
}

fn content<'t>(variant: Option<&str>, task: &'t Task) -> Result<Content<'t>, Problem> {
    let role = match variant.unwrap_or("video") {
        "video" => Role::Video,
        "thumbnail" => Role::Cover,
        "spritesheet" => return Err(Problem::not_found("content_not_found", "no spritesheet was made of this video")),
        _ => return Err(Problem::invalid("variant", "variant has to be video, thumbnail or spritesheet")),
    };
    match task.shown {
        Shown::Succeeded => {}
        Shown::Failed | Shown::Cancelled => {
            return Err(Problem::refused("video_failed", "the video failed; it has no content"));
        }
        _ => return Err(Problem::refused("video_not_ready", "the video is not completed yet")),
    }
    let missing = || Problem::not_found("content_not_found", "this video has no such content (any more)");
    let found = task.artifacts.iter().find(|artifact| artifact.role == role && !artifact.late);
    found.map(|artifact| Content { artifact, attachment: true }).ok_or_else(missing)
}
