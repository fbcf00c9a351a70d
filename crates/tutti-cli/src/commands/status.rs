//! `tutti status`

use tutti_app::problem::Problem;
use tutti_app::running::Running;

use crate::flags::Listed;
use crate::out;
use crate::screen::columns;

pub fn run(flags: &Listed) -> anyhow::Result<()> {
    let (options, _) = super::open()?;
    let running = Running::all(&options.home);
    if flags.json {
        for room in &running {
            out::line(&serde_json::to_string(room)?)?;
        }
        return Ok(());
    }
    if running.is_empty() {
        return Err(Problem::new("nothing_runs").into());
    }
    let rows = running.into_iter().map(|room| {
        let leader = room.leader.unwrap_or_default();
        vec![room.name, room.members.join(", "), leader, room.playing.unwrap_or_default(), room.connection]
    });
    Ok(out::print(&columns(rows.collect()))?)
}
