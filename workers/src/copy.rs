//! Copies one output from its vendor to the store, streaming, and reads from the file itself what it is.

use crate::core::{Core, Line};
use crate::media::{Facts, FileType, Kept, sniff};
use crate::outbound::DownloadLimits;
use base64::Engine;
use bytes::Bytes;
use futures::StreamExt;
use store::{ByteStream, StoreError};
use task::{Artifact, InputData, Output, Role, Source, Task};
use time::OffsetDateTime;

/// How much of a file is looked at before it is put: enough for every header that we read.
const HEAD_MAX_BYTES: usize = 256 << 10;

/// An output could not be copied this time.
#[derive(Debug)]
pub(crate) struct CopyError {
    /// The vendor does not have it any more (or the link is dead): a fresh link may help.
    pub(crate) gone: bool,
    /// It was our own store that failed, and not the vendor.
    pub(crate) store_away: bool,
    /// Its bytes are out of danger all the same: they wait for the store, and no vendor is needed for them.
    pub(crate) safe: bool,
    /// For the log; holds no URL.
    pub(crate) private: String,
}

impl CopyError {
    pub(crate) fn passing(private: impl Into<String>) -> Self {
        Self { gone: false, store_away: false, safe: false, private: private.into() }
    }

    fn gone(private: impl Into<String>) -> Self {
        Self { gone: true, ..Self::passing(private) }
    }
}

impl From<StoreError> for CopyError {
    fn from(error: StoreError) -> Self {
        Self { store_away: matches!(error, StoreError::Away(_)), ..Self::passing(error.to_string()) }
    }
}

/// An output's bytes.
pub(crate) struct Found {
    pub(crate) stream: ByteStream,
    /// How many there are, where that is known before they come. There are never more.
    pub(crate) length: Option<u64>,
    /// Their SHA-256 where it was written down when they were put aside.
    pub(crate) sum: Option<String>,
}

/// One of several outputs that is to be copied.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Picked<'a> {
    /// All of them.
    pub(crate) outputs: &'a [Output],
    /// Which one.
    pub(crate) place: usize,
    /// The position of the first of them among the task's artifacts.
    pub(crate) first: i64,
}

impl Picked<'_> {
    /// The position of one of the outputs among the task's artifacts.
    fn position(&self, place: usize) -> i64 {
        self.first + i64::try_from(place).unwrap_or(i64::MAX - self.first)
    }
}

impl Core {
    /// Copies an output to its own key. Doing it twice writes the same key again.
    pub(crate) async fn copy_output(
        &self,
        task: &Task,
        channel: &str,
        copy: Picked<'_>,
    ) -> Result<Artifact, CopyError> {
        let Picked { outputs, place, .. } = copy;
        let output = outputs.get(place).ok_or_else(|| CopyError::passing("there is no such output"))?;
        let position = copy.position(place);
        // Before the download begins, so that none waits half read for room in the store.
        let closed = |_| CopyError::passing("no copies are made any more");
        let _place = self.copies.acquire().await.map_err(closed)?;
        let Found { stream, length, sum } = self.source_of(channel, output).await?;
        let (head, whole) = look_at_head(stream).await?;
        let kind = sniff(&head, output.role).map_err(CopyError::passing)?;
        let key = artifact_key(task, copy, kind);
        task::fail_point!("archive.mid_copy");
        // The store makes room for as much as may come.
        let max_bytes = length.unwrap_or(u64::MAX).min(self.settings.artifact_max_bytes);
        let receipt = self.store.put_stream(&key, kind.content_type, max_bytes, whole).await?;
        if sum.is_some_and(|sum| sum != receipt.sha256) {
            self.store.delete(&key).await?;
            self.lose_spilled(task.id, position).await;
            return Err(CopyError::passing("the spilled bytes are not those that were put"));
        }
        metrics::counter!("artifact_bytes_total").increment(receipt.bytes);
        let Facts { size, duration_ms } =
            Kept { store: &*self.store, key: &key, length: receipt.bytes, head: &head }.facts(kind).await;
        Ok(Artifact {
            position,
            role: output.role,
            piece: output.piece,
            key,
            content_type: kind.content_type.to_owned(),
            bytes: i64::try_from(receipt.bytes).unwrap_or(i64::MAX),
            sha256: receipt.sha256,
            width: size.map(|size| size.width),
            height: size.map(|size| size.height),
            duration_ms,
            late: false,
        })
    }

