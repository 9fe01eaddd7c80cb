//! The README's two-minute tour, run as it stands.

use super::process::{Backlot, log_of};
use super::receiver::Receiver;
use crate::tidy::{read, root};
use tokio::process::Command;

/// A block of the README by its name.
fn block(name: &str) -> String {
    let text = read(&root().join("README.md"));
    let block = text.split_once(&format!("```sh {name}\n")).and_then(|(_, rest)| rest.split_once("\n```"));
    block.unwrap_or_else(|| panic!("the README has no block {name}")).0.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_and_a_song_go_the_same_way() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("data");
    let backlot = Backlot::start(&data).await;
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &block("films")])
        .current_dir(folder.path())
        .env("BASE", &backlot.base)
        .env("DATA", &data)
        .output()
        .await
        .expect("bash runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", log_of(&data));
    assert!(said.contains("\"status\":\"completed\"") && said.contains("\"status\":\"complete\""), "{said}");
    let film = std::fs::read(folder.path().join("film.mp4")).expect("the film was saved");
    assert_eq!(film.get(4..8), Some(b"ftyp".as_slice()), "it is an MP4 file");
    assert!(said.contains(".mp3"), "the song has its sound: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_ends_with_a_picture_an_upscale_and_its_callbacks() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("data");
    let backlot = Backlot::start(&data).await;
    let receiver = Receiver::start().await;
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &block("tour")])
        .current_dir(folder.path())
        .env("BASE", &backlot.base)
        .env("DATA", &data)
        .env("HOOK", &receiver.url)
        .output()
        .await
        .expect("bash runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}\n{complained}\n{}", log_of(&data));
    assert!(said.contains("\"status\":\"SUCCESS\"") || said.contains("\"status\": \"SUCCESS\""), "{said}");

    let picture = image::open(folder.path().join("picture.png")).expect("the picture decodes");
    assert!(picture.width() > picture.height(), "--ar 16:9 is wide: {}x{}", picture.width(), picture.height());

    let upscale = said.lines().last().and_then(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let upscale = upscale.unwrap_or_else(|| panic!("the last line is the upscale: {said}"));
    assert_eq!(upscale["status"], "succeeded", "{upscale}");
    assert_eq!(upscale["action"], "UPSCALE", "{upscale}");
    let id = upscale["id"].as_str().expect("it has an id");
    let words = receiver.until(id, "SUCCESS").await;
    assert_eq!(words.first().map(String::as_str), Some("NOT_START"), "{words:?}");
    let order = ["NOT_START", "SUBMITTED", "IN_PROGRESS", "SUCCESS"];
    let places: Vec<_> = words.iter().map(|word| order.iter().position(|known| known == word)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{words:?}");
}
