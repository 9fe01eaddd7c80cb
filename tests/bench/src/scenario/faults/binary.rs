//! The service with fail-points: the one beside this program when it has them, else it is built.

use anyhow::{Context, ensure};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// A `backlot` that can be struck, of the same profile as this program. What has to be built goes below
/// `target/failpoints`, so that the ordinary binary stays what it was; all but our own crates is shared.
pub(super) async fn with_fail_points() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let profile = own.parent().context("a program has a folder")?;
    let beside = profile.join("backlot");
    if has_fail_points(&beside).await {
        return Ok(beside);
    }
    let target = profile.parent().context("a profile's folder is in another")?;
    let folder = target.join("failpoints");
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--locked", "--package", "app", "--features", "failpoints", "--target-dir"]).arg(&folder);
    command.env("CARGO_BUILD_BUILD_DIR", target).current_dir(env!("CARGO_MANIFEST_DIR"));
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let status = command.status().await.context("cargo does not run")?;
    let built = folder.join(profile.file_name().context("a profile has a name")?).join("backlot");
    ensure!(status.success() && has_fail_points(&built).await, "the service with fail-points could not be built");
    Ok(built)
}

async fn has_fail_points(binary: &Path) -> bool {
    let output = Command::new(binary).arg("--version").output().await;
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("fail-points"))
}
