//! Whatever is asked for, a dialect makes one well-formed request of bounded size, or refuses.

use crate::account::{Bench, KEYS, KINDS};
use crate::budget::try_cases;
use crate::corpus::BODIES;
use crate::edits::{Case, Edit, case, edit};
use contracts::{Body, Input as Asked};
use http::{HeaderMap, header};
use proptest::prelude::*;
use proptest::sample::Index;
use providers::{Encoding, Parent, Piece, PollItem, Request, Submission, Target};
use serde_json::Value;
use std::sync::LazyLock;
use task::clock::SeededEntropy;
use task::{ClientId, Details, Kind, Operation, Output, Role, Source, Spec};

/// A request may be so many times larger than what is asked for, plus [`REQUEST_MORE_BYTES`].
const REQUEST_TIMES: usize = 8;
/// What a request may have beside that.
const REQUEST_MORE_BYTES: usize = 16_384;
/// A path may be so many times longer than what is asked for, plus [`REQUEST_MORE_BYTES`].
const PATH_TIMES: usize = 4;
/// The most warnings of one task.
const WARNINGS_MAX: usize = 100;

/// What every route makes of every body of the corpus, and one plain spec of each kind.
static SPECS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let mut specs: Vec<Value> = KINDS.iter().map(|kind| to_value(&Spec::new(*kind))).collect();
    for family in contracts::all() {
        for route in family.routes() {
            for body in BODIES.iter() {
                let body = Body::Json(body.clone());
                let path = [("id".to_owned(), "task_01jd3k8w9q2v5x7z4m6n8p0r1s".to_owned())];
                let input = Asked { route: &route, path: &path, query: &[], headers: &HeaderMap::new(), body: &body };
                specs.extend(family.read(&input).ok().map(|order| to_value(&order.spec)));
            }
        }
    }
    specs.dedup();
    assert!(specs.len() > 100, "the corpus makes specs");
    specs
});

fn to_value(spec: &Spec) -> Value {
    serde_json::to_value(spec).expect("a spec is JSON")
}

/// A spec, the parent's spec, and the account that it goes out with.
#[derive(Debug, Clone)]
struct Asking {
    dialect: Index,
    spec: Case,
    parent: Case,
    options: Case,
    key: Index,
    model: Edit,
    operation: Edit,
}

fn asking() -> impl Strategy<Value = Asking> {
    (any::<Index>(), case(), case(), case(), any::<Index>(), edit(), edit()).prop_map(
        |(dialect, spec, parent, options, key, model, operation)| Asking {
            dialect,
            spec,
            parent,
            options,
            key,
            model,
            operation,
        },
    )
}

/// Well-formed, bounded, and nowhere but below the channel's own address.
fn check_request(request: &Request, inputs: usize, asked_bytes: usize) -> Result<(), TestCaseError> {
    if let Target::Base(path) = &request.target {
        prop_assert!(path.starts_with('/'), "{path:.300}");
        prop_assert!(path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'), "{path:.300}");
        let plain = path.split('?').next().unwrap_or_default();
        prop_assert!(plain.split('/').all(|part| part != "." && part != ".."), "{path:.300}");
        prop_assert!(path.len() <= asked_bytes * PATH_TIMES + REQUEST_MORE_BYTES, "a path of {} bytes", path.len());
    }
    let mut body = Vec::new();
    for piece in &request.body {
        match piece {
            Piece::Bytes(bytes) => body.extend_from_slice(bytes),
            Piece::Input { position, encoding } => {
                prop_assert!(*position < inputs, "input {position} of {inputs}");
                body.extend_from_slice(if *encoding == Encoding::Raw { b"\x89PNG" } else { b"QUJD" });
            }
        }
    }
    let most = asked_bytes * REQUEST_TIMES + REQUEST_MORE_BYTES;
    prop_assert!(body.len() <= most, "a body of {} bytes, where {most} are allowed", body.len());
    let media_type = request.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if media_type.is_some_and(|text| text.starts_with("application/json")) && !body.is_empty() {
        let parsed = serde_json::from_slice::<Value>(&body);
        prop_assert!(parsed.is_ok(), "no JSON: {:.400}", String::from_utf8_lossy(&body));
    }
    Ok(())
}

fn ask(asking: &Asking) -> Result<(), TestCaseError> {
    // What is no spec can't come out of the ledger.
    let Ok(spec) = serde_json::from_value::<Spec>(asking.spec.value(&SPECS)) else { return Ok(()) };
    let parent_spec: Spec = serde_json::from_value(asking.parent.value(&SPECS)).unwrap_or(Spec::new(Kind::Image));
    let bench = Bench::new(*asking.dialect.get(providers::all()), &asking.options, KEYS[asking.key.index(KEYS.len())]);
    let dialect = bench.dialect;
    let model = asking.model.word();
    let fit = dialect.fit(&bench.options, &model, &spec);
    prop_assert!(fit.warnings.len() <= WARNINGS_MAX, "{} warnings", fit.warnings.len());
    let told: usize = fit.warnings.iter().map(String::len).sum();
    prop_assert!(told <= 2 * to_value(&spec).to_string().len() + REQUEST_MORE_BYTES, "{told} bytes of warnings");
    prop_assert!(fit.fitted.seconds.is_none_or(|seconds| seconds.is_finite() && seconds > 0.0), "{fit:?}");
    prop_assert!(fit.fitted.size.is_none_or(|size| size.width > 0 && size.height > 0), "{fit:?}");
    let operation = Operation { id: asking.operation.text(), memo: dialect.memo(&bench.options, &model, &spec) };
    let details = Details::default();
    let length = |value: &Value| value.to_string().len();
    let asked_bytes = length(&to_value(&spec)) + length(&to_value(&parent_spec)) + operation.id.len() + model.len();
    let submission = Submission {
        account: bench.account(),
        spec: &spec,
        upstream_model: &model,
        client: ClientId::new(1, &SeededEntropy::new(1)),
        parent: spec.kind.needs_parent().then_some(Parent {
            operation: &operation,
            details: &details,
            spec: &parent_spec,
        }),
        hook_url: Some("https://our.test/hooks/1"),
    };
    if let Ok(request) = dialect.submit(&submission) {
        check_request(&request, spec.inputs.len(), asked_bytes)?;
    }
    let items = [PollItem { operation: &operation, kind: spec.kind }];
    check_request(&dialect.poll(bench.account(), &items), 0, asked_bytes)?;
    let lost = providers::Lost { client: submission.client, spec: &spec, upstream_model: &model, submitted_ms: 5 };
    let output = Output::new(Role::Video, Source::Refetch(Value::from(asking.model.text())));
    let others = [
        dialect.cancel(bench.account(), &operation),
        dialect.lookup(bench.account(), &lost),
        dialect.seed(bench.account(), &operation),
        dialect.exchange(bench.account()).and_then(Result::ok),
        dialect.fetch(bench.account(), &output).ok(),
    ];
    for request in others.into_iter().flatten() {
        check_request(&request, 0, asked_bytes)?;
    }
    Ok(())
}

#[test]
fn odd_specs_make_one_request_or_a_refusal() {
    let tell = |asking: &Asking| {
        let dialect = asking.dialect.get(providers::all()).name();
        let (model, operation) = (asking.model.word(), asking.operation.text());
        let (spec, parent) = (asking.spec.value(&SPECS), asking.parent.value(&SPECS));
        format!("{dialect} model: {model:?} operation: {operation:?} parent: {parent}\n{spec:#}")
    };
    try_cases("specs", &asking(), tell, ask);
}
