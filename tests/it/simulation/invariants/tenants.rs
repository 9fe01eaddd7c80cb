//! Guarantee 6: a tenant sees only its own tasks.

use super::super::scenario::Scenario;
use tests::Tenant;

/// An id that nobody ever had.
const NOBODYS: &str = "task_01jd3k8w9q2v5x7z4m6n8p0r1s";

/// Another tenant's id answers exactly as a missing one.
pub(super) async fn are_strangers(scenario: &Scenario) -> Result<(), String> {
    let missing = scenario.world.fetch(Tenant::Stranger, NOBODYS).await;
    for (place, told) in scenario.told.iter().enumerate() {
        let other = if told.tenant == Tenant::Limited { Tenant::Unlimited } else { Tenant::Limited };
        let whom = if place % 2 == 0 { Tenant::Stranger } else { other };
        let shown = scenario.world.fetch(whom, &told.id).await;
        if shown != missing {
            return Err(format!("{} sees #{place}: {shown:?}", whom.name()));
        }
    }
    Ok(())
}
