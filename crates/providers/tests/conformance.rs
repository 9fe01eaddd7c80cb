//! What every dialect owes the core, whatever an upstream says. Run for all of the registry.

use bytes::Bytes;
use http::HeaderMap;
use providers::{
    Account, Dialect, LookupOutcome, Lost, Parent, Piece, PollItem, Response, Submission, SubmitOutcome, Turn,
};
use serde_json::{Map, Value};
use task::clock::SeededEntropy;
use task::{ClientId, Details, Input, InputData, Kind, Operation, Output, Role, Secret, Song, Source, Spec};

const KEY: &str = "conformance-key-0451";

/// Bodies to start from; [`mangled`] makes many more of them.
const BODIES: &[&str] = &[
    r#"{"code":1,"description":"ok","result":"1320098173412546","properties":{"numberOfQueues":3}}"#,
    r#"{"id":"op-0","action":"IMAGINE","status":"SUCCESS","progress":"46%","imageUrl":"https://a.test/x.png","buttons":[{"customId":"a"}],"properties":{"finalPrompt":"cat"}}"#,
    r#"[{"id":"op-1","status":"FAILURE","failReason":"Banned prompt"},{"id":"op-0","status":"IN_PROGRESS"}]"#,
    r#"{"data":{"task_id":"op-0","task_status":"succeed","task_result":{"videos":[{"url":"https://a.test/v.mp4"}]}}}"#,
    r#"{"code":"success","message":"","data":[{"task_id":"op-0","status":"SUCCESS","data":[{"id":"c","status":"complete","audio_url":"https://a.test/c.mp3","metadata":{"duration":"9"}}]}]}"#,
    r#"{"code":200,"msg":"success","data":{"taskId":"op-0","status":"SUCCESS","response":{"sunoData":[{"id":"c","audioUrl":"https://a.test/c.mp3"}]}}}"#,
    "null",
    "",
];

const STATUSES: &[u16] = &[200, 201, 202, 204, 301, 400, 401, 403, 404, 408, 409, 429, 500, 502, 503, 504, 599];

struct Bench {
    dialect: &'static dyn Dialect,
    key: Secret,
    options: Map<String, Value>,
    client: ClientId,
    parent: (Operation, Details, Spec),
}

impl Bench {
    fn of(dialect: &'static dyn Dialect) -> Self {
        let parent = (operation("op-p"), Details::default(), Spec::new(Kind::Image));
        let client = ClientId::new(1, &SeededEntropy::new(1));
        Self { dialect, key: Secret::new(KEY), options: Map::new(), client, parent }
    }

    fn account(&self) -> Account<'_> {
        Account {
            base_url: "http://upstream.test",
            key: &self.key,
            access: None,
            options: &self.options,
            now_ms: 1_790_000_000_000,
        }
    }

    fn submission<'a>(&'a self, spec: &'a Spec) -> Submission<'a> {
        let (operation, details, parent) = &self.parent;
        Submission {
            account: self.account(),
            spec,
            upstream_model: "some-model",
            client: self.client,
            parent: spec.kind.needs_parent().then_some(Parent { operation, details, spec: parent }),
            hook_url: Some("https://our.test/hooks/1"),
        }
    }

    fn lost<'a>(&self, spec: &'a Spec) -> Lost<'a> {
        Lost { client: self.client, spec, upstream_model: "some-model", submitted_ms: 5 }
    }

    fn kinds(&self) -> &'static [Kind] {
        self.dialect.capabilities(&self.options).kinds
    }
}

fn benches() -> impl Iterator<Item = Bench> {
    providers::all().iter().map(|dialect| Bench::of(*dialect))
}

fn operation(id: &str) -> Operation {
    Operation { id: id.into(), memo: Value::Null }
}

