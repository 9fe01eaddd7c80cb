//! The registry's routes, as axum routes: one handler for each [`Call`], two hops from route to effect.

use crate::api::Api;
use crate::asked::Asked;
use crate::request_id::RequestId;
use crate::{cancel, content, delete, events, list, lookup, models, reply, show, show_many, submit, upload};
use axum::Router;
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter};
use contracts::{Call, Family, Problem, Route};
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

/// A route and the family that it belongs to.
#[derive(Clone, Copy)]
pub struct Endpoint {
    /// The family.
    pub family: &'static dyn Family,
    /// Its route.
    pub route: &'static Route,
}

/// Every route of every family, asked for once.
static REGISTRY: LazyLock<Vec<(&'static dyn Family, Route)>> = LazyLock::new(|| {
    let of = |family: &'static dyn Family| family.routes().into_iter().map(move |route| (family, route));
    contracts::all().iter().copied().flat_map(of).collect()
});

/// Every endpoint.
pub fn all() -> impl Iterator<Item = Endpoint> {
    REGISTRY.iter().map(|(family, route)| Endpoint { family: *family, route })
}

/// Every route of every family.
pub fn router() -> Router<Api> {
    let mut by_path: BTreeMap<&'static str, Vec<Endpoint>> = BTreeMap::new();
    for endpoint in all() {
        by_path.entry(&endpoint.route.path).or_default().push(endpoint);
    }
    by_path.into_iter().fold(Router::new(), |router, (path, endpoints)| router.route(path, methods(&endpoints)))
}

/// The family in whose shape errors on a route are given, by the route's path.
static FAMILIES: LazyLock<HashMap<&'static str, &'static dyn Family>> = LazyLock::new(|| {
    let known = all().filter_map(|endpoint| {
        let path: &'static str = &endpoint.route.path;
        Some((path, family_near(path)?))
    });
    known.collect()
});

/// As [`family_near`], for the path of a route: of a family's own one it is known beforehand.
pub fn family_of_route(route: &str) -> Option<&'static dyn Family> {
    FAMILIES.get(route).copied().or_else(|| family_near(route))
}

/// The family whose paths look like `path`: one with a route that begins with the most of its segments,
/// at least the first. An error outside any route is given in that family's shape.
pub fn family_near(path: &str) -> Option<&'static dyn Family> {
    let shared = |endpoint: &Endpoint| shared_segments(&endpoint.route.path, path);
    // Of several the registry's first, which `max_by_key` gives when it comes last.
    let nearest = REGISTRY.iter().rev().map(|(family, route)| Endpoint { family: *family, route }).max_by_key(shared);
    nearest.filter(|endpoint| shared(endpoint) > 0).map(|endpoint| endpoint.family)
}

/// How many segments two paths begin with alike; a route's parameter is like anything.
fn shared_segments(route: &str, path: &str) -> usize {
    let pairs = route.split('/').skip(1).zip(path.split('/').skip(1));
    pairs.take_while(|(ours, theirs)| ours == theirs || ours.starts_with('{')).count()
}

fn methods(endpoints: &[Endpoint]) -> MethodRouter<Api> {
    let mut methods = MethodRouter::new();
    for endpoint in endpoints.iter().copied() {
        // A family's methods are the standard ones; another word would never be matched.
        if let Ok(filter) = MethodFilter::try_from(endpoint.route.method.clone()) {
            methods = methods.on(filter, move |State(api), request| run(api, endpoint, request));
        }
    }
    let family = endpoints.first().map(|endpoint| endpoint.family);
    let allow = allow(endpoints);
    methods.fallback(async move |Extension(id): Extension<RequestId>| {
        reply::problem(family, &Problem::method_not_allowed(allow), &id.0)
    })
}

fn allow(endpoints: &[Endpoint]) -> String {
    let mut words: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.route.method.as_str()).collect();
    if words.contains(&"GET") {
        words.push("HEAD");
    }
    words.push("OPTIONS");
    words.join(", ")
}

async fn run(api: Api, endpoint: Endpoint, request: Request) -> Response {
    let asked = match Asked::read(&api, endpoint, request).await {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    // Boxed where it is rare, because every request's future is as large as the largest of these.
    let answer = match endpoint.route.call {
        Call::Submit => submit::handle(&api, &asked).await,
        Call::Show => show::handle(&api, &asked).await,
        Call::ShowMany => show_many::handle(&api, &asked).await,
        Call::List => Box::pin(list::handle(&api, &asked)).await,
        Call::Cancel => Box::pin(cancel::handle(&api, &asked)).await,
        Call::Delete => Box::pin(delete::handle(&api, &asked)).await,
        Call::Content => content::handle(&api, &asked).await,
        Call::Upload => upload::handle(&api, &asked).await,
        Call::Lookup => Box::pin(lookup::handle(&api, &asked)).await,
        Call::Events => events::handle(&api, &asked).await,
        Call::Models => models::handle(&api, &asked),
    };
    answer.unwrap_or_else(|problem| reply::problem(Some(asked.family), &problem, &asked.request_id))
}
