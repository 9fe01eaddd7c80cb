//! Tokens: made, listed, revoked.

use super::error::VerbError;
use super::key::NewKey;
use crate::state::Front;
use ledger::NewToken;
use serde_json::{Value, json};
use task::{Token, TokenId};

/// The longest name, in characters (`contract/tokens.md`).
const NAME_MAX_CHARACTERS: usize = 50;

/// Makes a token; the answer's `key` is the only time that the key is shown.
pub async fn create(
    front: &Front,
    name: String,
    quota: Option<i64>,
    expires_ms: Option<i64>,
) -> Result<Value, VerbError> {
    let now_ms = front.clock.now_ms();
    let length = name.chars().count();
    if name.trim().is_empty() || length > NAME_MAX_CHARACTERS || name.chars().any(char::is_control) {
        return Err(VerbError::invalid("name", "a printable name of 1 to 50 characters"));
    }
    if quota.is_some_and(|quota| quota < 0) {
        return Err(VerbError::invalid("quota", "0 or more; leave it out for an unlimited token"));
    }
    if expires_ms.is_some_and(|at| at <= now_ms) {
        return Err(VerbError::invalid("expires_ms", "a time to come, in milliseconds since the epoch"));
    }
    let key = NewKey::generate(front.entropy.as_ref());
    let new = NewToken {
        name,
        key_hash: key.hash,
        masked: key.masked,
        unlimited: quota.is_none(),
        granted: quota.unwrap_or(0),
        expires_ms,
    };
    let token = front.ledger.create_token(new, now_ms).await?;
    tracing::info!(who = "operator", token = %token.id, name = token.name, "token created");
    Ok(json!({ "token": shown(&token, now_ms), "key": key.secret.expose() }))
}

/// Every token, without keys.
pub async fn list(front: &Front) -> Result<Value, VerbError> {
    let now_ms = front.clock.now_ms();
    let tokens = front.ledger.tokens().await?;
    Ok(json!({ "tokens": tokens.iter().map(|t| shown(t, now_ms)).collect::<Vec<_>>() }))
}

/// Stops a token. Revoking one that is stopped already is fine.
pub async fn revoke(front: &Front, id_or_name: &str) -> Result<Value, VerbError> {
    let token = find(front, id_or_name).await?;
    front.ledger.revoke_token(token.id).await?;
    tracing::info!(who = "operator", token = %token.id, name = token.name, "token revoked");
    Ok(json!({ "revoked": token.id, "name": token.name }))
}

/// The token of this id or name. Names need not be unique: an unclear one is refused.
pub async fn find(front: &Front, id_or_name: &str) -> Result<Token, VerbError> {
    let id: Option<TokenId> = id_or_name.parse().ok();
    let named = |t: &Token| id.map_or(t.name == id_or_name, |id| t.id == id);
    let mut found: Vec<Token> = front.ledger.tokens().await?.into_iter().filter(named).collect();
    if found.len() > 1 {
        found.retain(|token| token.enabled);
    }
    if found.len() > 1 {
        let ids: Vec<String> = found.iter().map(|t| t.id.to_string()).collect();
        return Err(VerbError::Conflict(format!("several tokens have this name; use an id: {}", ids.join(", "))));
    }
    found.pop().ok_or_else(|| VerbError::NotFound(format!("no token has the id or name {id_or_name:?}")))
}

fn shown(token: &Token, now_ms: i64) -> Value {
    let state = match (token.enabled, token.is_usable(now_ms)) {
        (false, _) => "revoked",
        (true, false) => "expired",
        (true, true) => "usable",
    };
    json!({
        "id": token.id,
        "name": token.name,
        "key": token.masked,
        "state": state,
        "unlimited": token.unlimited,
        "granted": token.granted,
        "reserved": token.reserved,
        "settled": token.settled,
        "left": (!token.unlimited).then(|| token.left()),
        "expires_ms": token.expires_ms,
        "created_ms": token.created_ms,
    })
}
