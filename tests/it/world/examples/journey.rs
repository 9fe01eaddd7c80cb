//! One page after another, as a caller would go through them.

use super::documented::{Answers, compare, is_answer, word};
use super::media::Media;
use super::page::{Asked, Block, Language, asked, skipped};
use super::table::{self, Own};
use crate::world::process::{Backlot, log_of};
use crate::world::receiver::Receiver;
use futures::StreamExt;
use futures::stream;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// Programs and waits under way at once.
const AT_ONCE: usize = 8;
/// Words that tell of a good end, in the answers and in the callbacks of the families.
const GOOD: &[&str] = &["SUCCESS", "complete", "succeeded", "completed", "succeed"];
/// Words that tell of a bad one.
const BAD: &[&str] = &["FAILURE", "error", "failed", "FAILED", "CANCEL"];

/// Everything that a page is run against.
pub(super) struct Journey {
    pub(super) backlot: Backlot,
    pub(super) receiver: Receiver,
    /// The host of what stands under example.com on the pages.
    pub(super) media: Media,
    pub(super) replaced: Vec<(String, String)>,
    blocks: Vec<Block>,
    answers: Answers,
    folder: tempfile::TempDir,
}

impl Journey {
    pub(super) async fn begin(blocks: Vec<Block>) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let backlot = Backlot::start(&folder.path().join("data")).await;
        let media = Media::start().await;
        let mut replaced = vec![
            ("https://example.com".to_owned(), media.base.clone()),
            ("https://crazyrouter.com".to_owned(), backlot.base.clone()),
            ("YOUR_API_KEY".to_owned(), backlot.token.clone()),
            ("sk-xxx".to_owned(), backlot.token.clone()),
        ];
        replaced.extend(table::WORDS.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())));
        let answers = Answers::of(&blocks);
        Self { backlot, receiver: Receiver::start().await, media, replaced, blocks, answers, folder }
    }

    pub(super) fn apply(&self, code: &str) -> String {
        self.replaced.iter().fold(code.to_owned(), |code, (from, to)| code.replace(from, to))
    }

    fn of(&self, language: Language) -> Vec<Block> {
        self.blocks.iter().filter(|block| block.language == language).cloned().collect()
    }

    fn fail(&self, place: &str, why: &str) -> ! {
        panic!("{place}: {why}\n{}", log_of(&self.backlot.data))
    }

    /// Makes the tasks that stand in for ids on the pages: each has to end well, and its fetch and its last
    /// callback have to be as documented.
    pub(super) async fn make(&mut self, own: Vec<Own>) {
        let mut made = Vec::new();
        for one in own {
            let mut body = one.body;
            body["notifyHook"] = json!(self.receiver.url);
            let (status, answer) = self.backlot.post(one.path, &body).await;
            assert_eq!(status, 200, "{}: {answer}", one.path);
            made.push((one.id, one.path, self.id_of(one.path, &answer)));
        }
        for (name, path, id) in made {
            let task = self.ended(path, &id).await;
            if !word(&task).is_some_and(|word| GOOD.contains(&word)) {
                self.fail(path, &format!("it did not end well: {task}"));
            }
            self.check_callback(&id).await;
            if !name.is_empty() {
                self.replaced.push((name.to_owned(), id));
            }
        }
    }

    /// The id in the answer to a submission.
    fn id_of(&self, place: &str, answer: &Value) -> String {
        let id = ["/task_id", "/id", "/result", "/data/task_id"].iter().find_map(|at| answer.pointer(at)?.as_str());
        id.unwrap_or_else(|| self.fail(place, &format!("no id: {answer}"))).to_owned()
    }

    /// Fetches a task by the way that belongs to its submission, at once and at its end, and holds both
    /// answers against the page. Gives the last one.
    async fn ended(&self, submitted_at: &str, id: &str) -> Value {
        let path = fetched_at(submitted_at, id);
        let request = Asked { method: "GET", path: path.split('?').next().unwrap_or_default().to_owned() };
        let (status, early) = self.backlot.get(&path).await;
        assert_eq!(status, 200, "{path}: {early}");
        self.answers.check(&request, &early).unwrap_or_else(|why| self.fail(&path, &why));
        let mut answer = early;
        while !word(&answer).is_some_and(|word| GOOD.contains(&word) || BAD.contains(&word)) {
            answer = self.backlot.wait(&path).await.1;
        }
        let held = self.answers.check(&request, &answer).unwrap_or_else(|why| self.fail(&path, &why));
        let is_good = word(&answer).is_some_and(|word| GOOD.contains(&word));
        assert!(held > 0 || !is_good, "{path}: nothing is documented for {answer}");
        if is_good {
            self.links_lead_somewhere(&answer).await;
        }
        answer
    }

    /// Every link into the file store can be followed without a key.
    async fn links_lead_somewhere(&self, answer: &Value) {
        let mut links = Vec::new();
        collect_links(answer, &mut links);
        for link in links {
            assert!(link.starts_with(&self.backlot.base), "a link leads elsewhere: {link}");
            let response = self.backlot.client.get(&link).send().await.expect("it answers");
            let (status, kind) = (response.status(), response.headers().get("content-type").cloned());
            let bytes = response.bytes().await.expect("the file is whole");
            assert!(status.is_success() && !bytes.is_empty(), "{link}: {status} {kind:?}");
        }
    }

    /// The last callback has every field that `contract/callback.md` documents for its family.
    async fn check_callback(&self, id: &str) {
        let heard = self.receiver.body(id, GOOD).await;
        let heading = match &heard {
            body if body.get("imageUrl").is_some() => "Midjourney Callback",
            body if body["type"] == "video" => "Video Generation Callback (Kling/Luma/Runway)",
            body if body["type"] == "music" => "Suno Music Callback",
            _ => "",
        };
        let pages = super::page::blocks(&["callback.md"]).unwrap_or_default();
        let documented = match pages.iter().find(|block| block.heading == heading) {
            Some(block) => serde_json::from_str(&block.code).unwrap_or_else(|e| panic!("{}: {e}", block.place())),
            // Pictures of films' families and lyrics stand in no example (`contract/DECISIONS.md`, callback).
            None if heard["type"] == "image" => {
                json!({ "id": "a", "task_id": "a", "status": "succeed", "type": "image", "model": "a", "progress": 100,
                    "output": { "image_url": "https://", "image_urls": ["https://"] }, "error": null, "created_at": 1,
                    "updated_at": 1 })
            }
            None => json!({ "id": "a", "task_id": "a", "status": "complete", "type": "lyrics", "data": [],
                "output": { "title": "a", "text": "a" }, "error": null }),
        };
        let mut faults = Vec::new();
        compare(&documented, &heard, "", &mut faults);
        assert!(faults.is_empty() && heard["id"] == id, "{heading}: {}\n{heard}", faults.join("; "));
    }

    /// Runs every curl example; what they submit has to end.
    pub(super) async fn run_curls(&self, expected: usize) {
        let examples = self.of(Language::Curl);
        assert_eq!(examples.len(), expected, "curl examples found");
        let runs = examples.iter().map(|block| self.run_curl(block));
        stream::iter(runs).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    }

    async fn run_curl(&self, block: &Block) {
        let code = self.apply(&block.code).replacen("curl ", "curl -sS --fail-with-body ", 1);
        let (fine, said) = run(Path::new("bash"), &["-c", &code], self.folder.path()).await;
        if !fine {
            self.fail(&block.place(), &said);
        }
        if block.code.contains("-o output.mp4") {
            let film = std::fs::read(self.folder.path().join("output.mp4")).expect("curl wrote the film");
            return assert_eq!(film.get(4..8), Some(&b"ftyp"[..]), "the content is no MP4");
        }
        self.check_said(block, &asked(&block.code), &said).await;
    }

    /// An example's answer is as documented, and what it opened ends: well, unless its inputs can't be had.
    async fn check_said(&self, block: &Block, request: &Asked, said: &str) {
        let answer: Value =
            serde_json::from_str(said).unwrap_or_else(|e| self.fail(&block.place(), &format!("{e}: {said}")));
        let request = Asked { method: request.method, path: self.apply(&request.path) };
        let held = self.answers.check(&request, &answer).unwrap_or_else(|why| self.fail(&block.place(), &why));
        if request.path == "/suno/fetch" {
            let single = Asked { method: "GET", path: "/suno/fetch/task".to_owned() };
            let items = answer["data"].as_array().cloned().unwrap_or_default();
            assert_eq!(items.len(), 2, "{answer}");
            for item in items {
                let held = self.answers.check(&single, &json!({ "code": 1, "data": item }));
                assert!(held.is_ok_and(|held| held > 0), "{}: {answer}", block.place());
            }
            return;
        }
        assert!(held > 0, "{}: nothing is documented for {answer}", block.place());
        let is_submission = super::documented::route_of(&request).1.call == contracts::Call::Submit;
        if !is_submission {
            return;
        }
        let task = self.ended(&request.path, &self.id_of(&block.place(), &answer)).await;
        let is_good = word(&task).is_some_and(|word| GOOD.contains(&word));
        if !is_good && !table::may_fail(&block.code) {
            self.fail(&block.place(), &format!("it did not end well: {task}"));
        }
    }

    /// Sends the requests that stand on the pages as bare JSON to the route of the `POST` line before them.
    pub(super) async fn send_bare(&self, expected: usize) {
        let mut path = "";
        let mut sent = 0;
        for block in &self.blocks {
            if let Some(named) = block.code.trim().strip_prefix("POST ").filter(|_| block.language == Language::Words) {
                path = named.lines().next().unwrap_or_default();
            }
            let left_out =
                table::LEFT_OUT.iter().any(|(page, heading, _)| (*page, *heading) == (block.page, &block.heading));
            if block.language != Language::Json || is_answer(block) || left_out || block.heading.contains("Verified") {
                continue;
            }
            let exception =
                table::BARE.iter().find(|(page, heading, _)| (*page, *heading) == (block.page, &block.heading));
            let path = exception.map_or(path, |(_, _, path)| path);
            let body: Value = serde_json::from_str(&self.apply(&block.code)).expect("the page's JSON is JSON");
            let (status, answer) = self.backlot.post(path, &body).await;
            assert_eq!(status, 200, "{}: {answer}", block.place());
            self.check_said(block, &Asked { method: "POST", path: path.to_owned() }, &answer.to_string()).await;
            sent += 1;
        }
        assert_eq!(sent, expected, "bare requests found");
    }

    /// Runs every Python example, with `requests` and the OpenAI SDK as `tests/run` installs them.
    pub(super) async fn run_programs(&self, expected: usize) {
        let programs = self.of(Language::Python);
        assert_eq!(programs.len(), expected, "Python examples found");
        let Some(python) = python() else { return };
        let runs = programs.iter().map(|block| self.run_program(block, &python));
        stream::iter(runs).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    }

    async fn run_program(&self, block: &Block, python: &Path) {
        let code = self.apply(&table::indented(block.page, &block.heading, &block.code));
        let (fine, said) = run(python, &["-c", &code], self.folder.path()).await;
        if !fine || !table::went_well(&said) {
            self.fail(&block.place(), &said);
        }
        if block.code.contains("print(response.json())") {
            let line = block.code.lines().find(|line| line.contains("https://crazyrouter.com")).expect("it asks us");
            let url = if block.code.contains("requests.post") { format!("-X POST {line}") } else { line.to_owned() };
            self.check_said(block, &asked(&url), &said).await;
        }
    }
}

