//! What a submission does: judged at the door, recorded, answered.

use super::buttons::{self, Press};
use super::envelope::Envelope;
use super::gate::{self, Reply};
use super::order::{Order, Speed, Wish};
use super::record::{Flavour, Record};
use super::{press, show, snapshot, words};
use crate::effect::{Effect, Planned};
use crate::fields::object;
use crate::fingerprint::{Dice, fingerprint, sha256_hex};
use crate::log::{Event, Verdict};
use crate::picture::{Cell, Picture, Size, aspect_of};
use crate::script::{Asked, unmarked};
use crate::troubles::Troubles;
use crate::world::{Memory, World};
use serde_json::Value;
use std::io;

/// An answer, and how long it is held back.
pub(super) struct Judged {
    pub reply: Reply,
    pub delay_ms: i64,
}

/// What opens a task: its record and the answer.
struct Opened {
    record: Option<Record>,
    answer: Envelope,
    verdict: Verdict,
}

/// Judges, records and answers.
pub(super) fn submit(world: &World, order: Order) -> io::Result<Judged> {
    let (now_ms, mut memory) = (world.now_ms(), world.memory());
    let parent = match &order.wish {
        Wish::Press { task, .. } | Wish::Modal { task } => {
            memory.tasks.get(task).filter(|record| !record.is_forgotten(now_ms)).cloned()
        }
        _ => None,
    };
    let story = parent.as_ref().map_or(order.prompt.clone(), |parent| parent.prompt.clone());
    let key = match order.state.as_str() {
        "" => format!("{}|{}|{}", order.route, order.prompt, parent.as_ref().map_or("", |parent| &parent.id)),
        state => state.to_owned(),
    };
    let action = action(&order.wish).to_lowercase();
    let asked = Asked {
        protocol: super::NAME,
        route: &order.route,
        action: &action,
        prompt: &order.prompt,
        story: &story,
        key: &key,
    };
    let troubles = memory.troubles(&asked, world.config.seed, true)?;
    let delay_ms = Troubles(&troubles).answer_delay_ms();
    let receive = |memory: &mut Memory, verdict| {
        let (route, state, prompt) = (order.route.clone(), order.state.clone(), order.prompt.clone());
        memory.write(Event::Received { at_ms: now_ms, route, state, prompt, verdict })
    };
    for trouble in &troubles {
        let Some(reply) = gate::before(&trouble.effect, &order.prompt) else { continue };
        if memory.strikes(&format!("{:?}", trouble.effect), &key, trouble.times, true)? {
            let verdict = if matches!(reply, Reply::Answer(_)) { Verdict::Refused } else { Verdict::Lost };
            receive(&mut memory, verdict)?;
            return Ok(Judged { reply, delay_ms });
        }
    }
    let opened = match open(world, &mut memory, &order, parent, &troubles, now_ms)? {
        Ok(opened) => opened,
        Err(refusal) => {
            receive(&mut memory, Verdict::Refused)?;
            return Ok(Judged { reply: Reply::Answer(refusal), delay_ms });
        }
    };
    // The task stands in the log before the count: a crash between the two can only count too few.
    if let Some(record) = opened.record {
        memory.write(Event::Task { record: Box::new(record) })?;
    }
    receive(&mut memory, opened.verdict)?;
    for trouble in &troubles {
        let Some(reply) = gate::after(&trouble.effect) else { continue };
        if memory.strikes(&format!("{:?}", trouble.effect), &key, trouble.times, true)? {
            return Ok(Judged { reply, delay_ms });
        }
    }
    Ok(Judged { reply: Reply::Answer(opened.answer), delay_ms })
}

fn action(wish: &Wish) -> &'static str {
    match wish {
        Wish::Imagine => "IMAGINE",
        Wish::Shorten => "SHORTEN",
        Wish::Blend { .. } => "BLEND",
        Wish::Describe => "DESCRIBE",
        Wish::Modal { .. } => "MODAL",
        Wish::Upload => "UPLOAD",
        Wish::Press { custom_id, .. } => Press::of(custom_id).map_or("ACTION", Press::action),
    }
}

