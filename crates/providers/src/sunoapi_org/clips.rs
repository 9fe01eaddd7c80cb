//! Finished songs: their files and what is told of them (section 2.3). `streamAudioUrl` is a stream and
//! never taken.

use super::upstream_record::Fields;
use serde_json::Map;
use task::{Clip, Output, Role, Source};

/// The most songs that are taken from one record; Suno makes two.
const CLIPS_MAX: usize = 16;

/// The vendor's own copy first, then Suno's.
const SOUND: [&str; 2] = ["audioUrl", "sourceAudioUrl"];
const COVER: [&str; 2] = ["imageUrl", "sourceImageUrl"];

/// The songs that have their sound, in order: what belongs to one carries its place.
pub(super) fn finished(songs: &[Fields<'_>]) -> (Vec<Clip>, Vec<Output>) {
    let (mut clips, mut outputs) = (Vec::new(), Vec::new());
    let ready = songs.iter().filter_map(|song| Some((song, song.url(&SOUND)?))).take(CLIPS_MAX);
    for (piece, (song, sound)) in (0i64..).zip(ready) {
        clips.push(told(*song));
        let output = |role, url: &str| Output::new(role, Source::Url(url.to_owned())).of_piece(piece);
        outputs.push(output(Role::Audio, sound));
        outputs.extend(song.url(&COVER).map(|url| output(Role::Cover, url)));
    }
    (clips, outputs)
}

fn told(song: Fields<'_>) -> Clip {
    let text = |name: &str| song.text(name).to_owned();
    Clip {
        id: text("id"),
        title: text("title"),
        tags: text("tags"),
        lyrics: text("prompt"),
        model: text("modelName"),
        duration_s: song.number("duration"),
        // Sometimes a time of day without a zone, which tells nothing.
        created_ms: song.integer("createTime").filter(|ms| *ms > 0),
        extras: Map::new(),
    }
}