/// Where a task is fetched that was submitted at this path.
fn fetched_at(submitted_at: &str, id: &str) -> String {
    match submitted_at {
        path if path.starts_with("/mj/") => format!("/mj/task/{id}/fetch"),
        path if path.starts_with("/suno/") => format!("/suno/fetch/{id}"),
        "/v1/video/create" => format!("/v1/video/query?id={id}"),
        path => format!("{path}/{id}"),
    }
}

fn collect_links(value: &Value, links: &mut Vec<String>) {
    match value {
        Value::String(text) if text.starts_with("http") => links.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect_links(item, links)),
        Value::Object(fields) => fields.values().for_each(|field| collect_links(field, links)),
        _ => {}
    }
}

async fn run(program: &Path, arguments: &[&str], folder: &Path) -> (bool, String) {
    let output = Command::new(program).args(arguments).current_dir(folder).output().await.expect("the program runs");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), said)
}

/// Where `tests/run` has installed Python's packages; `None` when it has not, which only a quick run may say.
fn python() -> Option<PathBuf> {
    let folder = std::env::var_os("BACKLOT_TEST_SDK").map(PathBuf::from);
    let must = std::env::var_os("BACKLOT_TEST_REQUIRE_ALL").is_some();
    assert!(folder.is_some() || !must, "Python's packages are not installed: BACKLOT_TEST_SDK names no folder");
    if folder.is_none() {
        skipped("the Python examples need `requests` and `openai` (tests/run without --fast installs them)");
    }
    folder.map(|folder| folder.join("python/bin/python"))
}
