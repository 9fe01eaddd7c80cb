//! `[traces]`: what makes sense there, and what it means.

use super::sections::{Config, TracesSection};
use super::{Problem, layers, secrets};
use anyhow::bail;
use std::collections::HashMap;
use std::path::Path;
use toml::Table;
use url::Url;

/// Where a collector takes spans when no path is given (OTLP/HTTP).
const PATH: &str = "/v1/traces";
/// What a variable of this section begins with.
const PREFIX: &str = "BACKLOT_TRACES__";

/// Where spans go, and which.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TraceSettings {
    /// The whole address.
    pub(crate) endpoint: Url,
    /// The service's name.
    pub(crate) service_name: String,
    /// The share of traces begun here that is exported, 0 to 1.
    pub(crate) sample_ratio: f64,
    /// Headers, which may hold a key.
    pub(crate) headers: Headers,
}

/// Headers for the collector. Shows nothing of itself.
#[derive(Clone, PartialEq, Default)]
pub(crate) struct Headers(pub(crate) HashMap<String, String>);

impl std::fmt::Debug for Headers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Headers({})", self.0.len())
    }
}

/// What the section means; `None` without an endpoint.
pub(crate) fn trace_settings(section: &TracesSection) -> Option<TraceSettings> {
    let endpoint = endpoint(section.endpoint.as_deref()?)?;
    let headers = section.headers.as_ref().map_or("", |text| text.expose());
    Some(TraceSettings {
        endpoint,
        service_name: section.service_name.clone(),
        sample_ratio: section.sample_ratio,
        headers: Headers(headers.lines().filter_map(header).collect()),
    })
}

/// What of the section has to be changed.
pub(super) fn problems(section: &TracesSection) -> Vec<Problem> {
    let mut found = Vec::new();
    if section.endpoint.as_deref().is_some_and(|text| endpoint(text).is_none()) {
        found.push(Problem::new(
            "traces.endpoint",
            "is no collector's address",
            "write http://host:4318 or https://host/path, without user and query; keys belong into headers_file",
        ));
    }
    if !(0.0..=1.0).contains(&section.sample_ratio) {
        let wrong = format!("{} is no share", section.sample_ratio);
        found.push(Problem::new("traces.sample_ratio", wrong, "write 0 to 1"));
    }
    if section.service_name.trim().is_empty() {
        found.push(Problem::new("traces.service_name", "is empty", "write backlot"));
    }
    let lines = section.headers.as_ref().map_or("", |text| text.expose()).lines();
    let wrong = lines.filter(|line| !line.trim().is_empty() && header(line).is_none()).count();
    if wrong > 0 {
        let wrong = format!("{wrong} of its lines are no header");
        found.push(Problem::new("traces.headers", wrong, "write one a line, as authorization: Bearer …"));
    }
    found
}

/// What the environment alone says, for `backlot dev`; `None` without an endpoint.
pub(crate) fn traces_from_environment() -> anyhow::Result<Option<TraceSettings>> {
    from_variables(std::env::vars())
}

fn from_variables(variables: impl Iterator<Item = (String, String)>) -> anyhow::Result<Option<TraceSettings>> {
    let ours = variables.filter(|(name, _)| name.starts_with(PREFIX));
    let merged = layers::merge(Path::new("the environment"), Table::new(), ours).map_err(anyhow::Error::msg)?;
    let mut config: Config = merged.extract().map_err(|errors| {
        let complaints: Vec<String> = errors.into_iter().map(|error| layers::complaint(&error)).collect();
        anyhow::anyhow!("{}", complaints.join("\n"))
    })?;
    let mut wrong = secrets::read_files(&mut config);
    wrong.extend(problems(&config.traces));
    if !wrong.is_empty() {
        let lines: Vec<String> = wrong.iter().map(|problem| format!("  {problem}")).collect();
        bail!("the environment can't be used:\n{}", lines.join("\n"));
    }
    Ok(trace_settings(&config.traces))
}

/// The whole address. No user and no query: both would show up where addresses are told.
fn endpoint(text: &str) -> Option<Url> {
    let mut url = Url::parse(text.trim()).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if !is_plain || url.fragment().is_some() || !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    if url.path() == "/" {
        url.set_path(PATH);
    }
    Some(url)
}

fn header(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let name: reqwest::header::HeaderName = name.trim().parse().ok()?;
    let value: reqwest::header::HeaderValue = value.trim().parse().ok()?;
    Some((name.to_string(), value.to_str().ok()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use task::Secret;

    fn section(endpoint: &str) -> TracesSection {
        TracesSection { endpoint: Some(endpoint.to_owned()), ..TracesSection::default() }
    }

    fn keys(section: &TracesSection) -> Vec<String> {
        problems(section).into_iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn a_collector_is_named_with_or_without_its_path() {
        let whole = |text: &str| trace_settings(&section(text)).map(|settings| settings.endpoint.to_string());
        assert_eq!(whole("http://collector:4318").as_deref(), Some("http://collector:4318/v1/traces"));
        assert_eq!(whole("https://a.example/otlp/v1/traces").as_deref(), Some("https://a.example/otlp/v1/traces"));
        assert_eq!(trace_settings(&TracesSection::default()), None);
        for text in ["collector:4318", "ftp://a", "http://u:p@a", "http://a/?key=b", ""] {
            assert_eq!(keys(&section(text)), ["traces.endpoint"], "{text}");
        }
    }

    #[test]
    fn headers_are_read_line_by_line_and_never_shown() {
        let text = "authorization: Bearer hunter2\n\nX-Tenant: a\n";
        let with = TracesSection { headers: Some(Secret::new(text)), ..section("http://a") };
        assert_eq!(keys(&with), [""; 0]);
        let settings = trace_settings(&with).expect("there is an endpoint");
        assert_eq!(settings.headers.0["authorization"], "Bearer hunter2");
        assert_eq!(settings.headers.0["x-tenant"], "a");
        assert!(!format!("{settings:?}").contains("hunter2"));
        let wrong = TracesSection { headers: Some(Secret::new("no header")), ..section("http://a") };
        assert_eq!(keys(&wrong), ["traces.headers"]);
    }

    #[test]
    fn the_environment_is_enough() {
        let variables = |pairs: &[(&str, &str)]| {
            let pairs: Vec<_> = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            from_variables(pairs.into_iter())
        };
        let endpoint = ("BACKLOT_TRACES__ENDPOINT", "http://127.0.0.1:4318");
        let settings = variables(&[endpoint, ("BACKLOT_TRACES__SAMPLE_RATIO", "0.25"), ("BACKLOT_LOG", "x")]);
        let settings = settings.expect("it fits").expect("there is an endpoint");
        assert_eq!((settings.sample_ratio, settings.service_name.as_str()), (0.25, "backlot"));
        assert_eq!(variables(&[]).expect("nothing is wrong"), None);
        let error = variables(&[endpoint, ("BACKLOT_TRACES__SAMPLE_RATIO", "2")]).expect_err("no share").to_string();
        assert!(error.contains("traces.sample_ratio"), "{error}");
    }
}
