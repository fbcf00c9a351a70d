//! The command line, as `--help` explains it.

use clap::{ArgGroup, Args, Parser, Subcommand};

/// Keeps several Spotify accounts playing the same thing at the same moment.
///
/// Exit codes: 0 done, 1 it did not work, 2 wrong use, 3 a sign-in is needed.
///
/// TUTTI_HOME names a profile of its own; TUTTI_SPOTIFY_API and TUTTI_SPOTIFY_ACCOUNTS another server on this computer;
/// TUTTI_LOG what is logged, for example "info".
#[derive(Debug, Parser)]
#[command(name = "tutti", version)]
pub struct Flags {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Sign an account in: opens Spotify's page in the browser.
    Login(Login),
    /// List the accounts that are signed in on this computer.
    Accounts(Listed),
    /// Sign an account out and delete its sign-in from this computer.
    Logout(Logout),
    /// List the devices of the accounts.
    Devices(Devices),
    /// Keep accounts of this computer in step until Ctrl-C; the music stays as it is afterwards.
    Sync(Sync),
    /// Host a session: others join by the invite that it prints. Until Ctrl-C; the music stays as it is afterwards.
    ///
    /// Without --relay the session is held in this program, and whoever is longest in it goes on when this one ends.
    Host(Host),
    /// Join a session by its invite, after a question; or list the sessions on this network.
    Join(Join),
    /// The sessions that run under this profile on this computer.
    Status(Listed),
    /// The window in a browser on this computer, with the accounts of this profile, until Ctrl-C.
    ///
    /// For computers without a desktop, or without the desktop app. Whoever has the address that it prints can act in it.
    Web(Web),
    /// Look at everything that a session needs: keychain, network, clock, Spotify, devices; and say what to do.
    Doctor(Listed),
    /// Simulated accounts that play in step; no Spotify account is needed.
    ///
    /// Without --headless or --web: a live table in this terminal, with simulated friends who act by hand every 10 s or
    /// so, until Ctrl-C.
    Demo(Demo),
    /// Rooms on virtual time, many times faster than real, and whether they keep their bounds.
    ///
    /// Prints a line a run. Bounds that do not hold are lines with FAIL, and the exit code is 1 then. Bounds are those
    /// of the scenario as it is written: they are not checked with other rules, members or hours.
    Simulate(Simulate),
    /// How well a position is predicted between polls at random times, beside "old position + elapsed".
    ///
    /// Over HTTP against a simulator in this process, in real time, or on virtual time. Truth is the simulator's.
    Timing(Timing),
}

#[derive(Debug, Args)]
pub struct Login {
    /// The account's name in Tutti; else the name at Spotify.
    #[arg(long)]
    pub name: Option<String>,
    /// The client id from Spotify's dashboard; else the one used last.
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// Print the address instead of opening it.
    #[arg(long)]
    pub no_browser: bool,
}

#[derive(Debug, Args)]
pub struct Listed {
    /// One line of JSON an account.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Logout {
    /// Name or id; may be left out when there is only one.
    pub account: Option<String>,
}

#[derive(Debug, Args)]
pub struct Devices {
    /// Name or id; all accounts if left out.
    #[arg(long)]
    pub account: Option<String>,
    /// One line of JSON a device.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Sync {
    /// Name or id of an account; at least two, or none for all that are chosen.
    #[arg(long = "account", value_name = "ACCOUNT")]
    pub accounts: Vec<String>,
    /// One line of JSON a second instead of a table.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("where").args(["relay", "listen"]))]
pub struct Host {
    /// Hold the session at this relay, for example wss://relay.example.org.
    #[arg(long, value_name = "URL")]
    pub relay: Option<String>,
    /// Hold it in this program and listen there, for example 0.0.0.0:7450; else at a free port of all addresses.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Name or id of an account; all that are chosen if left out.
    #[arg(long = "account", value_name = "ACCOUNT")]
    pub accounts: Vec<String>,
    /// The link for own devices instead: whoever has it can drive these accounts.
    #[arg(long)]
    pub own_device: bool,
    /// First a line with the invite, then one line of JSON a second.
    #[arg(long)]
    pub json: bool,
    /// What goes on in the room as JSON, for measurements over several programs.
    #[arg(long, hide = true)]
    pub measured: bool,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").args(["link", "list"]).required(true))]
pub struct Join {
    /// The invite: tutti://join/… or the address of a relay's page.
    pub link: Option<String>,
    /// List the sessions that are hosted on this network.
    #[arg(long)]
    pub list: bool,
    /// Name or id of an account; all that are chosen if left out.
    #[arg(long = "account", value_name = "ACCOUNT")]
    pub accounts: Vec<String>,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
    /// One line of JSON a second instead of a table.
    #[arg(long)]
    pub json: bool,
    /// What goes on in the room as JSON, for measurements over several programs.
    #[arg(long, hide = true)]
    pub measured: bool,
}

#[derive(Debug, Args)]
pub struct Web {
    /// The port on 127.0.0.1; 0 is any free one.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Print the address instead of opening it.
    #[arg(long)]
    pub no_browser: bool,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("how").args(["headless", "web"]))]
pub struct Demo {
    /// Run a script of hand actions and end with a report of numbers.
    #[arg(long)]
    pub headless: bool,
    /// Serve the window for a browser on this computer.
    #[arg(long)]
    pub web: bool,
    /// Simulated accounts, 2 to 32.
    #[arg(long, default_value_t = 4)]
    pub members: usize,
    /// How long the script is; the live table goes on until Ctrl-C without it.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub seconds: Option<u32>,
    /// How the simulated network and players behave: ideal, lan, broadband, mobile or hostile.
    #[arg(long, default_value = "broadband")]
    pub profile: String,
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// JSON on one line instead of words.
    #[arg(long)]
    pub json: bool,
    /// With --web: the port on 127.0.0.1; 0 is any free one.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// With --web: do not open the browser.
    #[arg(long)]
    pub no_browser: bool,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").args(["seed", "seeds"]))]
pub struct Simulate {
    /// A name, a TOML file, several of them with commas, or all.
    #[arg(long, default_value = "standard")]
    pub scenario: String,
    /// Instead of what the scenario says, 2 to 64.
    #[arg(long)]
    pub members: Option<usize>,
    /// Virtual hours, instead of what the scenario says.
    #[arg(long)]
    pub hours: Option<f64>,
    /// One run with this seed; else as many as the scenario's bounds are meant for.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Runs with all of these, for example 1..=20.
    #[arg(long, value_name = "A..=B")]
    pub seeds: Option<String>,
    /// Who keeps the room together: tutti, original, syncplay or oracle; several with commas.
    #[arg(long, default_value = "tutti")]
    pub rules: String,
    /// Reports as JSON, one line a run.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Timing {
    /// Polls.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub loops: u32,
    /// The longest sleep between two polls.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(0..=60_000))]
    pub max_sleep_ms: u64,
    /// ideal, lan, broadband, mobile or hostile.
    #[arg(long, default_value = "broadband")]
    pub profile: String,
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// On virtual time: the same in a moment.
    #[arg(long = "virtual")]
    pub virtual_time: bool,
    /// Also draw it, to a file.svg or a file.png.
    #[arg(long, value_name = "FILE")]
    pub plot: Option<std::path::PathBuf>,
    /// The numbers as JSON on one line.
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Flags::command().debug_assert();
    }
}
