//! Walks the folder in the order of full keys, as S3 lists them.

use std::fs;
use std::io;
use std::path::Path;

/// The keys that begin with `prefix` and come after `after`, by byte order of the whole key, at most `limit`.
pub(super) fn keys(root: &Path, prefix: &str, after: &str, limit: usize) -> io::Result<Vec<String>> {
    let mut walk = Walk { root, prefix, after, limit, found: Vec::new() };
    if limit > 0 {
        let start = prefix.rsplit_once('/').map_or("", |(folders, _)| folders);
        let base = if start.is_empty() { String::new() } else { format!("{start}/") };
        walk.folder(&base)?;
    }
    Ok(walk.found)
}

struct Walk<'a> {
    root: &'a Path,
    prefix: &'a str,
    after: &'a str,
    limit: usize,
    found: Vec<String>,
}

impl Walk<'_> {
    /// Visits a folder; `base` is the key prefix that it stands for, empty or with a slash at its end.
    fn folder(&mut self, base: &str) -> io::Result<()> {
        let items = match fs::read_dir(self.root.join(base)) {
            Ok(items) => items,
            // It was never made, or was emptied and removed while the walk went on.
            Err(error) if super::disk::is_absent(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for item in items {
            let item = item?;
            let Some(name) = item.file_name().to_str().map(str::to_owned) else { continue };
            // Names with a dot in front are the store's own.
            if name.starts_with('.') {
                continue;
            }
            // A folder sorts as what all its keys begin with: `a-b` < `a/b` because `-` < `/`.
            match item.file_type()? {
                kind if kind.is_dir() => names.push(format!("{base}{name}/")),
                kind if kind.is_file() => names.push(format!("{base}{name}")),
                _ => {}
            }
        }
        names.sort_unstable();
        for name in names {
            if self.found.len() == self.limit {
                return Ok(());
            }
            if name.ends_with('/') {
                if self.may_hold(&name) {
                    self.folder(&name)?;
                }
            } else if name.starts_with(self.prefix) && name.as_str() > self.after {
                self.found.push(name);
            }
        }
        Ok(())
    }

    fn may_hold(&self, folder: &str) -> bool {
        let within_prefix = folder.starts_with(self.prefix) || self.prefix.starts_with(folder);
        let comes_after = folder > self.after || self.after.starts_with(folder);
        within_prefix && comes_after
    }
}
