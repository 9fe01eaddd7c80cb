//! The suite for S3, on `s3s-fs` in process: the strictest about signatures and checksums.

use crate::cases;
use crate::server::Server;

/// Cases that this server can't do, each with the reason.
const CANNOT: &[(&str, &str)] = &[
    ("a_folder_is_no_object", "it takes its own folders for objects and answers 500"),
    ("of_puts_to_one_key_one_wins_whole", "it keeps bytes and checksums in two files that it replaces one by one"),
    ("readers_never_see_a_mixture", "it keeps bytes and content type in two files that it replaces one by one"),
];

macro_rules! tests {
    ($($case:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                if CANNOT.iter().any(|(name, _)| *name == stringify!($case)) {
                    return;
                }
                let server = Server::healthy().await;
                cases::$case(&server.store()).await;
            }
        )+

        #[test]
        fn what_it_can_not_do_are_cases() {
            let names = [$(stringify!($case)),+];
            for (name, reason) in CANNOT {
                assert!(names.contains(name) && !reason.is_empty(), "{name}");
            }
        }
    };
}

with_every_case!(tests);
