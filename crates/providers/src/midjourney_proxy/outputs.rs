//! A finished task's files, and how one is fetched (section 7): a plain GET, never with the key.

use super::upstream_task::UpstreamTask;
use std::collections::HashSet;
use task::{Output, Role, Source};

/// The most outputs that are taken from one task.
const OUTPUTS_MAX: usize = 32;

/// The files of a task that has ended well: before that, `imageUrl` may be a preview.
pub(super) fn read(task: UpstreamTask<'_>) -> Vec<Output> {
    let videos = task.text("videoUrl").into_iter().chain(task.urls("videoUrls")).map(|url| (Role::Video, url));
    let mut named: Vec<(Role, &str)> = videos.collect();
    let main = if named.is_empty() { Role::Image } else { Role::Cover };
    named.extend(task.text("imageUrl").map(|url| (main, url)));
    named.extend(task.urls("imageUrls").into_iter().map(|url| (Role::Single, url)));
    let mut seen: HashSet<&str> = HashSet::new();
    named.retain(|(_, url)| is_web(url) && seen.insert(url));
    let output = |(role, url): (Role, &str)| Output::new(role, Source::Url(url.to_owned()));
    named.into_iter().take(OUTPUTS_MAX).map(output).collect()
}

fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}
