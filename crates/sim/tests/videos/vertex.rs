//! Veo on Vertex AI: tokens, operations, buckets.

use crate::asker::{Asker, Got, START_MS, send};
use crate::film::measures;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};
use sim::SimConfig;

const MODEL: &str = "projects/p/locations/us-central1/publishers/google/models/veo-3.1-generate-001";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

fn body(prompt: &str, parameters: Value) -> Value {
    json!({"instances": [{"prompt": prompt}], "parameters": parameters})
}

/// An assertion with these claims besides the good ones.
fn assertion(change: Value) -> String {
    let mut claims = json!({
        "iss": "robot@p.iam.gserviceaccount.com",
        "aud": "https://oauth2.googleapis.com/token",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "iat": START_MS / 1_000,
        "exp": START_MS / 1_000 + 3_600,
    });
    for (name, value) in change.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2lnbmVk", part(json!({"alg": "RS256", "typ": "JWT"})), part(claims))
}

async fn grant(asker: &Asker, kind: &str, assertion: &str) -> Got {
    let form = format!("grant_type={}&assertion={assertion}", kind.replace(':', "%3A"));
    let request = asker.stranger(Method::POST, "/vertex/token");
    send(request.header("content-type", "application/x-www-form-urlencoded").body(form)).await.expect("an answer")
}

impl Asker {
    async fn vertex(&self, body: &Value) -> String {
        let answer = self.post(&format!("/vertex/v1/{MODEL}:predictLongRunning"), body).await.good();
        answer["name"].as_str().unwrap_or_else(|| panic!("no name in {answer}")).to_owned()
    }

    async fn vertex_operation(&self, name: &str) -> Value {
        let path = format!("/vertex/v1beta1/{MODEL}:fetchPredictOperation");
        self.post(&path, &json!({"operationName": name})).await.good()
    }
}

#[tokio::test]
async fn only_tokens_that_were_given_out_are_good_and_only_for_their_time() {
    let mut asker = Asker::with(|config| SimConfig { token_ms: 60_000, ..config }).await;
    let path = format!("/vertex/v1/{MODEL}:predictLongRunning");
    let order = body("a cat", json!({}));
    let keyless = send(asker.stranger(Method::POST, &path).json(&order)).await.expect("an answer");
    assert_eq!((keyless.status, &keyless.json()["error"]["status"]), (401, &json!("UNAUTHENTICATED")));
    asker.key.1 = "Bearer ya29.made-up".to_owned();
    assert_eq!(asker.post(&path, &order).await.status, 401);

    let token = grant(&asker, GRANT, &assertion(json!({}))).await.good();
    assert_eq!((&token["expires_in"], &token["token_type"]), (&json!(60), &json!("Bearer")));
    let token = token["access_token"].as_str().expect("a token").to_owned();
    asker.key.1 = format!("Bearer {token}");
    assert_eq!(asker.post(&path, &order).await.status, 200);
    let longer = token.replace(&(START_MS + 60_000).to_string(), &(START_MS + 90_000).to_string());
    assert_ne!(longer, token);
    asker.clock.advance_ms(60_000);
    assert_eq!(asker.post(&path, &order).await.status, 401, "it has expired");
    asker.key.1 = format!("Bearer {longer}");
    assert_eq!(asker.post(&path, &order).await.status, 401, "nobody can make it last longer");
}

#[tokio::test]
async fn a_secret_is_a_token_too() {
    let mut asker = Asker::with(|config| SimConfig { secret: Some(task::Secret::new("hush")), ..config }).await;
    let path = format!("/vertex/v1/{MODEL}:predictLongRunning");
    assert_eq!(asker.post(&path, &body("a", json!({}))).await.status, 401, "the usual one is not good any more");
    asker.key.1 = "Bearer hush".to_owned();
    assert_eq!(asker.post(&path, &body("a", json!({}))).await.status, 200);
}

#[tokio::test]
async fn bad_assertions_get_no_token() {
    let asker = Asker::start().await;
    let now_s = START_MS / 1_000;
    let cases = [
        assertion(json!({"exp": now_s - 1})),
        assertion(json!({"exp": now_s + 86_400})),
        assertion(json!({"iat": now_s + 3_000, "exp": now_s + 6_000})),
        assertion(json!({"iss": ""})),
        assertion(json!({"aud": "https://example.com/"})),
        assertion(json!({"scope": "email"})),
        "no.assertion".to_owned(),
    ];
    for bad in cases {
        let got = grant(&asker, GRANT, &bad).await;
        assert_eq!((got.status, &got.json()["error"]), (400, &json!("invalid_grant")), "{bad}");
    }
    let got = grant(&asker, "password", &assertion(json!({}))).await;
    assert_eq!((got.status, &got.json()["error"]), (400, &json!("unsupported_grant_type")));
    assert_eq!(asker.sim.counts().routes["vertex/token"], 8);
}

#[tokio::test]
async fn the_bytes_stand_in_the_answer() {
    let asker = Asker::start().await;
    let parameters = json!({"durationSeconds": 4, "sampleCount": 2, "generateAudio": false, "seed": 7});
    let name = asker.vertex(&body("a cat", parameters)).await;
    assert!(name.starts_with(&format!("{MODEL}/operations/")), "{name}");
    assert_eq!(asker.vertex_operation(&name).await, json!({"name": name}));
    asker.wait();
    let operation = asker.vertex_operation(&name).await;
    let response = &operation["response"];
    assert_eq!((&operation["done"], &response["raiMediaFilteredCount"]), (&json!(true), &json!(0)));
    let videos = response["videos"].as_array().expect("videos");
    assert_eq!(videos.len(), 2);
    for video in videos {
        let bytes = STANDARD.decode(video["bytesBase64Encoded"].as_str().expect("bytes")).expect("base64");
        assert_eq!((&video["mimeType"], measures(&bytes)), (&json!("video/mp4"), (1_280, 720, 4_000, 1)));
    }
    assert_ne!(videos[0], videos[1]);
}

