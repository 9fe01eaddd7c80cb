//! Veo in both of its protocols: requests out, answers in.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::HeaderMap;
use providers::gemini_lro::GeminiLro;
use providers::vertex::Vertex;
use providers::{
    Account, Dialect, Encoding, Piece, PollItem, PollOutcome, Request, Response, Submission, SubmitOutcome, Target,
    Turn,
};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Map, Value, json};
use task::clock::SeededEntropy;
use task::{
    ClientId, FailureKind, Input, InputData, Kind, Operation, Output, Retry, Role, Secret, Shot, Size, Source, Spec,
};

/// Made for this test, used nowhere else.
const PRIVATE_KEY: &str = include_str!("throwaway_key.pem");
const NOW_MS: i64 = 1_790_000_000_000;
const NAME: &str = "projects/p/locations/l/publishers/google/models/veo-3.1-generate-001/operations/op-1";

struct Desk {
    key: Secret,
    access: Option<Secret>,
    options: Map<String, Value>,
}

impl Desk {
    fn new(key: &str) -> Self {
        Self { key: Secret::new(key), access: None, options: Map::new() }
    }

    fn with_option(mut self, name: &str, value: Value) -> Self {
        self.options.insert(name.into(), value);
        self
    }

    fn with_access(self, token: &str) -> Self {
        Self { access: Some(Secret::new(token)), ..self }
    }

    fn account(&self) -> Account<'_> {
        let access = self.access.as_ref();
        Account { base_url: "https://up.test/v1", key: &self.key, access, options: &self.options, now_ms: NOW_MS }
    }

    fn submission<'a>(&'a self, spec: &'a Spec) -> Submission<'a> {
        let client = ClientId::new(1, &SeededEntropy::new(1));
        let upstream_model = "veo-3.1-generate-001";
        Submission { account: self.account(), spec, upstream_model, client, parent: None, hook_url: None }
    }
}

fn service_account() -> String {
    json!({ "type": "service_account", "client_email": "bot@p.test", "private_key_id": "k1",
        "private_key": PRIVATE_KEY, "token_uri": "https://oauth.test/token" })
    .to_string()
}

fn film() -> Spec {
    Spec { prompt: "a cat".into(), ..Spec::new(Kind::Video) }
}

fn picture(role: &str) -> Input {
    let data = InputData::Stored { key: "inputs/a".into(), content_type: "image/png".into(), bytes: 3 };
    Input { role: role.into(), data }
}

fn text(request: &Request) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Bytes(bytes) => String::from_utf8(bytes.to_vec()).expect("is text"),
        Piece::Input { position, encoding: Encoding::Base64 } => format!("base64-{position}"),
        Piece::Input { position, encoding: Encoding::MediaType } => format!("type-{position}"),
        Piece::Input { position, encoding } => format!("{encoding:?}-{position}"),
    };
    request.body.iter().map(piece).collect()
}

fn body(request: &Request) -> Value {
    serde_json::from_str(&text(request)).expect("is JSON")
}

fn answer(status: u16, body: &Value) -> Response {
    Response { status, headers: HeaderMap::new(), body: Bytes::from(body.to_string()) }
}

fn poll(dialect: &dyn Dialect, status: u16, body: &Value) -> Result<PollOutcome, task::Failure> {
    let desk = Desk::new("k");
    let operation = Operation { id: NAME.into(), memo: Value::Null };
    let items = [PollItem { operation: &operation, kind: Kind::Video }];
    match dialect.read_poll(desk.account(), &items, &Value::Null, &answer(status, body))? {
        Turn::End(mut outcomes) => Ok(outcomes.remove(0)),
        Turn::Next(..) => panic!("one request is enough"),
    }
}