    /// The bytes of an output, from wherever they are. What is staged may wait in this process's spill folder.
    pub(crate) async fn source_of(&self, channel: &str, output: &Output) -> Result<Found, CopyError> {
        let (length, stream) = match &output.source {
            Source::Stored(key) => match self.spill.as_ref().filter(|spill| spill.files.holds(key)) {
                Some(spill) => {
                    let trouble = |error: StoreError| CopyError::passing(format!("the spill folder: {error}"));
                    let (receipt, stream) = spill.files.read(key).await.map_err(trouble)?;
                    return Ok(Found { stream, length: Some(receipt.bytes), sum: Some(receipt.sha256) });
                }
                None => {
                    let (meta, stream) = self.store.get_range(key, None).await?;
                    (Some(meta.bytes), stream)
                }
            },
            Source::Inline(bytes) => (Some(bytes.len() as u64), once(bytes.clone())),
            Source::Url(_) | Source::Refetch(_) => self.fetch_output(channel, output).await?,
        };
        Ok(Found { stream, length, sum: None })
    }

    async fn fetch_output(&self, channel: &str, output: &Output) -> Result<(Option<u64>, ByteStream), CopyError> {
        let line: Line = self.line(channel).ok_or_else(|| CopyError::gone(format!("channel {channel} is gone")))?;
        self.download(&line, output).await
    }

    /// Begins to download, and tells the length where the file's host does; once more when the channel's token
    /// was refused.
    pub(crate) async fn download(&self, line: &Line, output: &Output) -> Result<(Option<u64>, ByteStream), CopyError> {
        let limits = DownloadLimits {
            total_timeout_ms: self.settings.download_timeout_ms,
            max_bytes: self.settings.artifact_max_bytes,
            ..DownloadLimits::default()
        };
        let mut is_first = true;
        loop {
            let access = self.access(line).await.map_err(|failure| CopyError::passing(failure.private))?;
            let request = line
                .dialect
                .fetch(line.account(self.clock.now_ms(), access.as_ref()), output)
                .map_err(|failure| CopyError::gone(failure.private))?;
            let begun = self.outbound.download(&line.channel.base_url, &request, limits).await;
            let download = begun.map_err(|error| CopyError::passing(error.private))?;
            if download.status == 200 {
                let pieces = download.body.map(|piece| piece.map_err(|e| StoreError::Source(e.private)));
                return Ok((download.length, Box::pin(pieces)));
            }
            let refused = is_first && download.status == 401;
            is_first = false;
            if !(refused && self.drop_access(line, access.as_ref()).await) {
                let gone = matches!(download.status, 401 | 403 | 404 | 410);
                let private = format!("the file's host answered {}", download.status);
                return Err(CopyError { gone, ..CopyError::passing(private) });
            }
        }
    }

    /// The input of a task whose picture is its own input (describe), as an output.
    pub(crate) fn input_as_output(task: &Task) -> Option<Output> {
        let input = task.spec.inputs.first()?;
        let source = match &input.data {
            InputData::Stored { key, .. } => Source::Stored(key.clone()),
            InputData::Inline(text) => Source::Inline(decode_inline(text)?),
            InputData::Bytes(bytes) => Source::Inline(bytes.clone()),
            InputData::Url(_) | InputData::Broken(_) => return None,
        };
        Some(Output::new(Role::Image, source))
    }
}

fn decode_inline(text: &str) -> Option<Bytes> {
    let encoded = text.split_once(";base64,").map_or(text, |(_, encoded)| encoded);
    base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok().map(Bytes::from)
}

fn once(bytes: Bytes) -> ByteStream {
    Box::pin(futures::stream::once(async move { Ok(bytes) }))
}

/// Takes pieces until there is enough to look at; gives a copy of the head, and the whole.
async fn look_at_head(body: ByteStream) -> Result<(Bytes, ByteStream), CopyError> {
    // A short file ends within its head; whoever reads the rest asks again.
    let mut body = body.fuse().boxed();
    let (mut head, mut taken) = (Vec::new(), Vec::new());
    while head.len() < HEAD_MAX_BYTES {
        let Some(piece) = body.next().await.transpose()? else { break };
        head.extend_from_slice(&piece[..piece.len().min(HEAD_MAX_BYTES - head.len())]);
        taken.push(Ok(piece));
    }
    if head.is_empty() {
        return Err(CopyError::passing("the file is empty"));
    }
    // It is kept until the file is whole, with nothing beside it.
    head.shrink_to_fit();
    Ok((Bytes::from(head), futures::stream::iter(taken).chain(body).boxed()))
}

