//! Copies one output from its vendor to the store, streaming, and reads from the file itself what it is.

use crate::core::{Core, Line};
use crate::outbound::DownloadLimits;
use base64::Engine;
use bytes::{Bytes, BytesMut};
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
    /// For the log; holds no URL.
    pub(crate) private: String,
}

impl CopyError {
    fn passing(private: impl Into<String>) -> Self {
        Self { gone: false, private: private.into() }
    }
}

impl From<StoreError> for CopyError {
    fn from(error: StoreError) -> Self {
        Self::passing(error.to_string())
    }
}

impl Core {
    /// Copies `output` to its own key. Doing it twice writes the same key again.
    pub(crate) async fn copy_output(
        &self,
        task: &Task,
        channel: &str,
        output: &Output,
        position: i64,
    ) -> Result<Artifact, CopyError> {
        let body = match &output.source {
            Source::Stored(key) => self.store.get_range(key, None).await?.1,
            Source::Inline(bytes) => once(bytes.clone()),
            Source::Url(_) | Source::Refetch(_) => self.fetch_output(channel, output).await?,
        };
        let (head, rest) = split_head(body).await?;
        let kind = sniff(&head, output.role)?;
        let key = artifact_key(task, position, kind.extension());
        let whole = Box::pin(futures::stream::once(std::future::ready(Ok(head.clone()))).chain(rest));
        let size = imagesize::blob_size(&head).ok();
        let receipt = self.store.put_stream(&key, kind.mime_type(), self.settings.artifact_max_bytes, whole).await?;
        metrics::counter!("artifact_bytes_total").increment(receipt.bytes);
        Ok(Artifact {
            position,
            role: output.role,
            key,
            content_type: kind.mime_type().to_owned(),
            bytes: i64::try_from(receipt.bytes).unwrap_or(i64::MAX),
            sha256: receipt.sha256,
            width: size.and_then(|s| i64::try_from(s.width).ok()),
            height: size.and_then(|s| i64::try_from(s.height).ok()),
            duration_ms: None,
            late: false,
        })
    }

    async fn fetch_output(&self, channel: &str, output: &Output) -> Result<ByteStream, CopyError> {
        let line: Line = self
            .line(channel)
            .ok_or_else(|| CopyError { gone: true, private: format!("channel {channel} is gone") })?;
        let request = line
            .dialect
            .fetch(line.account(self.clock.now_ms()), output)
            .map_err(|failure| CopyError { gone: true, private: failure.private })?;
        let limits = DownloadLimits {
            total_timeout_ms: self.settings.download_timeout_ms,
            max_bytes: self.settings.artifact_max_bytes,
            ..DownloadLimits::default()
        };
        let download = self
            .outbound
            .download(&line.channel.base_url, &request, limits)
            .await
            .map_err(|error| CopyError::passing(error.private))?;
        if download.status != 200 {
            let gone = matches!(download.status, 401 | 403 | 404 | 410);
            return Err(CopyError { gone, private: format!("the file's host answered {}", download.status) });
        }
        Ok(Box::pin(download.body.map(|piece| piece.map_err(|error| StoreError::Source(error.private)))))
    }

    /// The input of a task whose picture is its own input (describe), as an output.
    pub(crate) fn input_as_output(task: &Task) -> Option<Output> {
        let input = task.spec.inputs.first()?;
        let source = match &input.data {
            InputData::Stored { key, .. } => Source::Stored(key.clone()),
            InputData::Inline(text) => Source::Inline(decode_inline(text)?),
            InputData::Url(_) | InputData::Broken(_) => return None,
        };
        Some(Output { role: Role::Image, source })
    }
}

fn decode_inline(text: &str) -> Option<Bytes> {
    let encoded = text.split_once(";base64,").map_or(text, |(_, encoded)| encoded);
    base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok().map(Bytes::from)
}

fn once(bytes: Bytes) -> ByteStream {
    Box::pin(futures::stream::once(async move { Ok(bytes) }))
}

/// Takes pieces off the front until there is enough to look at.
async fn split_head(body: ByteStream) -> Result<(Bytes, ByteStream), CopyError> {
    // A short file ends within its head; whoever reads the rest asks again.
    let mut body = body.fuse().boxed();
    let mut head = BytesMut::new();
    while head.len() < HEAD_MAX_BYTES {
        match body.next().await {
            Some(piece) => head.extend_from_slice(&piece?),
            None => break,
        }
    }
    if head.is_empty() {
        return Err(CopyError::passing("the file is empty"));
    }
    Ok((head.freeze(), body))
}

/// What the bytes say they are. A page that says "expired" with status 200 is not a picture.
fn sniff(head: &[u8], role: Role) -> Result<infer::Type, CopyError> {
    let wanted = match role {
        Role::Image | Role::Single | Role::Cover => infer::MatcherType::Image,
        Role::Video => infer::MatcherType::Video,
        Role::Audio => infer::MatcherType::Audio,
    };
    match infer::get(head) {
        Some(kind) if kind.matcher_type() == wanted => Ok(kind),
        Some(kind) => Err(CopyError::passing(format!("the file is {}, not what was promised", kind.mime_type()))),
        None => Err(CopyError::passing("the file is of no known type")),
    }
}

/// `task-artifacts/yyyy/mm/dd/<family>/<action>/<task id>[-n].<ext>` (`contract/DECISIONS.md`, artifact URLs).
fn artifact_key(task: &Task, position: i64, extension: &str) -> String {
    let day = OffsetDateTime::from_unix_timestamp(task.created_ms / 1_000).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = (day.year(), u8::from(day.month()), day.day());
    let suffix = if position == 0 { String::new() } else { format!("-{position}") };
    let action = task.action.to_ascii_lowercase();
    format!("task-artifacts/{year:04}/{month:02}/{day:02}/{}/{action}/{}{suffix}.{extension}", task.family, task.id)
}
