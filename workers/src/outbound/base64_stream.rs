//! Base64 of a body that passes by: constant memory, no padding but at the end.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use std::io;

/// Length of the base64 text of so many bytes, padding included.
pub(super) fn encoded_length(bytes: u64) -> u64 {
    bytes.div_ceil(3).saturating_mul(4)
}

/// The base64 text of `body`, in pieces.
pub(super) fn encode(body: BoxStream<'static, io::Result<Bytes>>) -> BoxStream<'static, io::Result<Bytes>> {
    stream::try_unfold((Some(body), Vec::new()), |(body, mut carry)| async move {
        let Some(mut body) = body else { return Ok(None) };
        loop {
            let Some(piece) = body.next().await.transpose()? else {
                // What is left is less than one group of three.
                let end = (!carry.is_empty()).then(|| Bytes::from(STANDARD.encode(&carry)));
                return Ok(end.map(|end| (end, (None, Vec::new()))));
            };
            carry.extend_from_slice(&piece);
            let whole = carry.len() - carry.len() % 3;
            if whole == 0 {
                continue;
            }
            let text = Bytes::from(STANDARD.encode(&carry[..whole]));
            carry.drain(..whole);
            return Ok(Some((text, (Some(body), carry))));
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt;

    #[tokio::test]
    async fn pieces_of_any_size_give_the_text_of_the_whole() {
        for length in 0..40_usize {
            let bytes: Vec<u8> = (0..length).map(|n| u8::try_from(n * 7 % 256).expect("below 256")).collect();
            for piece_bytes in [1, 2, 3, 5, 64] {
                let pieces: Vec<io::Result<Bytes>> =
                    bytes.chunks(piece_bytes).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
                let text: Vec<Bytes> = encode(stream::iter(pieces).boxed()).try_collect().await.expect("encodes");
                let text = text.concat();
                assert_eq!(text, STANDARD.encode(&bytes).as_bytes(), "{length} bytes in pieces of {piece_bytes}");
                assert_eq!(text.len() as u64, encoded_length(length as u64));
            }
        }
    }

    #[tokio::test]
    async fn a_failing_source_fails_the_text() {
        let pieces = [Ok(Bytes::from_static(b"abc")), Err(io::Error::other("gone"))];
        let text: io::Result<Vec<Bytes>> = encode(stream::iter(pieces).boxed()).try_collect().await;
        assert_eq!(text.expect_err("fails").to_string(), "gone");
    }
}