/// `task-artifacts/yyyy/mm/dd/<family>/<action>/<task id>[-n].<ext>` (`contract/DECISIONS.md`, artifact URLs).
/// The lossless form of a sound takes the name of that sound: their keys differ in the extension alone.
fn artifact_key(task: &Task, copy: Picked<'_>, kind: FileType) -> String {
    let twin = |role: Role| {
        let same = |output: &Output| {
            output.role == role && copy.outputs.get(copy.place).is_some_and(|own| own.piece == output.piece)
        };
        copy.outputs.iter().position(same)
    };
    let role = copy.outputs.get(copy.place).map(|output| output.role);
    let suffix = match role {
        Some(Role::Wav) if kind.is_lossless() => suffix_of(copy.position(twin(Role::Audio).unwrap_or(copy.place))),
        // Its lossless form has the plain name: this one must not be written to the same key.
        Some(Role::Audio) if kind.is_lossless() && twin(Role::Wav).is_some() => {
            format!("-{}", copy.position(copy.place)) + "-a"
        }
        _ => suffix_of(copy.position(copy.place)),
    };
    let action = task.action.to_ascii_lowercase();
    format!("task-artifacts/{}/{}/{action}/{}{suffix}.{}", day_of(task), task.family, task.id, kind.extension)
}

fn suffix_of(position: i64) -> String {
    if position == 0 { String::new() } else { format!("-{position}") }
}

/// What the keys of a task's linked inputs begin with. Under a prefix that is served; a task's id holds 80
/// random bits, so that only who knows the task finds them.
pub(crate) fn link_stem(task: &Task) -> String {
    format!("task-artifacts/inputs/{}/{}-in", day_of(task), task.id)
}

/// `yyyy/mm/dd` of the day on which the task was opened.
fn day_of(task: &Task) -> String {
    let day = OffsetDateTime::from_unix_timestamp(task.created_ms / 1_000).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!("{:04}/{:02}/{:02}", day.year(), u8::from(day.month()), day.day())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::sniff;
    use task::{Kind, Spec, TaskId, TokenId};

    fn keys(outputs: &[(Role, i64, &[u8])]) -> Vec<String> {
        let id: TaskId = TaskId::new(1_790_000_000_000, &task::clock::SeededEntropy::new(1));
        let token = TokenId::new(0, &task::clock::SeededEntropy::new(2));
        let mut task = Task::queued(id, token, Spec::new(Kind::Music), 1_790_000_000_000);
        (task.family, task.action) = ("suno".to_owned(), "MUSIC".to_owned());
        let named: Vec<Output> = outputs
            .iter()
            .map(|(role, piece, _)| Output::new(*role, Source::Stored("x".to_owned())).of_piece(*piece))
            .collect();
        let one = |(place, (role, _, head)): (usize, &(Role, i64, &[u8]))| {
            let kind = sniff(head, *role).expect("is what it is");
            let key = artifact_key(&task, Picked { outputs: &named, place, first: 0 }, kind);
            key.replace(&task.id.to_string(), "ID")
        };
        outputs.iter().enumerate().map(one).collect()
    }

    #[test]
    fn a_lossless_form_is_named_as_its_sound() {
        let (mp3, wav, png) =
            (b"ID3\x04\0\0\0\0\0\0".as_slice(), b"RIFF\0\0\0\0WAVEfmt ".as_slice(), b"\x89PNG\r\n\x1a\n".as_slice());
        let two = [
            (Role::Audio, 0, mp3),
            (Role::Cover, 0, png),
            (Role::Audio, 1, mp3),
            (Role::Cover, 1, png),
            (Role::Wav, 1, wav),
            (Role::Wav, 0, wav),
        ];
        let stem = "task-artifacts/2026/09/21/suno/music/ID";
        let expected = [".mp3", "-1.png", "-2.mp3", "-3.png", "-2.wav", ".wav"].map(|end| format!("{stem}{end}"));
        assert_eq!(keys(&two), expected);
        let alone = keys(&[(Role::Audio, 0, wav), (Role::Wav, 0, wav), (Role::Wav, 1, wav)]);
        assert_eq!(alone, ["-0-a.wav", ".wav", "-2.wav"].map(|end| format!("{stem}{end}")));
    }
}
