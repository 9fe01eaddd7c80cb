//! What succeeded can be fetched.

use super::Book;
use sha2::{Digest, Sha256};
use task::{Kind, State};
use tests::World;

/// Every artifact of a success is in the store with the bytes that were recorded, and its pictures
/// can be looked at.
pub(super) async fn are_whole(world: &World, book: &Book) -> Result<(), String> {
    let task = &book.task;
    let pictured = !matches!(task.spec.kind, Kind::Describe | Kind::Shorten);
    if task.state == State::Succeeded && pictured && task.artifacts.is_empty() {
        return Err("it succeeded without a picture".to_owned());
    }
    for artifact in &task.artifacts {
        let bytes = world.object(&artifact.key).await.ok_or_else(|| format!("{} is not in the store", artifact.key))?;
        let sum: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        if sum != artifact.sha256 || i64::try_from(bytes.len()) != Ok(artifact.bytes) {
            return Err(format!("{} holds other bytes than were recorded", artifact.key));
        }
        let picture = image::load_from_memory(&bytes).map_err(|error| format!("{}: {error}", artifact.key))?;
        let size = (Some(i64::from(picture.width())), Some(i64::from(picture.height())));
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
