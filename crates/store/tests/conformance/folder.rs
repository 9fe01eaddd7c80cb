//! The suite for a folder, and what only a folder has.

use crate::cases;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use store::{FolderStore, Store, StoreError};
use task::clock::ManualClock;
use tempfile::TempDir;

/// What the clock of every case shows at its beginning.
const NOW_MS: i64 = 1_790_000_000_000;

/// A fresh, empty store and what keeps it alive.
struct Folder {
    folder: TempDir,
    clock: Arc<ManualClock>,
    store: FolderStore,
}

fn folder() -> Folder {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let store = FolderStore::open(folder.path().to_path_buf(), clock.clone()).expect("an empty folder opens");
    Folder { folder, clock, store }
}

macro_rules! tests {
    ($($case:ident),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let made = folder();
            cases::$case(&made.store).await;
        }
    )+};
}

with_every_case!(tests);

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|item| item.expect("an item").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn an_object_is_a_plain_file_and_survives_a_restart() {
    let made = folder();
    cases::put(&made.store, "a/b.bin", "text/x-odd", b"plain bytes").await.expect("a put");
    let before = made.store.head("a/b.bin").await.expect("an object");
    assert_eq!(fs::read(made.folder.path().join("a/b.bin")).expect("a file"), b"plain bytes");

    made.clock.advance_ms(60_000);
    let reopened = FolderStore::open(made.folder.path().to_path_buf(), made.clock.clone()).expect("it opens again");
    let after = reopened.head("a/b.bin").await.expect("an object");
    assert_eq!(after, before);
    assert_eq!(after.content_type, "text/x-odd");
    assert_eq!(after.modified_ms, NOW_MS);
}

#[tokio::test]
async fn a_file_that_was_copied_in_is_recognised_by_its_bytes() {
    let made = folder();
    cases::put(&made.store, "a.bin", "text/x-odd", b"restored").await.expect("a put");
    let before = made.store.head("a.bin").await.expect("an object");
    // A restored backup has the same bytes in another file.
    let path = made.folder.path().join("a.bin");
    fs::remove_file(&path).expect("removed");
    fs::write(&path, b"restored").expect("restored");
    let after = made.store.head("a.bin").await.expect("an object");
    assert_eq!((after.etag, after.content_type), (before.etag, before.content_type));

    // Bytes that were never put are served as what their name says, under their own hash.
    fs::write(made.folder.path().join("new.png"), b"by hand").expect("written");
    let by_hand = made.store.head("new.png").await.expect("an object");
    assert_eq!(by_hand.content_type, "image/png");
    assert_eq!(by_hand.etag, format!("\"{}\"", cases::sha256(b"by hand")));
    assert_eq!(by_hand, made.store.head("new.png").await.expect("the same again"));
}

#[tokio::test]
async fn a_crash_between_sheet_and_rename_keeps_the_old_object() {
    let made = folder();
    cases::put(&made.store, "a.bin", "text/old", b"old").await.expect("a put");
    let kept = made.folder.path().join("kept");
    fs::hard_link(made.folder.path().join("a.bin"), &kept).expect("a second name");
    cases::put(&made.store, "a.bin", "text/new", b"new").await.expect("a put");
    assert_eq!(made.store.head("a.bin").await.expect("an object").content_type, "text/new");
    // The new sheet stands, and the old file is back under the name: as after a crash before the rename.
    fs::rename(&kept, made.folder.path().join("a.bin")).expect("renamed");
    let meta = made.store.head("a.bin").await.expect("an object");
    assert_eq!((meta.content_type.as_str(), meta.etag), ("text/old", format!("\"{}\"", cases::sha256(b"old"))));
}

#[tokio::test]
async fn uploads_of_a_dead_process_are_swept_by_age() {
    let made = folder();
    let uploads = made.folder.path().join(".uploads");
    for name in ["1789999999999-1-0.part", "1790000000000-1-0.part", "not-ours"] {
        fs::write(uploads.join(name), b"half").expect("written");
    }
    assert_eq!(made.store.sweep_uploads(NOW_MS).await, Ok(1));
    assert_eq!(names(&uploads), ["1790000000000-1-0.part", "not-ours"]);
    assert_eq!(made.store.sweep_uploads(NOW_MS + 1).await, Ok(1));
    assert_eq!(names(&uploads), ["not-ours"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_end_of_a_put_leaves_a_file_in_the_uploads() {
    let made = folder();
    cases::a_dropped_put_leaves_nothing(&made.store).await;
    cases::a_failing_source_leaves_nothing(&made.store).await;
    cases::too_large_leaves_nothing(&made.store).await;
    assert!(names(&made.folder.path().join(".uploads")).is_empty());
}

#[tokio::test]
async fn deleting_removes_the_folders_that_it_empties() {
    let made = folder();
    cases::put(&made.store, "a/b/c/1.bin", "text/plain", b"1").await.expect("a put");
    cases::put(&made.store, "a/2.bin", "text/plain", b"2").await.expect("a put");
    made.store.delete("a/b/c/1.bin").await.expect("deleted");
    assert_eq!(names(&made.folder.path().join("a")), ["2.bin"]);
    assert_eq!(names(&made.folder.path().join(".meta/a")), ["2.bin@.json"]);
    made.store.delete("a/2.bin").await.expect("deleted");
    assert_eq!(names(made.folder.path()), [".meta", ".uploads"]);
    assert!(names(&made.folder.path().join(".meta")).is_empty());
}

#[tokio::test]
async fn a_name_that_runs_through_an_object_is_no_key() {
    let made = folder();
    cases::put(&made.store, "a/b", "text/plain", b"1").await.expect("a put");
    assert_eq!(cases::put(&made.store, "a/b/c", "text/plain", b"2").await, Err(StoreError::BadKey));
    assert_eq!(cases::put(&made.store, "a", "text/plain", b"2").await, Err(StoreError::BadKey));
    assert_eq!(made.store.head("a/b/c").await, Err(StoreError::Missing));
    assert_eq!(made.store.head("a").await, Err(StoreError::Missing));
    assert_eq!(made.store.delete("a").await, Ok(()));
    assert_eq!(made.store.delete("a/b/c").await, Ok(()));
    assert_eq!(cases::read(&made.store, "a/b", None).await.expect("still there"), b"1");
    assert!(names(&made.folder.path().join(".uploads")).is_empty());
}

#[tokio::test]
async fn a_folder_that_was_taken_away_is_away() {
    let made = folder();
    fs::remove_dir_all(made.folder.path()).expect("removed");
    assert!(matches!(made.store.check().await, Err(StoreError::Away(_))));
    assert!(matches!(cases::put(&made.store, "a", "text/plain", b"1").await, Err(StoreError::Away(_))));
    assert!(matches!(made.store.sweep_uploads(NOW_MS).await, Err(StoreError::Away(_))));
}

#[test]
fn a_file_in_place_of_the_folder_does_not_open() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("file");
    fs::write(&path, b"").expect("written");
    let opened = FolderStore::open(path, Arc::new(ManualClock::new(NOW_MS)));
    assert!(matches!(opened, Err(StoreError::Away(_))));
}