#[test]
fn the_developer_protocol_takes_pictures_as_base64_only() {
    let spec = Spec { inputs: vec![picture("first_frame")], seconds: Some(8.0), ..film() };
    let desk = Desk::new("AIza-up");
    let request = GeminiLro.submit(&desk.submission(&spec)).expect("can be sent");
    assert_eq!(request.target, Target::Base("/models/veo-3.1-generate-001:predictLongRunning".into()));
    assert!(request.paid && request.headers["x-goog-api-key"].is_sensitive());
    let sent = body(&request);
    let image = json!({ "bytesBase64Encoded": "base64-0", "mimeType": "type-0" });
    assert_eq!(sent["instances"][0], json!({ "prompt": "a cat", "image": image }), "trap 13");
    let parameters = json!({ "aspectRatio": "16:9", "resolution": "720p", "durationSeconds": 8, "sampleCount": 1 });
    assert_eq!(sent["parameters"], parameters, "trap 14: seconds are a number");
}

#[test]
fn roles_have_their_places_and_limits() {
    let desk = Desk::new("k");
    let both = Spec { inputs: vec![picture("first_frame"), picture("last_frame")], seconds: Some(4.0), ..film() };
    let sent = body(&Vertex.submit(&desk.submission(&both)).expect("can be sent"));
    assert_eq!(sent["instances"][0]["lastFrame"]["bytesBase64Encoded"], "base64-1");
    assert_eq!(sent["parameters"]["durationSeconds"], 8, "interpolation needs eight seconds");
    let assets = |count: usize| Spec { inputs: vec![picture("reference_image"); count], ..film() };
    let three = body(&Vertex.submit(&desk.submission(&assets(3))).expect("can be sent"));
    assert_eq!(three["instances"][0]["referenceImages"][2]["referenceType"], "asset");
    let refused = Vertex.submit(&desk.submission(&assets(4))).expect_err("one too many");
    assert_eq!(refused.kind, FailureKind::InvalidInput);
    let film_in = Vertex.submit(&desk.submission(&Spec { inputs: vec![picture("reference_video")], ..film() }));
    assert_eq!(film_in.expect_err("has no place").kind, FailureKind::InvalidInput);
}

/// Trap 10: what was lost lies in a folder that only this submission names.
#[test]
fn vertex_takes_seed_sound_and_a_folder_of_its_own() {
    let desk = Desk::new("k").with_option("storage_uri", json!("gs://bucket/films/"));
    let spec =
        Spec { seed: Some(7), sound: Some(false), count: Some(2), negative_prompt: Some("dogs".into()), ..film() };
    let parameters = body(&Vertex.submit(&desk.submission(&spec)).expect("can be sent"))["parameters"].clone();
    let client = ClientId::new(1, &SeededEntropy::new(1));
    assert_eq!(parameters["storageUri"], format!("gs://bucket/films/{client}/"));
    assert_eq!((&parameters["seed"], &parameters["generateAudio"]), (&json!(7), &json!(false)));
    assert_eq!((&parameters["sampleCount"], &parameters["negativePrompt"]), (&json!(2), &json!("dogs")));
    let developer = body(&GeminiLro.submit(&desk.submission(&spec)).expect("can be sent"))["parameters"].clone();
    assert!(developer.get("seed").is_none() && developer.get("generateAudio").is_none());
    assert_eq!(GeminiLro.fit(&Map::new(), "veo", &spec).warnings.len(), 2, "both are told");
}

#[test]
fn lengths_and_sizes_are_fitted_with_a_warning() {
    let size = |width, height| Size { width, height };
    for (seconds, asked, made_s, made, warnings) in [
        (5.0, None, 6.0, size(1280, 720), 1),
        (10.0, Some(size(1920, 1080)), 8.0, size(1920, 1080), 1),
        (8.0, Some(size(1080, 1080)), 8.0, size(1920, 1080), 1),
        (4.0, Some(size(720, 1280)), 4.0, size(720, 1280), 0),
        (4.0, Some(size(1080, 1920)), 8.0, size(1080, 1920), 1),
    ] {
        let fit = Vertex.fit(&Map::new(), "veo", &Spec { seconds: Some(seconds), size: asked, ..film() });
        assert_eq!((fit.fitted.seconds, fit.fitted.size), (Some(made_s), Some(made)), "{seconds} {asked:?}");
        assert_eq!(fit.warnings.len(), warnings, "{:?}", fit.warnings);
    }
    let shots = vec![Shot { prompt: "dawn".into(), seconds: None }];
    assert_eq!(Vertex.fit(&Map::new(), "veo", &Spec { shots, ..film() }).warnings.len(), 1);
}

