//! What only a bucket has: a prefix, foreign names, links, checksum modes, parts.

use crate::cases;
use crate::faults::mebibytes;
use crate::flow::take_in;
use crate::server::{Fault, Handler, Kind, Server};
use bytes::Bytes;
use futures::{StreamExt, stream};
use std::sync::{Arc, Mutex};
use store::{ChecksumMode, Links, PayloadSigning, S3Settings, S3Store, Store, StoreError};

fn store(settings: S3Settings) -> S3Store {
    S3Store::new(settings).expect("the settings fit together")
}

#[tokio::test]
async fn a_store_stays_under_its_prefix() {
    let server = Server::healthy().await;
    let ours = store(S3Settings { prefix: "media/a/".to_owned(), ..server.settings() });
    let all = server.store();
    cases::put(&all, "other.bin", "text/plain", b"not ours").await.expect("a put");
    cases::put(&ours, "b/1.png", "image/png", b"ours").await.expect("a put");
    assert!(server.bucket_folder().join("media/a/b/1.png").is_file());
    assert_eq!(cases::all_keys(&ours).await, ["b/1.png"]);
    assert_eq!(ours.list("b/", Some("b/0"), 10).await.expect("a list"), ["b/1.png"]);
    assert_eq!(ours.head("other.bin").await, Err(StoreError::Missing));
    assert_eq!(cases::read(&ours, "b/1.png", None).await.expect("an object"), b"ours");
    ours.delete("b/1.png").await.expect("deleted");
    assert_eq!(cases::all_keys(&all).await, ["other.bin"]);
}

#[tokio::test]
async fn names_that_are_no_keys_are_passed_over() {
    let server = Server::healthy().await;
    let made = server.store();
    for name in ["a b", "b/.hidden", "c!"] {
        let path = server.bucket_folder().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, b"foreign").expect("a foreign object");
    }
    for key in ["a", "b/1", "d"] {
        cases::put(&made, key, "text/plain", b"1").await.expect("a put");
    }
    assert_eq!(cases::all_keys(&made).await, ["a", "b/1", "d"]);
    assert_eq!(made.list("", None, 2).await.expect("a list"), ["a", "b/1"]);
    assert_eq!(made.list("", Some("b/1"), 2).await.expect("a list"), ["d"]);
}

#[tokio::test]
async fn links_are_public_only_where_the_operator_says_so() {
    let server = Server::healthy().await;
    assert_eq!(server.store().public_link("a/b.png"), None);
    let links = Links::Public { base_url: "https://cdn.example.org/x/".to_owned() };
    let public = store(S3Settings { links, prefix: "media/".to_owned(), ..server.settings() });
    assert_eq!(public.public_link("a/b.png").as_deref(), Some("https://cdn.example.org/x/media/a/b.png"));
}

