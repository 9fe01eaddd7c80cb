//! What a store refuses to begin with.

use crate::server::Server;
use store::{S3Settings, S3Store};

#[tokio::test]
async fn settings_that_do_not_fit_make_no_store() {
    let server = Server::healthy().await;
    let settings = S3Settings { part_bytes: 1 << 20, ..server.settings() };
    let error = S3Store::new(settings).expect_err("S3 takes no such parts");
    assert_eq!(error.field, "part_bytes");
    assert_eq!(error.to_string(), "part_bytes: choose 5 MiB to 5 GiB, which is what S3 takes");
}

#[tokio::test]
async fn a_store_prints_no_secret() {
    let printed = format!("{:?}", Server::healthy().await.store());
    assert!(!printed.contains(crate::server::SECRET) && !printed.contains(crate::server::ACCESS_KEY_ID), "{printed}");
}