fn spec_of(kind: Kind) -> Spec {
    let data = || InputData::Stored { key: "inputs/a".into(), content_type: "image/png".into(), bytes: 3 };
    let roles: &[&str] = match kind {
        Kind::Video => &["first_frame"],
        Kind::TryOn => &["human", "cloth"],
        Kind::Remix | Kind::Music | Kind::Lyrics | Kind::Concat => &[],
        _ => &["reference", "reference"],
    };
    let song = matches!(kind, Kind::Music | Kind::Concat)
        .then(|| Box::new(Song { clip: (kind == Kind::Concat).then(|| "clip-1".to_owned()), ..Song::default() }));
    Spec {
        prompt: "a \"cat\" \\ \u{7} 貓".into(),
        inputs: roles.iter().map(|role| Input { role: (*role).into(), data: data() }).collect(),
        song,
        button: Some("MJ::JOB::upsample::1::op-p".into()),
        ..Spec::new(kind)
    }
}

/// Bytes cut, swapped, doubled or made up; the seed decides which.
fn mangled(body: &str, entropy: &SeededEntropy) -> Vec<u8> {
    let mut bytes = body.as_bytes().to_vec();
    for _ in 0..=entropy.below(4) {
        let place = entropy.below(bytes.len() as u64 + 1) as usize;
        match entropy.below(6) {
            0 => bytes.truncate(place),
            1 if place < bytes.len() => bytes[place] = entropy.below(256) as u8,
            2 if place < bytes.len() => drop(bytes.remove(place)),
            3 => {
                let words: &[&str] = &["null", "-1", "1e309", "[]", "{}", "\"\"", "true", "99999999999999999999"];
                let word = words[entropy.below(words.len() as u64) as usize];
                let end = bytes[place..].iter().position(|b| b",}]".contains(b)).map_or(bytes.len(), |n| place + n);
                bytes.splice(place..end, word.bytes());
            }
            4 => bytes.extend_from_within(place..),
            _ => bytes.insert(place, b"{}[]\",:0\\%"[entropy.below(10) as usize]),
        }
    }
    bytes
}

fn answers(count: usize) -> impl Iterator<Item = Response> {
    let entropy = SeededEntropy::new(0x5eed);
    (0..count).map(move |turn| {
        let body = BODIES[turn % BODIES.len()];
        let body = if turn < BODIES.len() { body.as_bytes().to_vec() } else { mangled(body, &entropy) };
        let status = STATUSES[entropy.below(STATUSES.len() as u64) as usize];
        let status = if entropy.below(2) == 0 { 200 } else { status };
        Response { status, headers: HeaderMap::new(), body: Bytes::from(body) }
    })
}

#[test]
fn names_are_unique_and_found_again() {
    for bench in benches() {
        let name = bench.dialect.name();
        assert_eq!(providers::all().iter().filter(|dialect| dialect.name() == name).count(), 1, "{name}");
        assert_eq!(providers::find(name).map(Dialect::name), Some(name));
        assert_eq!(bench.dialect.check_options(&Map::new()), Ok(()), "{name} works without options");
        let odd = Map::from_iter([("no such option".to_owned(), Value::Bool(true))]);
        assert!(bench.dialect.check_options(&odd).is_err(), "{name} refuses what it does not know");
    }
}

#[test]
fn capabilities_are_within_reason() {
    for bench in benches() {
        let can = bench.dialect.capabilities(&bench.options);
        assert!(!can.kinds.is_empty() && can.poll_batch >= 1);
        // The usual lease of a submission is 150 s, and 10 s of it are margin: a longer call would never begin.
        assert!(can.poll_period_ms >= 100 && (1_000..=140_000).contains(&can.submit_timeout_ms));
        assert!(can.copy_deadline_ms > 0 && can.poll_body_max_bytes >= 64 << 10);
        let operation = operation("op-0");
        assert_eq!(bench.dialect.cancel(bench.account(), &operation).is_some(), can.cancel);
        assert_eq!(bench.dialect.lookup(bench.account(), &bench.lost(&spec_of(Kind::Image))).is_some(), can.lookup);
        assert_eq!(bench.dialect.seed(bench.account(), &operation).is_some(), can.seed);
    }
}