#[test]
fn a_service_account_signs_for_its_token() {
    let key = service_account();
    let desk = Desk::new(&key);
    let request = Vertex.exchange(desk.account()).expect("has to be exchanged").expect("can sign");
    assert!(!request.paid && !format!("{:?}", request.headers).contains("PRIVATE"));
    assert_eq!(request.target, Target::Configured("https://oauth.test/token".into()));
    let form = text(&request);
    let assertion = form.split_once("&assertion=").expect("has an assertion").1;
    let parts: Vec<&str> = assertion.split('.').collect();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).expect("is base64")).expect("is JSON");
    let now_s = NOW_MS / 1_000;
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("bot@p.test"), &json!("https://oauth.test/token")));
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(now_s), &json!(now_s + 3_600)));
    let der: String = PRIVATE_KEY.lines().filter(|line| !line.starts_with("-----")).collect();
    let pair = ring::rsa::KeyPair::from_pkcs8(&STANDARD.decode(der).expect("is base64")).expect("is a key");
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public().as_ref());
    let signature = URL_SAFE_NO_PAD.decode(parts[2]).expect("is base64");
    public.verify(format!("{}.{}", parts[0], parts[1]).as_bytes(), &signature).expect("is signed by the account");

    let access = Vertex.read_exchange(&answer(200, &json!({ "access_token": "ya29", "expires_in": 3599 })));
    let access = access.expect("is a token");
    assert_eq!((access.token.expose(), access.good_for_ms), ("ya29", 3_599_000));
    assert!(Vertex.read_exchange(&answer(200, &json!({ "expires_in": 3599 }))).is_err());
    let with_token = Desk::new(&key).with_access("ya29");
    let submitted = Vertex.submit(&with_token.submission(&film())).expect("can be sent");
    assert_eq!(submitted.headers["authorization"], "Bearer ya29");
    assert!(Vertex.exchange(Desk::new("AQ.express").account()).is_none(), "an API key is none to exchange");
}

#[test]
fn a_broken_account_is_the_operators_business() {
    for key in ["{}", r#"{"client_email":"a","private_key":"x","token_uri":"https://o.test"}"#] {
        let desk = Desk::new(key);
        let failure = Vertex.exchange(desk.account()).expect("is an account").expect_err("can't sign");
        assert_eq!((failure.kind, failure.retry), (FailureKind::Refused, Retry::Elsewhere));
    }
}

#[test]
fn operations_are_asked_for_in_each_protocols_way() {
    let desk = Desk::new("k");
    let operation = Operation { id: NAME.into(), memo: Value::Null };
    let items = [PollItem { operation: &operation, kind: Kind::Video }];
    let vertex = Vertex.poll(desk.account(), &items);
    assert_eq!(vertex.target, Target::Base("/models/veo-3.1-generate-001:fetchPredictOperation".into()));
    assert_eq!(body(&vertex), json!({ "operationName": NAME }));
    let operation = Operation { id: "models/veo/operations/../x?y".into(), memo: Value::Null };
    let items = [PollItem { operation: &operation, kind: Kind::Video }];
    let gemini = GeminiLro.poll(desk.account(), &items);
    assert_eq!(
        gemini.target,
        Target::Base("/models/veo/operations/%2E%2E/x%3Fy".into()),
        "a name stays below the base"
    );
}

