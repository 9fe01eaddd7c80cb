//! sunoapi.org (`upstream/suno.md`, part 2, and the vendor's own pages for the bodies of `extend`, the
//! uploads and lyrics): a documented reseller of Suno. It can't join clips and offers no WAV beside a song.
//!
//! Options: `version`, taken when the caller names none that the vendor has (`V4_5` by default);
//! `callback_url`, sent where we have no address of our own; `poll_period_ms`.

mod answer;
mod callback;
mod clips;
mod errors;
mod options;
mod poll;
mod song;
mod submit;
mod upstream_record;
mod version;
mod words;

use crate::dialect::{
    Account, Capabilities, Dialect, Fit, Hint, PollItem, PollOutcome, Submission, SubmitOutcome, Turn,
};
use crate::http_call::fetch_link;
use crate::wire::{Request, Response};
use http::HeaderMap;
use options::Options;
use serde_json::{Map, Value};
use task::{Failure, Kind, Output, Spec};

/// The name that channels give, and the key of this dialect's raw fields in `Spec::extras`.
pub const NAME: &str = "sunoapi_org";

/// The vendor requires an address (section 2.2). Without one of ours and without the option, this one is
/// sent: `.invalid` never resolves (RFC 6761), so nobody is called and no song is told to a stranger. The
/// poll then ends in `CALLBACK_EXCEPTION` at worst, which is read like a success when there is sound.
pub const NO_CALLBACK_URL: &str = "https://callback.invalid/suno";

/// Files are kept for 14 to 15 days (section 2.5).
const COPY_DEADLINE_MS: i64 = 14 * 24 * 3_600_000;

/// The protocol of sunoapi.org.
#[derive(Debug, Clone, Copy)]
pub struct SunoapiOrg;

impl Dialect for SunoapiOrg {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self, options: &Map<String, Value>) -> Capabilities {
        Capabilities {
            kinds: &[Kind::Music, Kind::Lyrics],
            callback: true,
            copy_deadline_ms: COPY_DEADLINE_MS,
            poll_period_ms: Options::read(options).poll_period_ms,
            ..Capabilities::default()
        }
    }

    fn check_options(&self, options: &Map<String, Value>) -> Result<(), String> {
        options::check(options)
    }

    fn fit(&self, options: &Map<String, Value>, upstream_model: &str, spec: &Spec) -> Fit {
        Fit { warnings: submit::fitted(&Options::read(options), upstream_model, spec), ..Fit::default() }
    }

    fn submit(&self, submission: &Submission<'_>) -> Result<Request, Failure> {
        submit::request(submission)
    }

    fn read_submit(&self, submission: &Submission<'_>, _memo: &Value, response: &Response) -> Turn<SubmitOutcome> {
        Turn::End(answer::read(submission, response))
    }

    fn poll(&self, account: Account<'_>, items: &[PollItem<'_>]) -> Request {
        poll::request(account, items)
    }

    fn read_poll(
        &self,
        _account: Account<'_>,
        items: &[PollItem<'_>],
        _memo: &Value,
        response: &Response,
    ) -> Result<Turn<Vec<PollOutcome>>, Failure> {
        poll::read(items, response).map(Turn::End)
    }

    fn fetch(&self, _account: Account<'_>, output: &Output) -> Result<Request, Failure> {
        fetch_link(output, HeaderMap::new())
    }

    fn read_callback(&self, _account: Account<'_>, _headers: &HeaderMap, body: &[u8]) -> Option<Hint> {
        callback::read(body)
    }
}