#[test]
fn every_kind_has_a_request_that_hides_the_key_and_names_only_real_inputs() {
    for bench in benches() {
        for kind in bench.kinds() {
            let spec = spec_of(*kind);
            let request = bench.dialect.submit(&bench.submission(&spec)).expect("a plain spec can be sent");
            assert!(!format!("{request:?}").contains(KEY), "{kind:?}: the key shows itself");
            for value in request.headers.values().filter(|value| value.to_str().is_ok_and(|text| text.contains(KEY))) {
                assert!(value.is_sensitive(), "{kind:?}");
            }
            for piece in &request.body {
                if let Piece::Input { position, .. } = piece {
                    assert!(*position < spec.inputs.len(), "{kind:?}");
                }
            }
        }
    }
}

#[test]
fn no_answer_to_a_submission_makes_a_dialect_panic_or_accept_without_an_id() {
    for bench in benches() {
        for kind in bench.kinds() {
            let spec = spec_of(*kind);
            let submission = bench.submission(&spec);
            for response in answers(4_000) {
                match bench.dialect.read_submit(&submission, &Value::Null, &response) {
                    Turn::End(SubmitOutcome::Accepted { operation, .. }) => {
                        assert!(!operation.id.is_empty() && response.status < 300, "{response:?}");
                    }
                    Turn::End(SubmitOutcome::Refused(failure)) => {
                        assert!(response.status < 500, "a 5xx is no refusal: {response:?}");
                        assert!(!failure.public.is_empty(), "{response:?}");
                    }
                    Turn::End(SubmitOutcome::Done { .. } | SubmitOutcome::Unclear(_)) | Turn::Next(..) => {}
                }
            }
        }
    }
}

#[test]
fn every_poll_gives_one_outcome_for_each_item_or_none_at_all() {
    for bench in benches() {
        let limit = bench.dialect.capabilities(&bench.options).poll_batch.min(3);
        let operations: Vec<Operation> = (0..limit).map(|n| operation(&format!("op-{n}"))).collect();
        for count in 1..=limit {
            let items: Vec<PollItem<'_>> =
                operations[..count].iter().map(|operation| PollItem { operation, kind: Kind::Image }).collect();
            assert!(!bench.dialect.poll(bench.account(), &items).paid);
            for response in answers(4_000) {
                let read = bench.dialect.read_poll(bench.account(), &items, &Value::Null, &response);
                if let Ok(Turn::End(outcomes)) = read {
                    assert_eq!(outcomes.len(), count, "{response:?}");
                    assert!(response.status < 500, "a 5xx is no verdict: {response:?}");
                }
            }
        }
    }
}

#[test]
fn side_calls_survive_any_answer() {
    for bench in benches() {
        let (dialect, account) = (bench.dialect, bench.account());
        for response in answers(4_000) {
            let found = dialect.read_lookup(account, &bench.lost(&spec_of(Kind::Image)), &response);
            if response.status >= 500 {
                assert!(!matches!(found, Ok(LookupOutcome::Absent)), "a 5xx proves nothing: {response:?}");
            }
            let _ = (dialect.read_cancel(&response), dialect.read_seed(&response));
            let _ = dialect.carries_client(bench.client, &response);
            if let Some(hint) = dialect.read_callback(account, &response.headers, &response.body) {
                assert!(!hint.operation_id.is_empty());
            }
        }
    }
}

#[test]
fn a_key_goes_with_a_download_only_where_the_capabilities_say_so() {
    for bench in benches() {
        let output = Output::new(Role::Image, Source::Url("https://elsewhere.test/x.png".into()));
        let keyed = bench.dialect.capabilities(&bench.options).artifact_key;
        if let Ok(request) = bench.dialect.fetch(bench.account(), &output) {
            assert!(!request.paid);
            let shows = request.headers.values().any(|value| value.to_str().is_ok_and(|text| text.contains(KEY)));
            assert!(keyed || !shows);
        }
    }
}
