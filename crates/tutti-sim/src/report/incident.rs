//! What befell members, whom it excuses, and how soon they were in step again.

use std::collections::BTreeMap;

use serde::Serialize;

use super::following::{Truth, distance, followers};
use super::{PlayerTruth, Sample, Times, Trace};

/// In step: item and state right and no further off than this, for [`KEPT_US`].
const IN_STEP_MS: f64 = 250.0;
const KEPT_US: i64 = 2_000_000;
/// Who was not in step again until then never was; and as long again they are not measured by spread: how soon they
/// are back is measured instead.
const NEVER_S: f64 = 30.0;
const GRACE_US: i64 = 8_000_000;

/// Something that happened to a member, from and until; it is excused where no rules could have kept them in step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HappenedTo {
    pub kind: String,
    pub member: usize,
    pub from_us: i64,
    pub until_us: i64,
    pub excused: bool,
}

/// From the end of what befell somebody until they were in step, over all of its kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recovery {
    pub fault: String,
    pub p50_s: Option<f64>,
    pub max_s: Option<f64>,
}

impl HappenedTo {
    /// The member's account or machine is not there now, so that somebody else may lead.
    pub(super) fn takes_away(&self, member: usize, at_us: i64) -> bool {
        self.excused && self.member == member && self.from_us <= at_us && at_us < self.until_us
    }

    pub(super) fn excuses(&self, member: usize, at_us: i64) -> bool {
        self.excused && self.member == member && self.from_us <= at_us && at_us < self.until_us + GRACE_US
    }
}

/// Is this member excused at this instant?
pub(super) fn is_excused(trace: &Trace, member: usize, at_us: i64) -> bool {
    trace.incidents.iter().any(|incident| incident.excuses(member, at_us))
}

/// Does a seek while paused spring back on this member's player?
pub(super) fn springs_back(trace: &Trace, member: usize, at_us: i64) -> bool {
    trace.incidents.iter().any(|incident| {
        let now = incident.from_us <= at_us && at_us < incident.until_us;
        incident.member == member && now && incident.kind == "seek_reverts"
    })
}

/// One entry a kind, by name. What a hand action or the run's end came in between of is left out.
pub(super) fn recoveries(trace: &Trace, truth: &Truth) -> Vec<Recovery> {
    let mut by_kind: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for incident in &trace.incidents {
        let next = trace.hands.partition_point(|hand| hand.at_us < incident.until_us);
        let next_us = trace.hands.get(next).map_or(trace.ended_us, |hand| hand.at_us);
        let until_us = next_us.min(incident.until_us + (NEVER_S * 1e6) as i64);
        let in_step = in_step_from(trace, truth, incident.member, incident.until_us, until_us);
        let took_s = in_step.map(|at_us| (at_us - incident.until_us) as f64 / 1e6);
        let never = until_us - incident.until_us >= (NEVER_S * 1e6) as i64;
        if let Some(took_s) = took_s.or(never.then_some(NEVER_S)) {
            by_kind.entry(&incident.kind).or_default().push(took_s);
        }
    }
    let recovery = |(fault, times): (&str, Vec<f64>)| {
        let max_s = times.iter().copied().max_by(f64::total_cmp).map(|max| super::numbers::round(max, 2));
        Recovery { fault: fault.to_owned(), p50_s: Times::of(times).p50, max_s }
    };
    by_kind.into_iter().map(recovery).collect()
}

/// From when on this member is in step with whoever leads, or everybody is with them if they lead.
fn in_step_from(trace: &Trace, truth: &Truth, member: usize, from_us: i64, until_us: i64) -> Option<i64> {
    let first = trace.samples.partition_point(|sample| sample.at_us < from_us);
    let mut since = None;
    for sample in trace.samples[first..].iter().take_while(|sample| sample.at_us < until_us) {
        if !is_in_step(trace, truth, sample, member) {
            since = None;
        } else if sample.at_us - *since.get_or_insert(sample.at_us) >= KEPT_US {
            return since;
        }
    }
    None
}

/// From when on, at `from_us` or later, everybody is in step with whoever leads for 2 s; None if that never comes.
pub fn together_from(trace: &Trace, from_us: i64) -> Option<i64> {
    let truth = Truth::of(trace);
    let mut since = None;
    for sample in &trace.samples[trace.samples.partition_point(|sample| sample.at_us < from_us)..] {
        let lead = truth.leader(trace, sample.at_us);
        if !lead.is_none_or(|lead| is_in_step(trace, &truth, sample, lead)) {
            since = None;
        } else if sample.at_us - *since.get_or_insert(sample.at_us) >= KEPT_US {
            return since;
        }
    }
    None
}

/// How far a member is from whoever leads in truth, ms; 10,000 where item or state differ, None without a leader.
pub fn off_ms(trace: &Trace, member: usize, at_us: i64) -> Option<f64> {
    let sample = &trace.samples[trace.samples.partition_point(|sample| sample.at_us <= at_us).checked_sub(1)?];
    let lead = Truth::of(trace).leader(trace, at_us)?;
    Some(distance(trace, (member, &sample.players[member]), (lead, &sample.players[lead])))
}

fn is_in_step(trace: &Trace, truth: &Truth, sample: &Sample, member: usize) -> bool {
    let Some(lead) = truth.leader(trace, sample.at_us) else { return true };
    let leading = &sample.players[lead];
    // No command loads an item without playing it: in a room that stands, standing is enough.
    let near = |(index, player): (usize, &PlayerTruth)| {
        let stands = !leading.playing && !player.playing;
        stands || distance(trace, (index, player), (lead, leading)) <= IN_STEP_MS
    };
    if lead == member {
        let mut others = followers(trace, sample, lead);
        others.all(near)
    } else {
        near((member, &sample.players[member]))
    }
}
