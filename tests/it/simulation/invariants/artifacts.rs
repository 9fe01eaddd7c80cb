//! What succeeded can be fetched.

use super::Book;
use sha2::{Digest, Sha256};
use std::io::Cursor;
use task::{Artifact, Kind, Role, State};
use tests::World;

/// Every artifact of a success is in the store with the bytes that were recorded; its pictures can be looked
/// at, and its films and sounds were measured.
pub(super) async fn are_whole(world: &World, book: &Book) -> Result<(), String> {
    let task = &book.task;
    let filed = !matches!(task.spec.kind, Kind::Describe | Kind::Shorten | Kind::Lyrics);
    if task.state == State::Succeeded && filed && task.artifacts.is_empty() {
        return Err("it succeeded without a file".to_owned());
    }
    for artifact in &task.artifacts {
        let bytes = world.object(&artifact.key).await.ok_or_else(|| format!("{} is not in the store", artifact.key))?;
        let sum: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        if sum != artifact.sha256 || i64::try_from(bytes.len()) != Ok(artifact.bytes) {
            return Err(format!("{} holds other bytes than were recorded", artifact.key));
        }
        if !artifact.content_type.starts_with("image/") {
            let is_film = artifact.content_type.starts_with("video/");
            let measured = artifact.duration_ms.is_some() && (!is_film || artifact.width.is_some());
            if measured {
                continue;
            }
            return Err(format!("{} was not measured: {artifact:?}", artifact.key));
        }
        let (width, height) = size_of(&bytes, artifact).map_err(|error| format!("{}: {error}", artifact.key))?;
        let size = (Some(i64::from(width)), Some(i64::from(height)));
        if size != (artifact.width, artifact.height) {
            return Err(format!(
                "{} is {size:?} large, recorded {:?}",
                artifact.key,
                (artifact.width, artifact.height)
            ));
        }
    }
    Ok(())
}

/// Decodes what was asked for; of a cover beside it, the header is enough.
fn size_of(bytes: &[u8], artifact: &Artifact) -> image::ImageResult<(u32, u32)> {
    if artifact.role == Role::Cover {
        return image::ImageReader::new(Cursor::new(bytes)).with_guessed_format()?.into_dimensions();
    }
    image::load_from_memory(bytes).map(|picture| (picture.width(), picture.height()))
}