fn open(
    world: &World,
    memory: &mut Memory,
    order: &Order,
    parent: Option<Record>,
    troubles: &[Planned],
    now_ms: i64,
) -> io::Result<Result<Opened, Envelope>> {
    let mut inputs = Vec::new();
    for picture in &order.pictures {
        inputs.push(world.keep(memory, &picture.extension, &picture.bytes)?);
    }
    if matches!(order.wish, Wish::Upload) {
        let links = inputs.iter().map(|name| Value::from(format!("{}/sim/files/{name}", world.origin())));
        let answer = Envelope::success(links.collect::<Vec<_>>());
        return Ok(Ok(Opened { record: None, answer, verdict: Verdict::Existing }));
    }
    let missing = || Envelope::of(3, "the task does not exist or has expired");
    Ok(match (&order.wish, parent) {
        (Wish::Press { custom_id, .. }, Some(parent)) => {
            follow_up(world, memory, order, &parent, custom_id, troubles, now_ms)
        }
        (Wish::Modal { .. }, Some(parent)) => answer_modal(order, parent, inputs, troubles, now_ms),
        (Wish::Press { .. } | Wish::Modal { .. }, None) => Err(missing()),
        _ => {
            let mut record = blank(world, memory, order, action(&order.wish), troubles, now_ms);
            record.inputs = inputs;
            match &order.wish {
                Wish::Describe => {
                    let bytes = order.pictures.first().map(|picture| picture.bytes.as_ref());
                    record.words = words::describe(bytes.unwrap_or_default(), world.config.seed);
                }
                Wish::Shorten => record.words = words::shorten(&order.prompt),
                Wish::Blend { aspect } => record.picture = Some(grid(world, order, *aspect)),
                _ => record.picture = Some(grid(world, order, aspect_of(&order.prompt))),
            }
            let answer = accepted(&record, troubles);
            Ok(Opened { record: Some(record), answer, verdict: Verdict::Accepted })
        }
    })
}

fn follow_up(
    world: &World,
    memory: &mut Memory,
    order: &Order,
    parent: &Record,
    custom_id: &str,
    troubles: &[Planned],
    now_ms: i64,
) -> Result<Opened, Envelope> {
    if !snapshot(parent, now_ms).is_success() {
        return Err(Envelope::of(4, "the task has not succeeded"));
    }
    let trueai = order.door.flavour == Flavour::TrueAi;
    let offered = buttons::offered(parent);
    let is_offered = |(known, ..): &(String, &str, String, i64)| match trueai {
        true => known == custom_id,
        false => known.starts_with(&format!("{custom_id}::")),
    };
    let press = Press::of(custom_id).filter(|_| offered.iter().any(is_offered));
    let (Some(press), Some(picture)) = (press, &parent.picture) else {
        return Err(Envelope::of(4, "the task has no such button"));
    };
    let pressed = (parent.id.clone(), custom_id.to_owned());
    if let Some(existing) = upscaled(memory, press, &pressed, now_ms) {
        let shown = show(&world.config, world.origin(), existing, now_ms);
        let field = |name: &str| shown.get(name).cloned().unwrap_or_default();
        let properties = object([("status", field("status")), ("imageUrl", field("imageUrl"))]);
        let answer = Envelope { code: 21, ..Envelope::success(existing.id.as_str()) }.with(properties);
        return Ok(Opened { record: None, answer, verdict: Verdict::Existing });
    }
    let mut record = blank(world, memory, order, press.action(), troubles, now_ms);
    record.prompt = parent.prompt.clone();
    record.bot_type = parent.bot_type.clone();
    record.picture = Some(press::picture(picture, press, &record.id, picture.caption.clone()));
    record.parent = Some(pressed);
    if press.asks() {
        record.asks_after_ms = Some(0);
        let properties = object([("status", "MODAL".into()), ("imageUrl", Value::Null)]);
        let answer = Envelope { code: 21, ..Envelope::success(record.id.as_str()) }.with(properties);
        return Ok(Opened { record: Some(record), answer, verdict: Verdict::Accepted });
    }
    if record.has(&Effect::Modal) {
        record.asks_after_ms = Some(record.sent_after_ms);
    }
    let answer = accepted(&record, troubles);
    Ok(Opened { record: Some(record), answer, verdict: Verdict::Accepted })
}

/// The same upscale done before, unless it failed.
fn upscaled<'a>(memory: &'a Memory, press: Press, pressed: &(String, String), now_ms: i64) -> Option<&'a Record> {
    let bad = |record: &Record| matches!(snapshot(record, now_ms).status.as_str(), "FAILURE" | "CANCEL");
    let later = memory.tasks.range(pressed.0.clone()..).map(|(_, record)| record);
    let same = later.filter(|record| record.parent.as_ref() == Some(pressed) && !bad(record));
    matches!(press, Press::Upscale(_)).then_some(same)?.next()
}

