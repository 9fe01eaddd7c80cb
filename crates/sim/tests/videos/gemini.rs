//! Veo on the Gemini developer API.

use crate::asker::{Asker, picture, send};
use crate::film::measures;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

const MODEL: &str = "/gemini/v1beta/models/veo-3.1-generate-preview";
const BASE: &str = "/gemini/v1beta";

fn body(prompt: &str, parameters: Value) -> Value {
    json!({"instances": [{"prompt": prompt}], "parameters": parameters})
}

async fn start() -> Asker {
    Asker { key: ("x-goog-api-key", "any".to_owned()), ..Asker::start().await }
}

impl Asker {
    async fn gemini(&self, body: &Value) -> String {
        let answer = self.post(&format!("{MODEL}:predictLongRunning"), body).await.good();
        answer["name"].as_str().unwrap_or_else(|| panic!("no name in {answer}")).to_owned()
    }

    async fn gemini_operation(&self, name: &str) -> Value {
        self.get(&format!("{BASE}/{name}")).await.good()
    }
}

#[tokio::test]
async fn an_operation_ends_with_a_film_that_needs_the_key() {
    let asker = start().await;
    let image = json!({"bytesBase64Encoded": STANDARD.encode(picture(64, 64)), "mimeType": "image/png"});
    let parameters = json!({"aspectRatio": "9:16", "durationSeconds": 4, "resolution": "720p", "sampleCount": 1});
    let name =
        asker.gemini(&json!({"instances": [{"prompt": "a cat", "image": image}], "parameters": parameters})).await;
    assert!(name.starts_with("models/veo-3.1-generate-preview/operations/"), "{name}");
    assert_eq!(asker.gemini_operation(&name).await, json!({"name": name}));
    asker.wait();
    let operation = asker.gemini_operation(&name).await;
    let result = &operation["response"]["generateVideoResponse"];
    assert_eq!((&operation["done"], result["generatedSamples"].as_array().map(Vec::len)), (&json!(true), Some(1)));
    let uri = result["generatedSamples"][0]["video"]["uri"].as_str().expect("a link");
    assert!(uri.contains("/v1beta/files/") && uri.ends_with(":download?alt=media"), "{uri}");
    let keyless = send(asker.stranger(Method::GET, uri)).await.expect("an answer");
    assert_eq!((keyless.status, &keyless.json()["error"]["status"]), (403, &json!("PERMISSION_DENIED")));
    let film = asker.get(uri).await;
    assert_eq!((film.header("content-type"), measures(&film.bytes)), ("video/mp4", (720, 1_280, 4_000, 2)));
    let by_query = send(asker.stranger(Method::GET, &format!("{uri}&key=any"))).await.expect("an answer");
    assert_eq!(by_query.bytes, film.bytes, "the key may stand in the query");
    let other = name.replace("veo-3.1-generate", "veo-3.1-fast");
    assert_eq!(asker.get(&format!("{BASE}/{other}")).await.status, 404, "it belongs to its model");

    let more = json!({"instances": [{"prompt": "on", "video": {"uri": uri}}]});
    asker.gemini(&more).await;
    asker.clock.advance_ms(2 * 24 * 3_600_000);
    assert_eq!(asker.get(uri).await.status, 404, "files are kept for two days");
    let late = asker.post(&format!("{MODEL}:predictLongRunning"), &more).await;
    assert_eq!(late.status, 400, "and can't be continued later");
}

#[tokio::test]
async fn what_the_vendor_does_not_take_is_refused() {
    let asker = start().await;
    let with = |image: Value| json!({"instances": [{"prompt": "a", "image": image}]});
    let bytes = json!({"bytesBase64Encoded": "iVBORw0KGgo=", "mimeType": "image/png"});
    let cases = [
        json!({}),
        json!({"instances": []}),
        json!({"instances": [{}]}),
        body("a", json!({"durationSeconds": "8"})),
        body("a", json!({"durationSeconds": 5})),
        body("a", json!({"durationSeconds": 6, "resolution": "1080p"})),
        body("a", json!({"resolution": "720P"})),
        body("a", json!({"aspectRatio": "1:1"})),
        body("a", json!({"sampleCount": 2})),
        body("a", json!({"generateAudio": true})),
        body("a", json!({"storageUri": "gs://bucket/a"})),
        with(json!("https://e.com/a.png")),
        with(json!({"url": "https://e.com/a.png"})),
        with(json!({"gcsUri": "gs://bucket/a.png", "mimeType": "image/png"})),
        with(json!({"bytesBase64Encoded": "data:image/png;base64,iVBORw0KGgo=", "mimeType": "image/png"})),
        with(json!({"bytesBase64Encoded": "iVBORw0KGgo="})),
        json!({"instances": [{"prompt": "a", "lastFrame": bytes}]}),
        json!({"instances": [{"prompt": "a", "video": {"uri": "https://e.com/a.mp4"}}]}),
        json!({"instances": [{"prompt": "a", "image": bytes}], "parameters": {"personGeneration": "allow_all"}}),
    ];
    for body in cases {
        let got = asker.post(&format!("{MODEL}:predictLongRunning"), &body).await;
        let error = got.json()["error"].clone();
        assert_eq!(
            (got.status, &error["status"], &error["code"]),
            (400, &json!("INVALID_ARGUMENT"), &json!(400)),
            "{body}"
        );
    }
    assert_eq!(asker.sim.counts().accepted(), 0);
    asker.gemini(&with(bytes)).await;
    assert_eq!(asker.post(&format!("{MODEL}:generateContent"), &body("a", json!({}))).await.status, 404);
}