#[test]
fn results_are_read_in_every_form() {
    let done = |response: Value| json!({ "name": NAME, "done": true, "response": response });
    let source = |body: &Value| match poll(&Vertex, 200, body).expect("is read") {
        PollOutcome::Done { outputs, .. } => outputs.into_iter().map(|output| output.source).next().expect("is there"),
        other => panic!("{other:?}"),
    };
    let sample =
        json!({ "generateVideoResponse": { "generatedSamples": [{ "video": { "uri": "https://g.test/f" } }] } });
    assert_eq!(source(&done(sample)), Source::Url("https://g.test/f".into()));
    let relay = json!({ "generatedVideos": [{ "video": { "uri": "https://g.test/f" } }] });
    assert_eq!(source(&done(relay)), Source::Url("https://g.test/f".into()));
    let inline = json!({ "videos": [{ "bytesBase64Encoded": "aGk=", "mimeType": "video/mp4" }] });
    assert_eq!(source(&done(inline)), Source::Inline(Bytes::from_static(b"hi")), "trap 6: bytes");
    let bucket = json!({ "videos": [{ "gcsUri": "gs://b/a b/0.mp4", "mimeType": "video/mp4" }] });
    let found = source(&done(bucket));
    let desk = Desk::new("k").with_access("ya29");
    let request = Vertex.fetch(desk.account(), &Output::new(Role::Video, found)).expect("can be asked for");
    let url = "https://storage.googleapis.com/storage/v1/b/b/o/a%20b%2F0.mp4?alt=media";
    assert_eq!(request.target, Target::Configured(url.into()), "trap 6: a bucket");
    assert_eq!(request.headers["authorization"], "Bearer ya29");
}

#[test]
fn a_filtered_film_is_moderation_and_some_are_success() {
    let done = |response: Value| json!({ "name": NAME, "done": true, "response": response });
    let filtered = json!({ "raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["Support codes: 58061214"] });
    for response in [filtered.clone(), json!({ "generateVideoResponse": filtered })] {
        let outcome = poll(&GeminiLro, 200, &done(response)).expect("is read");
        let PollOutcome::Failed(failure) = outcome else { panic!("trap 5: {outcome:?}") };
        assert_eq!((failure.kind, failure.public.as_str()), (FailureKind::Moderation, "Support codes: 58061214"));
    }
    let some = json!({ "raiMediaFilteredCount": 1, "videos": [{ "gcsUri": "gs://b/0.mp4" }] });
    assert!(matches!(poll(&Vertex, 200, &done(some)), Ok(PollOutcome::Done { outputs, .. }) if outputs.len() == 1));
    let empty = poll(&Vertex, 200, &done(json!({}))).expect("is read");
    assert!(matches!(empty, PollOutcome::Failed(failure) if failure.kind == FailureKind::Upstream));
    let pending = poll(&Vertex, 200, &json!({ "name": NAME })).expect("is read");
    assert!(matches!(pending, PollOutcome::Pending { percent: None, .. }));
    assert_eq!(poll(&Vertex, 404, &json!({})), Ok(PollOutcome::Missing));
}

#[test]
fn errors_say_whether_a_retry_helps() {
    let desk = Desk::new("k");
    let spec = film();
    let refused = |status: u16, error: Value| {
        let response = answer(status, &json!({ "error": error }));
        match Vertex.read_submit(&desk.submission(&spec), &Value::Null, &response) {
            Turn::End(SubmitOutcome::Refused(failure)) => (failure.kind, failure.retry),
            other => panic!("{other:?}"),
        }
    };
    let quota =
        json!({ "code": 429, "status": "RESOURCE_EXHAUSTED", "message": "m", "details": [{ "retryDelay": "30s" }] });
    assert_eq!(refused(429, quota), (FailureKind::Refused, Retry::Later(Some(30_000))));
    let words = json!({ "status": "INVALID_ARGUMENT", "message": "violates our usage guidelines" });
    assert_eq!(refused(400, words), (FailureKind::Moderation, Retry::Never));
    assert_eq!(refused(400, json!({ "status": "INVALID_ARGUMENT" })), (FailureKind::InvalidInput, Retry::Never));
    assert_eq!(refused(403, json!({ "status": "PERMISSION_DENIED" })), (FailureKind::Refused, Retry::Elsewhere));
    let response = answer(503, &json!({}));
    let unclear = Vertex.read_submit(&desk.submission(&spec), &Value::Null, &response);
    assert!(matches!(unclear, Turn::End(SubmitOutcome::Unclear(_))));
    let failed = json!({ "done": true, "error": { "code": 3, "message": "bad image" } });
    let failed = poll(&Vertex, 200, &failed).expect("is read");
    assert!(matches!(failed, PollOutcome::Failed(failure) if failure.kind == FailureKind::InvalidInput));
}