#[tokio::test]
async fn the_films_lie_in_the_bucket_that_was_named() {
    let asker = Asker::start().await;
    let parameters = json!({"durationSeconds": 4, "storageUri": "gs://bucket/job-42/"});
    let name = asker.vertex(&body("a cat [sim:artifact=away]", parameters)).await;
    let list = async || asker.get("/vertex/storage/v1/b/bucket/o?prefix=job-42%2F").await.good()["items"].clone();
    assert_eq!(list().await, json!([]));
    asker.wait();
    let operation = asker.vertex_operation(&name).await;
    let video = &operation["response"]["videos"][0];
    assert_eq!(video.get("bytesBase64Encoded"), None);
    let object = video["gcsUri"].as_str().and_then(|uri| uri.strip_prefix("gs://bucket/")).expect("a place");
    assert!(object.starts_with("job-42/") && object.ends_with("/sample_0.mp4"), "{object}");
    assert_eq!(list().await[0]["name"], json!(object), "a lost one is found by its prefix");
    let path = format!("/vertex/storage/v1/b/bucket/o/{}?alt=media", object.replace('/', "%2F"));
    let keyless = send(asker.stranger(Method::GET, &path)).await.expect("an answer");
    assert_eq!(keyless.status, 401);
    assert_eq!(asker.get(&path).await.status, 503, "the trouble of the first download");
    let film = asker.get(&path).await;
    assert_eq!((film.header("content-type"), measures(&film.bytes)), ("video/mp4", (1_280, 720, 4_000, 2)));
    assert_eq!(asker.get(&path.replace("/b/bucket/", "/b/other/")).await.status, 404);
}

#[tokio::test]
async fn what_the_vendor_does_not_take_is_refused() {
    let asker = Asker::start().await;
    let cases = [
        json!({"durationSeconds": "8"}),
        json!({"sampleCount": 5}),
        json!({"seed": -1}),
        json!({"generateAudio": "yes"}),
        json!({"storageUri": "https://e.com/"}),
        json!({"storageUri": "gs://"}),
        json!({"compressionQuality": "best"}),
        json!({"resizeMode": "stretch"}),
    ];
    for parameters in cases {
        let got = asker.post(&format!("/vertex/v1/{MODEL}:predictLongRunning"), &body("a", parameters.clone())).await;
        assert_eq!((got.status, &got.json()["error"]["status"]), (400, &json!("INVALID_ARGUMENT")), "{parameters}");
    }
    let image = json!({"gcsUri": "gs://bucket/a.png", "mimeType": "image/png"});
    let name = asker.vertex(&json!({"instances": [{"prompt": "a", "image": image}], "labels": {"who": "me"}})).await;
    let fetch = async |model: &str, name: &str| {
        let path = format!("/vertex/v1/{}:fetchPredictOperation", MODEL.replace("generate", model));
        asker.post(&path, &json!({"operationName": name})).await.status
    };
    assert_eq!(fetch("generate", &name).await, 200);
    assert_eq!(fetch("fast-generate", &name).await, 400, "it belongs to its model");
    assert_eq!(fetch("generate", &format!("{name}0")).await, 404);
}

#[tokio::test]
async fn troubles_strike() {
    let asker = Asker::start().await;
    let path = format!("/vertex/v1/{MODEL}:predictLongRunning");
    let post = async |prompt: &str| asker.try_post(&path, &body(prompt, json!({}))).await.map(|got| got.status);
    let cases = [
        ("a [sim:moderation]", 400),
        ("b [sim:queue-full]", 429),
        ("c [sim:wrong-key]", 401),
        ("d [sim:http=503]", 503),
        ("e [sim:error=PERMISSION_DENIED]", 403),
    ];
    for (prompt, status) in cases {
        assert_eq!((post(prompt).await.expect("an answer"), asker.accepted(prompt)), (status, 0), "{prompt}");
    }
    assert!(post("f [sim:lost-answer]").await.is_err());
    assert_eq!(asker.accepted("f [sim:lost-answer]"), 1);

    let made = async |prompt: &str| asker.vertex(&body(prompt, json!({"durationSeconds": 4}))).await;
    let failed = made("g [sim:fail=#3 no luck]").await;
    let moderated = made("h [sim:late-moderation=rude]").await;
    let forgotten = made("i [sim:forget=5s]").await;
    let polled = made("j [sim:poll-http=500]").await;
    asker.wait();
    assert_eq!(asker.vertex_operation(&failed).await["error"], json!({"code": 3, "message": "no luck"}));
    let response = asker.vertex_operation(&moderated).await["response"].clone();
    assert_eq!((&response["raiMediaFilteredCount"], response.get("videos")), (&json!(1), None));
    assert!(response["raiMediaFilteredReasons"][0].as_str().is_some_and(|why| why.starts_with("rude")));
    let fetch = async |name: &str| {
        let path = format!("/vertex/v1/{MODEL}:fetchPredictOperation");
        asker.post(&path, &json!({"operationName": name})).await.status
    };
    assert_eq!(fetch(&forgotten).await, 404);
    assert_eq!([fetch(&polled).await, fetch(&polled).await], [500, 200]);
}
