//! Guarantee 6: a tenant sees only its own tasks.

use super::super::scenario::Scenario;
use std::collections::BTreeMap;
use tests::Tenant;

/// An id that nobody ever had.
const NOBODYS: &str = "task_01jd3k8w9q2v5x7z4m6n8p0r1s";

/// Another tenant's id answers exactly as a missing one.
pub(super) async fn are_strangers(scenario: &Scenario) -> Result<(), String> {
    let mut missing = BTreeMap::new();
    for (place, told) in scenario.told.iter().enumerate() {
        let other = if told.tenant == Tenant::Limited { Tenant::Unlimited } else { Tenant::Limited };
        let whom = if place % 2 == 0 { Tenant::Stranger } else { other };
        if !missing.contains_key(&told.shown_at) {
            let answer = scenario.world.see(Tenant::Stranger, &told.shown_at.replace("{}", NOBODYS)).await;
            missing.insert(told.shown_at.clone(), answer);
        }
        let shown = scenario.world.see(whom, &told.path()).await;
        if missing.get(&told.shown_at) != Some(&shown) {
            return Err(format!("{} sees #{place}: {shown:?}", whom.name()));
        }
    }
    Ok(())
}