#[tokio::test]
async fn troubles_strike_at_the_door() {
    let asker = start().await;
    let cases = [
        ("moderation", 400, "INVALID_ARGUMENT"),
        ("queue-full", 429, "RESOURCE_EXHAUSTED"),
        ("wrong-key", 401, "UNAUTHENTICATED"),
        ("error=NOT_FOUND", 404, "NOT_FOUND"),
        ("error=FAILED_PRECONDITION", 400, "FAILED_PRECONDITION"),
        ("code=503", 503, "UNAVAILABLE"),
    ];
    let path = format!("{MODEL}:predictLongRunning");
    for (marker, status, word) in cases {
        let prompt = format!("cat [sim:{marker}]");
        let got = asker.post(&path, &body(&prompt, json!({}))).await;
        assert_eq!((got.status, &got.json()["error"]["status"]), (status, &json!(word)), "{marker}");
        assert_eq!(asker.accepted(&prompt), 0, "{marker}");
    }
    let post = async |prompt: &str| asker.try_post(&path, &body(prompt, json!({}))).await.map(|got| got.status);
    assert_eq!(post("a [sim:http=502]").await.expect("an answer"), 502);
    assert!(post("b [sim:lost-answer]").await.is_err());
    assert_eq!(["a [sim:http=502]", "b [sim:lost-answer]"].map(|prompt| asker.accepted(prompt)), [0, 1]);
}

#[tokio::test]
async fn operations_end_as_they_are_told() {
    let asker = start().await;
    let made = async |prompt: &str| asker.gemini(&body(prompt, json!({"durationSeconds": 4}))).await;
    let failed = made("a [sim:fail=no luck]").await;
    let coded = made("b [sim:fail=#8 too many]").await;
    let moderated = made("c [sim:late-moderation=rude]").await;
    let empty = made("d [sim:outputs=0]").await;
    let forgotten = made("e [sim:forget=5s]").await;
    let stuck = made("f [sim:stuck]").await;
    let away = made("g [sim:artifact=away]").await;
    asker.wait();
    let error = async |name: &str| asker.gemini_operation(name).await["error"].clone();
    assert_eq!(error(&failed).await, json!({"code": 13, "message": "no luck"}));
    assert_eq!(error(&coded).await, json!({"code": 8, "message": "too many"}));
    let operation = asker.gemini_operation(&moderated).await;
    let result = &operation["response"]["generateVideoResponse"];
    assert_eq!((&operation["done"], &result["raiMediaFilteredCount"]), (&json!(true), &json!(1)));
    assert!(result["raiMediaFilteredReasons"][0].as_str().is_some_and(|why| why.starts_with("rude")), "{result}");
    assert_eq!((result.get("generatedSamples"), operation.get("error")), (None, None));
    let operation = asker.gemini_operation(&empty).await;
    assert_eq!((&operation["done"], &operation["response"]["generateVideoResponse"]), (&json!(true), &json!({})));
    assert_eq!(asker.get(&format!("{BASE}/{forgotten}")).await.status, 404);
    assert_eq!(asker.gemini_operation(&stuck).await, json!({"name": stuck}));
    let operation = asker.gemini_operation(&away).await;
    let uri = operation["response"]["generateVideoResponse"]["generatedSamples"][0]["video"]["uri"].clone();
    let uri = uri.as_str().expect("a link");
    assert_eq!([asker.get(uri).await.status, asker.get(uri).await.status], [503, 200]);
}
