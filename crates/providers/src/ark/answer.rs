//! The answer to a submission (section 2).

use super::options::Options;
use super::{errors, id_of, submit};
use crate::dialect::{Submission, SubmitOutcome};
use crate::http_call::json;
use crate::wire::Response;
use serde_json::Value;
use task::Operation;

/// Reads it. Only the vendor's own words count as a yes or a no: a 5xx may come from something in between,
/// after the submission has passed it.
pub(super) fn read(submission: &Submission<'_>, response: &Response) -> SubmitOutcome {
    let status = response.status;
    if status >= 500 || status == 408 {
        return SubmitOutcome::Unclear(format!("HTTP {status}"));
    }
    if !(200..300).contains(&status) {
        return SubmitOutcome::Refused(errors::of_response(response));
    }
    let body = json(response);
    let Some(id) = body.as_ref().and_then(Value::as_object).and_then(id_of) else {
        return SubmitOutcome::Unclear(format!("HTTP {status} without a task's id"));
    };
    let options = Options::read(submission.account.options);
    SubmitOutcome::Accepted {
        operation: Operation { id: id.to_owned(), memo: Value::Null },
        poll_after_ms: None,
        warnings: submit::fit(options, submission.upstream_model, submission.spec).warnings,
    }
}
