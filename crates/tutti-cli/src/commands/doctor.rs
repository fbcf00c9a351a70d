//! `tutti doctor`

use serde_json::json;
use tutti_app::accounts::Accounts;
use tutti_app::api::{Check, CheckState};
use tutti_app::doctor;
use tutti_app::texts::t;

use crate::ending::hint;
use crate::flags::Listed;
use crate::out;

pub async fn run(flags: Listed) -> anyhow::Result<()> {
    let (options, settings) = super::open()?;
    let reach = Accounts::new(options.home, options.endpoints, options.secrets);
    reach.rations.same_developer(&settings.same_developer);
    reach.rations.thrifty(settings.thrifty);
    let (mut problems, mut written) = (0, Ok(()));
    let each = |check: Check| {
        problems += u32::from(check.state == CheckState::Problem);
        if written.is_ok() {
            written = out::line(&if flags.json { as_json(&check) } else { as_words(&check) });
        }
    };
    doctor::examine(&reach, &settings, each).await;
    reach.rations.save();
    written?;
    if problems > 0 { Err(anyhow::Error::msg(t("cli.doctor.problems", &[]))) } else { Ok(()) }
}

fn as_words(check: &Check) -> String {
    let mark = match check.state {
        CheckState::Good => "ok     ",
        CheckState::Warning => "note   ",
        CheckState::Problem => "problem",
    };
    let line = format!("{mark}  {}: {}", check.title, check.text);
    match check.way_out.as_ref().and_then(|_| hint(&check.code)) {
        Some(hint) => format!("{line}\n         {hint}"),
        None => line,
    }
}

fn as_json(check: &Check) -> String {
    json!({ "check": check.code, "state": check.state, "title": check.title, "text": check.text }).to_string()
}