fn answer_modal(
    order: &Order,
    mut record: Record,
    mut inputs: Vec<String>,
    troubles: &[Planned],
    now_ms: i64,
) -> Result<Opened, Envelope> {
    if snapshot(&record, now_ms).status != "MODAL" {
        return Err(Envelope::of(4, "the task does not wait for a modal"));
    }
    record.answered_ms = Some(now_ms);
    record.masked = !inputs.is_empty();
    record.inputs.append(&mut inputs);
    if !order.prompt.is_empty() {
        record.prompt = order.prompt.clone();
        let custom_zoom =
            record.parent.as_ref().is_some_and(|(_, button)| Press::of(button) == Some(Press::CustomZoom));
        if let Some(picture) = &mut record.picture {
            picture.caption = unmarked(&order.prompt);
            if custom_zoom {
                press::widen(picture);
            }
        }
    }
    if !order.state.is_empty() {
        record.state = order.state.clone();
    }
    if !order.notify_hook.is_empty() {
        record.notify_hook = order.notify_hook.clone();
    }
    record.troubles.extend(Troubles(troubles).lasting());
    stretch(&mut record);
    let answer = accepted(&record, troubles);
    Ok(Opened { record: Some(record), answer, verdict: Verdict::Accepted })
}

fn accepted(record: &Record, troubles: &[Planned]) -> Envelope {
    let answer = Envelope::success(record.id.as_str());
    let ahead = troubles.iter().find_map(|t| if let Effect::Queued(ahead) = t.effect { Some(ahead) } else { None });
    let Some(ahead) = ahead else { return answer };
    let properties = object([("numberOfQueues", ahead.into()), ("discordInstanceId", "1090000000000000001".into())]);
    let description = format!("queued behind {ahead} tasks");
    Envelope { code: 22, description, ..answer }.with(properties)
}

/// Four windows into one plane, which the words and pictures decide.
fn grid(world: &World, order: &Order, aspect: f64) -> Picture {
    let caption = unmarked(&order.prompt);
    let prints: Vec<String> = order.pictures.iter().map(|picture| sha256_hex(&picture.bytes)).collect();
    let seed = fingerprint(world.config.seed, &[&caption, &order.bot_type, &prints.join(",")]);
    let cell = |variant| Cell { seed, variant, zoom: 1.0, dx: 0.0, dy: 0.0 };
    let size = Size::of_area(world.config.picture_px.clamp(64, 2_048), aspect);
    Picture { size, caption, cells: (1..=4).map(cell).collect() }
}

fn blank(world: &World, memory: &mut Memory, order: &Order, action: &str, troubles: &[Planned], now_ms: i64) -> Record {
    let pace = world.config.pace;
    let id = memory.next_id(now_ms);
    let mut dice = Dice::new(fingerprint(world.config.seed, &["pace", &id]));
    let usual_ms = match action {
        "UPSCALE" | "UPSCALE_HD" => pace.upscale_ms,
        "DESCRIBE" | "SHORTEN" => pace.words_ms,
        _ => pace.grid_ms,
    };
    let percent = match order.speed {
        Speed::Relax => 150,
        Speed::Fast => 100,
        Speed::Turbo => 60,
    };
    let jitter = dice.between(90.0, 110.0) as i64;
    let queued = Troubles(troubles).queued();
    let print = fingerprint(world.config.seed, &["job", &id]);
    let mut record = Record {
        job: crate::job::uuid(print),
        seed: (print >> 32) as u32,
        id,
        flavour: order.door.flavour,
        action: action.to_owned(),
        mode: order.speed.as_str().to_owned(),
        bot_type: order.bot_type.clone(),
        prompt: order.prompt.clone(),
        state: order.state.clone(),
        notify_hook: order.notify_hook.clone(),
        parent: None,
        submit_ms: now_ms,
        sent_after_ms: pace.sent_ms * (1 + queued),
        started_after_ms: pace.started_ms + pace.sent_ms * queued,
        ended_after_ms: usual_ms * percent / 100 * jitter / 100 + pace.sent_ms * queued,
        asks_after_ms: None,
        answered_ms: None,
        cancelled_ms: None,
        troubles: Troubles(troubles).lasting(),
        picture: None,
        words: Vec::new(),
        inputs: Vec::new(),
        masked: false,
    };
    stretch(&mut record);
    record
}

/// Lets a scripted duration count, and keeps the moments in their order.
fn stretch(record: &mut Record) {
    record.ended_after_ms = record.trouble().slow_ms().unwrap_or(record.ended_after_ms).max(0);
    record.started_after_ms = record.started_after_ms.clamp(0, record.ended_after_ms);
    record.sent_after_ms = record.sent_after_ms.clamp(0, record.started_after_ms);
}
