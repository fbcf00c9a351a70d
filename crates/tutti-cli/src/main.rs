//! `tutti` by itself; the desktop program understands the same commands.

fn main() -> std::process::ExitCode {
    tutti_cli::carry_out()
}
