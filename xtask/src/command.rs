//! Runs other programs: shown, captured, or both, always with a deadline or a user in front of them.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask/ is a folder of the repository")
}

/// A command that runs in the repository's root.
pub fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    command
}

/// The cargo that started this task.
pub fn cargo(args: &[&str]) -> Command {
    command(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()), args)
}

/// The command as one would type it.
pub fn typed(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut words = vec![program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|arg| arg.to_string_lossy().into_owned()));
    words.join(" ")
}

/// Runs a command in front of the user; an exit code other than 0 is an error.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("could not start `{}`", typed(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", typed(command));
    }
    Ok(())
}

/// What a command prints on its standard output.
pub fn output(command: &mut Command) -> Result<String> {
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("could not start `{}`", typed(command)))?;
    if !output.status.success() {
        bail!("`{}` failed ({})", typed(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{}` printed something else than text", typed(command)))
}

/// How a watched command ended.
pub struct Watched {
    pub success: bool,
    /// Standard output and standard error, in the order in which they came.
    pub text: String,
}

/// Shows what a command prints, keeps it, and ends the command after `deadline`.
pub fn watch(command: &mut Command, deadline: Duration) -> Result<Watched> {
    watched(command, deadline, true)
}

/// As [`watch`], shown to nobody.
pub fn watch_silently(command: &mut Command, deadline: Duration) -> Result<Watched> {
    watched(command, deadline, false)
}

fn watched(command: &mut Command, deadline: Duration, show: bool) -> Result<Watched> {
    let name = typed(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start `{name}`"))?;
    let text = Arc::new(Mutex::new(String::new()));
    let readers = [
        child.stdout.take().map(|pipe| copy(pipe, Arc::clone(&text), show)),
        child.stderr.take().map(|pipe| copy(pipe, Arc::clone(&text), show)),
    ];
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if start.elapsed() > deadline {
            child.kill().ok();
            child.wait().ok();
            bail!("`{name}` did not end within {} s", deadline.as_secs());
        }
        thread::sleep(Duration::from_millis(50));
    };
    // A process that the command left behind may hold the pipes open: what is there by then is enough.
    let patience = Instant::now() + Duration::from_secs(2);
    for reader in readers.into_iter().flatten() {
        while !reader.is_finished() && Instant::now() < patience {
            thread::sleep(Duration::from_millis(10));
        }
    }
    let text = text.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(Watched { success: status.success(), text })
}

fn copy(pipe: impl Read + Send + 'static, text: Arc<Mutex<String>>, show: bool) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            let mut text = text.lock().unwrap_or_else(PoisonError::into_inner);
            text.push_str(&line);
            text.push('\n');
            if show {
                writeln!(std::io::stdout(), "{line}").ok();
            }
        }
    })
}

/// Where the search path has a program of this name.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names =
        if cfg!(windows) { vec![format!("{program}.exe"), format!("{program}.cmd")] } else { vec![program.to_owned()] };
    std::env::split_paths(&path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)).collect::<Vec<_>>())
        .find(|file| file.is_file())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_watched_command_gives_its_words_and_its_verdict() {
        let seen =
            watch(&mut command("sh", &["-c", "echo one; echo two >&2; exit 3"]), Duration::from_secs(10)).unwrap();
        assert!(!seen.success);
        assert!(seen.text.contains("one\n") && seen.text.contains("two\n"), "{}", seen.text);
    }

    #[test]
    #[cfg(unix)]
    fn a_command_that_hangs_is_ended_at_its_deadline() {
        let error = watch(&mut command("sleep", &["60"]), Duration::from_millis(100)).err().unwrap();
        assert!(error.to_string().contains("did not end"), "{error}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(&mut command("no-such-program-here", &["--x"])).unwrap_err();
        assert!(format!("{error:#}").contains("could not start `no-such-program-here --x`"), "{error:#}");
    }
}
