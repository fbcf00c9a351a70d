//! Rooms whose members and hubs come, break off and go, for hours: what was run and seen, as rows of a table.
//!
//! `churn [--rooms N] [--hours H] [--first SEED] [--within-s S]`: a room on each core; none begins after S seconds.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tutti_sim::churn::{Churn, Seen, run};

/// A round is two minutes of trouble and one of calm.
const ROUNDS_AN_HOUR: usize = 20;
/// What hubs have stored in the last hour may be more than in the first by so much: how many are in the room differs.
const GROWS_MOST: f64 = 1.1;
/// The sums are printed so often, so that a run that is cut short has said something.
const SAYS_EVERY: u64 = 50;

#[derive(Default)]
struct Sum {
    rooms: u64,
    broken: u64,
    seen: Seen,
    met_after: Vec<i64>,
    /// Entries at the ends of calms in the first and in the last hour of each room.
    first: (usize, usize),
    last: (usize, usize),
}

fn main() -> anyhow::Result<()> {
    let mut given = given()?;
    let mut take = |name: &str, otherwise: u64| given.remove(name).unwrap_or(otherwise);
    let (rooms, hours, first) = (take("--rooms", 1_000), take("--hours", 2), take("--first", 1));
    let within = Duration::from_secs(take("--within-s", 24 * 3_600));
    if let Some(unknown) = given.keys().next() {
        bail!("there is no {unknown}");
    }
    let minutes = u32::try_from(hours * 60)?;
    let began = Instant::now();
    let (next, sum) = (AtomicU64::new(first), Mutex::new(Sum::default()));
    let one_after_the_other = || -> io::Result<()> {
        while began.elapsed() < within {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + rooms {
                break;
            }
            let seen = run(Churn { seed, minutes, heirs: seed % 2 == 1 });
            let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
            match seen {
                Ok(seen) => sum.add(&seen),
                Err(broken) => {
                    sum.rooms += 1;
                    sum.broken += 1;
                    writeln!(io::stdout(), "{broken}")?;
                }
            }
            if sum.rooms.is_multiple_of(SAYS_EVERY) {
                sum.say(hours, began.elapsed())?;
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let running: Vec<_> = (0..cores).map(|_| scope.spawn(one_after_the_other)).collect();
        running
            .into_iter()
            .try_for_each(|one| one.join().unwrap_or_else(|_| Err(io::Error::other("a room ended early"))))
    })?;
    let mut sum = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    let grew = sum.say(hours, began.elapsed())?;
    if sum.broken > 0 || grew > GROWS_MOST {
        bail!("{} rooms broken, {grew:.2} times as much stored", sum.broken);
    }
    Ok(())
}

fn given() -> anyhow::Result<BTreeMap<String, u64>> {
    let mut words = std::env::args().skip(1);
    let mut given = BTreeMap::new();
    while let Some(name) = words.next() {
        let number = words.next().and_then(|number| number.parse().ok());
        given.insert(name.clone(), number.with_context(|| format!("{name} needs a number"))?);
    }
    Ok(given)
}

impl Sum {
    fn add(&mut self, seen: &Seen) {
        self.rooms += 1;
        let all = &mut self.seen;
        for (sum, one) in [
            (&mut all.welcomes, seen.welcomes),
            (&mut all.accepted, seen.accepted),
            (&mut all.handed_over, seen.handed_over),
            (&mut all.hubs_killed, seen.hubs_killed),
            (&mut all.hubs_suspended, seen.hubs_suspended),
            (&mut all.hubs_inherited, seen.hubs_inherited),
            (&mut all.hubs_ended, seen.hubs_ended),
            (&mut all.calms, seen.calms),
        ] {
            *sum += one;
        }
        all.most_text = all.most_text.max(seen.most_text);
        all.longest_to_hub = all.longest_to_hub.max(seen.longest_to_hub);
        all.longest_from_hub = all.longest_from_hub.max(seen.longest_from_hub);
        self.met_after.extend(&seen.met_after);
        let hour = ROUNDS_AN_HOUR.min(seen.stored.len());
        for (sum, hour) in
            [(&mut self.first, &seen.stored[..hour]), (&mut self.last, &seen.stored[seen.stored.len() - hour..])]
        {
            sum.0 += hour.iter().sum::<usize>();
            sum.1 += hour.len();
        }
    }

    /// Answers how many times as much was stored in the last hour as in the first.
    fn say(&mut self, hours: u64, took: Duration) -> io::Result<f64> {
        let mean = |(entries, calms): (usize, usize)| entries as f64 / calms.max(1) as f64;
        let (first, last) = (mean(self.first), mean(self.last));
        self.met_after.sort_unstable();
        let met_s = |permille: usize| {
            let at = (self.met_after.len() * permille / 1_000).min(self.met_after.len().saturating_sub(1));
            self.met_after.get(at).copied().unwrap_or_default() as f64 / 1e6
        };
        let seen = &self.seen;
        writeln!(
            io::stdout(),
            "| churn | {} | {hours} | {} | {} | {} | {} / {} / {} / {} | {} | {:.1} / {:.1} / {:.1} | {first:.2} / {last:.2} | {} | {:.0} |",
            self.rooms,
            self.broken,
            seen.welcomes,
            seen.accepted,
            seen.hubs_killed,
            seen.hubs_suspended,
            seen.hubs_inherited,
            seen.hubs_ended,
            seen.calms,
            met_s(500),
            met_s(950),
            met_s(1_000),
            seen.longest_from_hub,
            took.as_secs_f64(),
        )?;
        io::stdout().flush()?;
        Ok(last / first.max(1.0))
    }
}