/// 8 MiB parts: two and a half of them.
fn twenty_mebibytes() -> Vec<u8> {
    (0..20_u32 << 20).map(|place| u8::try_from(place / 4_099 % 251).unwrap_or_default()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_and_large_objects_come_back_however_they_are_signed() {
    let modes = [
        (ChecksumMode::Supported, PayloadSigning::Always),
        (ChecksumMode::Supported, PayloadSigning::Never),
        (ChecksumMode::Required, PayloadSigning::Unprotected),
        (ChecksumMode::Required, PayloadSigning::Never),
    ];
    for (checksums, payload_signing) in modes {
        let server = Server::healthy().await;
        let made = store(S3Settings { checksums, payload_signing, ..server.settings() });
        let bytes = twenty_mebibytes();
        let pieces: Vec<_> = bytes.chunks(300_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let receipt = made.put_stream("large", "video/mp4", 1 << 30, stream::iter(pieces).boxed()).await;
        let receipt = receipt.expect("a put");
        assert_eq!((receipt.bytes, receipt.sha256), (20 << 20, cases::sha256(&bytes)));
        assert_eq!((server.count(Kind::Part), server.count(Kind::Put)), (3, 0));
        assert!(cases::read(&made, "large", None).await.expect("an object") == bytes, "other bytes came back");
        let meta = made.head("large").await.expect("an object");
        assert_eq!((meta.bytes, meta.content_type.as_str()), (20 << 20, "video/mp4"));

        cases::put(&made, "small", "text/plain", b"small").await.expect("a put");
        assert_eq!(cases::read(&made, "small", None).await.expect("an object"), b"small");
        assert!(server.unfinished().is_empty());
    }
}

/// What the store says of the bytes in the headers of a put and of a part: their hash, and their checksum.
async fn said_of_bytes(checksums: ChecksumMode, payload_signing: PayloadSigning) -> Vec<(Kind, String, bool)> {
    let said: Arc<Mutex<Vec<(Kind, String, bool)>>> = Arc::default();
    let noted = said.clone();
    let handler: Handler = Arc::new(move |kind, request| {
        let noted = noted.clone();
        Box::pin(async move {
            if matches!(kind, Kind::Put | Kind::Part) {
                let headers = request.headers();
                let hash = headers.get("x-amz-content-sha256").and_then(|hash| hash.to_str().ok()).unwrap_or_default();
                let one = (kind, hash.to_owned(), headers.contains_key("x-amz-checksum-crc32"));
                noted.lock().expect("nothing panicked").push(one);
            }
            take_in(kind, request, Arc::default()).await
        })
    });
    let server = Server::answering(handler).await;
    let made = store(S3Settings { checksums, payload_signing, ..server.settings() });
    cases::put(&made, "small", "text/plain", b"small").await.expect("a put");
    let large = stream::iter([Ok(Bytes::from(vec![7; 8 << 20])), Ok(Bytes::from_static(b"small"))]).boxed();
    made.put_stream("large", "video/mp4", 1 << 30, large).await.expect("a put");
    let mut said = said.lock().expect("nothing panicked").clone();
    // The large part may come after the small one.
    said.retain(|(kind, hash, _)| *kind == Kind::Put || hash == "UNSIGNED-PAYLOAD" || *hash == cases::sha256(b"small"));
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bytes_are_signed_unless_something_else_protects_them() {
    let hash = cases::sha256(b"small");
    let signed = said_of_bytes(ChecksumMode::Supported, PayloadSigning::Unprotected).await;
    assert_eq!(signed, [(Kind::Put, hash.clone(), true), (Kind::Part, hash, true)], "the net reads along");
    let unsigned = || "UNSIGNED-PAYLOAD".to_owned();
    for (checksums, has_checksum) in [(ChecksumMode::Supported, true), (ChecksumMode::Required, false)] {
        let said = said_of_bytes(checksums, PayloadSigning::Never).await;
        let part = (Kind::Part, unsigned(), has_checksum);
        assert_eq!(said, [(Kind::Put, unsigned(), has_checksum), part.clone(), part]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_size_decides_between_one_request_and_parts() {
    const PART_BYTES: usize = 5 << 20;
    // Bytes; requests of one, parts.
    let cases =
        [(0, 1, 0), (PART_BYTES, 1, 0), (2 * PART_BYTES, 1, 0), (2 * PART_BYTES + 1, 0, 3), (3 * PART_BYTES, 0, 3)];
    for (bytes, puts, parts) in cases {
        let server = Server::healthy().await;
        let settings = S3Settings { part_bytes: PART_BYTES, single_put_max_bytes: PART_BYTES + 1, ..server.settings() };
        let made = store(settings);
        let whole = Bytes::from(vec![7; bytes]);
        let receipt = made.put_stream("a", "video/mp4", 1 << 30, stream::iter([Ok(whole)]).boxed()).await;
        assert_eq!(receipt.expect("a put").bytes, bytes as u64);
        assert_eq!((server.count(Kind::Put), server.count(Kind::Part)), (puts, parts), "{bytes} bytes");
        assert_eq!(made.head("a").await.expect("an object").bytes, bytes as u64);
    }
}

#[tokio::test]
async fn a_probe_writes_and_a_good_one_stands_for_a_while() {
    let server = Server::healthy().await;
    let made = server.store();
    assert_eq!(made.check().await, Ok(()));
    assert_eq!(made.check().await, Ok(()));
    assert_eq!(server.seen(), [Kind::Put, Kind::Delete]);
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_no_missing_object() {
    let server = Server::with(|_, _| Fault::Refused(404, "NoSuchBucket")).await;
    let made = server.store();
    let away = |doing: &str| StoreError::Away(format!("{doing}: there is no such bucket"));
    assert_eq!(made.check().await, Err(away("probing the bucket")));
    assert_eq!(made.list("", None, 1).await, Err(away("listing objects")));
    assert_eq!(made.get_range("a", None).await.map(drop), Err(away("reading an object")));
    assert_eq!(made.delete("a").await, Err(away("deleting an object")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_store_whose_certificate_is_trusted_is_talked_to() {
    let server = Server::with_tls().await;
    let made = server.store();
    cases::put(&made, "a", "text/plain", b"over TLS").await.expect("a put");
    assert_eq!(cases::read(&made, "a", None).await.expect("an object"), b"over TLS");
    let large = made.put_stream("b", "video/mp4", 1 << 30, mebibytes(17)).await.expect("a put in parts");
    assert_eq!(cases::sha256(&cases::read(&made, "b", None).await.expect("an object")), large.sha256);

    let other = Server::with_tls().await.settings().trusted_ca_pem;
    let doubting = store(S3Settings { trusted_ca_pem: other, attempts: 1, ..server.settings() });
    let Err(StoreError::Away(said)) = doubting.head("a").await else { panic!("it was trusted") };
    assert!(said.contains("certificate"), "{said}");
}

/// One page of a list of uploads: `marker` is where it ends, empty on the last one.
fn page_of_uploads(key: &str, begun: &str, marker: &str) -> String {
    let upload =
        |id: &str| format!("<Upload><Key>{key}</Key><UploadId>{id}</UploadId><Initiated>{begun}</Initiated></Upload>");
    let more = !marker.is_empty();
    format!(
        "<ListMultipartUploadsResult><IsTruncated>{more}</IsTruncated><NextKeyMarker>{marker}</NextKeyMarker>\
         <NextUploadIdMarker>{marker}</NextUploadIdMarker>{}{}</ListMultipartUploadsResult>",
        upload("u1"),
        upload("u2"),
    )
}

#[tokio::test]
async fn a_sweep_reads_every_page_and_keeps_what_is_young() {
    let handler: Handler = Arc::new(|kind, request| {
        let has_mark = request.uri().query().is_some_and(|query| query.contains("key-marker=m1"));
        let text = match (kind, has_mark) {
            (Kind::Uploads, false) => page_of_uploads("a", "2026-11-20T00:00:00Z", "m1"),
            (Kind::Uploads, true) => page_of_uploads("b", "2026-11-22T00:00:00Z", ""),
            _ => String::new(),
        };
        Box::pin(std::future::ready(Ok(http::Response::new(s3s::Body::from(text)))))
    });
    let server = Server::answering(handler).await;
    // 2026-11-21T00:00:00Z.
    assert_eq!(server.store().sweep_uploads(1_795_219_200_000).await, Ok(2));
    assert_eq!(server.seen(), [Kind::Uploads, Kind::Abort, Kind::Abort, Kind::Uploads]);
    assert_eq!(server.store().sweep_uploads(i64::MAX).await, Ok(4));
}

#[tokio::test]
async fn a_store_without_a_list_of_uploads_is_left_alone() {
    let server = Server::healthy().await;
    assert_eq!(server.store().sweep_uploads(i64::MAX).await, Ok(0), "s3s-fs answers NotImplemented");
    assert_eq!(server.seen(), [Kind::Uploads]);
}
