//! What a key may look like. One rule for every kind of store, so that a key that one takes never
//! surprises another.
//!
//! Keys are relative and `/`-separated. Each part is made of `[A-Za-z0-9._-]` and does not begin with
//! a dot: that shuts out `.` and `..`, and leaves names such as `.uploads` to the store itself.

use crate::StoreError;

/// The longest key, in bytes. S3 allows 1,024; the folder store appends a suffix to it.
pub const KEY_MAX_BYTES: usize = 900;

/// The longest part between two slashes, in bytes. File systems allow 255; the folder store appends a suffix.
pub const PART_MAX_BYTES: usize = 200;

/// Refuses a text that is no key: [`StoreError::BadKey`].
pub fn check(key: &str) -> Result<(), StoreError> {
    let well_formed = key.len() <= KEY_MAX_BYTES && key.split('/').all(is_part);
    if well_formed { Ok(()) } else { Err(StoreError::BadKey) }
}

/// Refuses a text that no key begins with: [`StoreError::BadKey`]. The empty prefix begins them all;
/// the last part may be cut anywhere (`inputs/`, `inputs/2026-0`).
pub fn check_prefix(prefix: &str) -> Result<(), StoreError> {
    let (folders, last) = prefix.rsplit_once('/').map_or((None, prefix), |(folders, last)| (Some(folders), last));
    let well_formed = prefix.len() <= KEY_MAX_BYTES
        && folders.is_none_or(|folders| folders.split('/').all(is_part))
        && (last.is_empty() || is_part(last));
    if well_formed { Ok(()) } else { Err(StoreError::BadKey) }
}

fn is_part(part: &str) -> bool {
    let written = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !part.is_empty() && part.len() <= PART_MAX_BYTES && !part.starts_with('.') && part.bytes().all(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_the_stages_make_are_taken() {
        for key in ["a", "inputs/task_01/0", "task-artifacts/2026/11/22/midjourney/imagine/task_01-1.png", "a..b/c-.d"]
        {
            assert_eq!(check(key), Ok(()), "{key}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let long_part = "a".repeat(PART_MAX_BYTES + 1);
        let long_key = "ab/".repeat(KEY_MAX_BYTES / 3) + "a";
        let hostile = [
            "",
            "/",
            "/etc/passwd",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/..",
            "a/./b",
            ".meta/a",
            "a/.b",
            "a\0b",
            "a\\b",
            "C:\\a",
            "a b",
            "ä",
            "a\n",
            "a%2e%2e/b",
            "~",
            "a?b",
            &long_part,
            &long_key,
        ];
        for key in hostile {
            assert_eq!(check(key), Err(StoreError::BadKey), "{key:?}");
        }
    }

    #[test]
    fn a_prefix_may_be_cut_anywhere_but_not_climb() {
        for prefix in ["", "inputs/", "inputs/ta", "a/b/c"] {
            assert_eq!(check_prefix(prefix), Ok(()), "{prefix}");
        }
        for prefix in ["/", "..", "../", "a/../", "/a", "a//", ".meta/", "a\0"] {
            assert_eq!(check_prefix(prefix), Err(StoreError::BadKey), "{prefix:?}");
        }
    }
}
