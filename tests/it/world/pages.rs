//! The start page in a real headless browser: what a person sees after a task has ended.

use super::process::Backlot;
use serde_json::json;
use std::path::Path;
use tokio::process::Command;

/// The page as the browser has it after its scripts have run for two seconds of its own time.
async fn dom(url: &str, folder: &Path) -> Option<String> {
    let browser = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|folder| folder.join(name).is_file())
    })?;
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"])
        .args(["--disable-background-networking", "--disable-component-update", "--virtual-time-budget=2000"])
        .arg(format!("--user-data-dir={}", folder.join("browser").display()))
        .args(["--dump-dom", url])
        .output()
        .await
        .expect("the browser runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_start_page_shows_the_latest_tasks_and_never_the_token() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let backlot = Backlot::start(&folder.path().join("data")).await;
    let id = backlot.imagine(&json!({ "prompt": "a heron in the reeds" })).await;
    let (_, task) = backlot.wait(&format!("/mj/task/{id}/fetch")).await;
    let picture = task["imageUrl"].as_str().expect("it has a picture").to_owned();

    let Some(page) = dom(&format!("{}/", backlot.base), folder.path()).await else {
        assert!(std::env::var_os("BACKLOT_TEST_REQUIRE_ALL").is_none(), "there is no browser");
        eprintln!("skipped: there is no browser");
        return;
    };
    assert!(page.contains("a heron in the reeds"), "{page}");
    let path = picture.trim_start_matches(&backlot.base);
    assert!(page.contains(path), "no picture {path} on the page: {page}");
    assert!(page.contains("curl") && page.contains("/token)"), "the curl line reads the token from its file");
    assert!(!page.contains(&backlot.token), "the page shows the token");

    let docs = dom(&format!("{}/docs", backlot.base), folder.path()).await.expect("the browser was there a moment ago");
    assert!(docs.contains("/mj/submit/imagine") && docs.contains("/v1/tasks/{id}"), "{docs}");
    assert!(!docs.contains(&backlot.token), "the page shows the token");
}
